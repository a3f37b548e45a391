"""The page of a search: its table and notes, and the picture of the feasible designs, in one file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialsim.search.found import Search

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1c1c; --line: #d4d4d4; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e8e8e8; --line: #3b3f46; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
body { margin: 0 auto; max-width: 1200px; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
"""

_SCRIPT = """
const dark = window.matchMedia("(prefers-color-scheme: dark)"), place = document.getElementById("feasible");
const figure = JSON.parse(document.getElementById("data").textContent);
function draw() {
  const ink = dark.matches ? "#e8e8e8" : "#1c1c1c", page = dark.matches ? "#16181c" : "#ffffff";
  const font = { color: ink, family: "system-ui, sans-serif", size: 13 };
  const hoverlabel = { align: "left", bgcolor: page, font: { color: ink } };
  const layout = { ...figure.layout, font, hoverlabel };
  Plotly.react(place, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
}
draw();
dark.addEventListener("change", draw);
"""


def page(title: str, body: str, search: Search) -> str:
    """Return a page with a title, its body (HTML), and the picture if the search has a feasible set to draw."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    parts = [f"<h1>{escape(title)}</h1>", f'<div class="scroll">{body}</div>']
    feasible = search.feasible
    if feasible is not None and {"n", "en_null"} <= set(feasible.columns):
        from plotly.offline import get_plotlyjs

        from trialsim.report.plots.feasible import feasible_designs

        figure = feasible_designs(search)
        # "<" could end the script element; JSON has another way to write it.
        data = (figure.to_json() or "").replace("<", "\\u003c")
        head += f"<script>{get_plotlyjs()}</script>"
        parts += [f"<h2>{escape(str(figure.layout.meta['title']))}</h2>", '<div id="feasible"></div>']
        parts += [f"<p>{escape(note)}</p>" for note in figure.layout.meta["notes"]]
        parts += [f'<script type="application/json" id="data">{data}</script>', f"<script>{_SCRIPT}</script>"]
    inside = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{inside}\n</body></html>\n'
