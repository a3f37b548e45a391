"""A page of tables, sentences and figures in one file that needs nothing else; light and dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

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
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function draw() {
  const ink = dark.matches ? "#e8e8e8" : "#1c1c1c", page = dark.matches ? "#16181c" : "#ffffff";
  const font = { color: ink, family: "system-ui, sans-serif", size: 13 };
  const hoverlabel = { align: "left", bgcolor: page, font: { color: ink } };
  for (const data of document.querySelectorAll("script[data-figure]")) {
    const figure = JSON.parse(data.textContent), layout = { ...figure.layout, font, hoverlabel };
    const how = { responsive: true, displaylogo: false, displayModeBar: false };
    Plotly.react(document.getElementById(data.dataset.figure), figure.data, layout, how);
  }
}
draw();
dark.addEventListener("change", draw);
"""


def page(title: str, body: str, figures: Sequence[go.Figure] = ()) -> str:
    """Return a page with a title, its body (HTML), and figures under their titles with their notes."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    parts = [f"<h1>{escape(title)}</h1>", f'<div class="scroll">{body}</div>']
    if figures:
        from plotly.offline import get_plotlyjs

        head += f"<script>{get_plotlyjs()}</script>"
    for number, figure in enumerate(figures):
        # "<" could end the script element; JSON has another way to write it.
        data = (figure.to_json() or "").replace("<", "\\u003c")
        parts += [f"<h2>{escape(str(figure.layout.meta['title']))}</h2>", f'<div id="figure-{number}"></div>']
        parts += [f"<p>{escape(note)}</p>" for note in figure.layout.meta["notes"]]
        parts += [f'<script type="application/json" data-figure="figure-{number}">{data}</script>']
    parts += [f"<script>{_SCRIPT}</script>"] if figures else []
    inside = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{inside}\n</body></html>\n'
