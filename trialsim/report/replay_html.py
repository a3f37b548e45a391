"""A replayed trial as one HTML file that needs nothing else: the story, the swimmer plot, survival, the patients."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from trialsim.report.replay import found, headline, legend, patient_table, sentences

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from trialsim.replay import Replay

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d4d4d4; --band: #f5f5f5; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181c; --ink: #e8e8e8; --soft: #a8a8a8; --line: #3b3f46; --band: #1e2126; }
}
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
body { margin: 0 auto; max-width: 1200px; padding: 1rem; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: .3rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p, li { max-width: 90ch; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
li { margin: .25rem 0; }
.soft { color: var(--soft); font-size: .9rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 1.5rem; }
.pair > *, .figure { min-width: 0; }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .15rem .6rem; text-align: right; white-space: nowrap; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
thead th { position: sticky; top: 0; background: var(--page); border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--band); }
"""

_SCRIPT = """
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function paint(figure) {
  const ink = dark.matches ? "#e8e8e8" : "#1c1c1c", page = dark.matches ? "#16181c" : "#ffffff";
  figure.layout.font = { color: ink, family: "system-ui, sans-serif", size: 13 };
  figure.layout.hoverlabel = { align: "left", bgcolor: page, bordercolor: "#808080", font: { color: ink } };
  for (const trace of figure.data) {
    if (!trace.meta) continue;
    trace.marker.line.color = trace.meta.is_open ? ink : page;
    if (trace.meta.is_ink) trace.marker.color = ink;
  }
  for (const shape of figure.layout.shapes ?? []) shape.line.color = ink;
  return figure;
}
for (const holder of document.querySelectorAll("script[type='application/json']")) {
  const figure = JSON.parse(holder.textContent), place = document.getElementById(holder.dataset.for);
  const draw = () => {
    const { data, layout } = paint(figure);
    Plotly.react(place, data, { ...layout }, { responsive: true, displaylogo: false, displayModeBar: false });
  };
  draw();
  dark.addEventListener("change", draw);
}
"""


def as_html(replay: Replay) -> str:
    """Return the page."""
    from plotly.offline import get_plotlyjs

    from trialsim.report.plots.survival_curves import survival_curves
    from trialsim.report.plots.swimmer import swimmer

    n_deaths = sum(patient.death is not None for patient in replay.patients)
    n_failures = sum(patient.has_failed for patient in replay.patients)
    title = f"{replay.scenario.name}, trial {replay.trial}"
    story = "\n".join(f"<li>{escape(line)}</li>" for line in sentences(replay))
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(headline(replay))}</p>',
        *(f"<p>{escape(line)}</p>" for line in found(replay)),
        f"<ul>\n{story}\n</ul>",
        "<h2>Patients on the calendar</h2>",
        '<p class="soft">Strong bars: on study; faint bars: followed for survival after that. Dashed lines: looks; '
        "dotted: arms stopped between looks. Point at a bar to see what each look made of the patient.</p>",
        _figure("swimmer", swimmer(replay)),
        '<div class="pair">',
        f"<section><h2>Overall survival ({n_deaths} died)</h2>{_figure('os', survival_curves(replay, 'os'))}</section>",
        f"<section><h2>Time to treatment failure ({n_failures} failed)</h2>"
        f"{_figure('ttf', survival_curves(replay, 'ttf'))}</section>",
        "</div>",
        '<p class="soft">Kaplan-Meier curves of this one trial, in days after entry; ticks: censored.</p>',
        "<h2>Listing of patients</h2>",
        *(f'<p class="soft">{escape(line)}</p>' for line in legend(replay)),
        _table(replay),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><script>{get_plotlyjs()}</script>"
    )
    page = "\n".join([*body, f"<script>{_SCRIPT}</script>"])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{page}\n</body></html>\n'


def _figure(name: str, figure: go.Figure) -> str:
    # "<" could end the script element; JSON has another way to write it.
    data = (figure.to_json() or "").replace("<", "\\u003c")
    return f'<div class="figure" id="{name}"></div>\n<script type="application/json" data-for="{name}">{data}</script>'


def _table(replay: Replay) -> str:
    table = patient_table(replay)
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    return f'<div class="scroll" tabindex="0"><table>{body}</table></div>'
