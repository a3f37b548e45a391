"""A picture of a sweep as a file: one HTML page that needs nothing else, or a static image."""

from __future__ import annotations

import copy
from html import escape
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from trialsim.errors import InputError, nearest
from trialsim.files import replaced_when_complete, write_text
from trialsim.report.plots import safe

if TYPE_CHECKING:
    import plotly.graph_objects as go

IMAGES = (".png", ".svg", ".pdf")
WIDTH = 1200
"""Pixels of a static image."""
NOTE_LETTERS, NOTE_LINE = 170, 16

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1c1c; --soft: #5a5a5a; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e8e8e8; --soft: #a8a8a8; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
body { margin: 0 auto; max-width: 1300px; padding: 1rem; }
h1 { font-size: 1.15rem; line-height: 1.35; margin: .2rem 0 .8rem; overflow-wrap: anywhere; }
p { color: var(--soft); font-size: .9rem; margin: .2rem 0; max-width: 110ch; overflow-wrap: anywhere; }
"""

_SCRIPT = """
const dark = window.matchMedia("(prefers-color-scheme: dark)"), place = document.getElementById("figure");
const figure = JSON.parse(document.getElementById("data").textContent);
function put(layout, path, value) {
  const parts = path.split("."), last = parts.pop();
  let inside = layout;
  for (const part of parts) inside = inside[part] ??= {};
  inside[last] = value;
}
function arranged(width) {
  const layout = structuredClone(figure.layout), rooms = layout.meta.arrangements;
  const room = rooms.findLast((own) => own.least_width <= width) ?? rooms[0];
  for (const [path, value] of Object.entries(room.layout)) put(layout, path, value);
  delete layout.title;
  const ink = dark.matches ? "#e8e8e8" : "#1c1c1c", page = dark.matches ? "#16181c" : "#ffffff";
  layout.font = { color: ink, family: "system-ui, sans-serif", size: 13 };
  layout.hoverlabel = { align: "left", bgcolor: page, bordercolor: "#808080", font: { color: ink } };
  const data = figure.data.map((trace) => {
    const from = trace.meta?.text_from;
    return from && width / room.columns - 90 < from ? { ...trace, texttemplate: "" } : trace;
  });
  return [data, layout];
}
let drawn = 0;
function draw() {
  drawn = place.clientWidth;
  Plotly.react(place, ...arranged(drawn), { responsive: true, displaylogo: false, displayModeBar: false });
}
draw();
dark.addEventListener("change", draw);
window.addEventListener("resize", () => { if (place.clientWidth !== drawn) draw(); });
"""


def as_html(figure: go.Figure) -> str:
    """Return a page with the title, the picture and its notes; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        From `heat_map`, `sweep_curves` or `pareto`.
    """
    from plotly.offline import get_plotlyjs

    title, notes = escape(figure.layout.meta["title"]), figure.layout.meta["notes"]
    # "<" could end the script element; JSON has another way to write it.
    data = (figure.to_json() or "").replace("<", "\\u003c")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style><script>{get_plotlyjs()}</script>"
    )
    body = [
        f"<h1>{title}</h1>",
        '<div id="figure"></div>',
        *(f"<p>{escape(note)}</p>" for note in notes),
        f'<script type="application/json" id="data">{data}</script>',
        f"<script>{_SCRIPT}</script>",
    ]
    page = "\n".join(body)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{page}\n</body></html>\n'


def write_picture(figure: go.Figure, path: str | Path) -> None:
    """Write a picture: its suffix says .html, or .png, .svg or .pdf, for which kaleido must be installed.

    Raises
    ------
    InputError
        If the suffix is none of these, the file cannot be written, or kaleido or its browser is missing.
    """
    suffix = Path(path).suffix.lower()
    if suffix in (".html", ".htm"):
        write_text(path, as_html(figure), "picture")
        return
    if suffix not in IMAGES:
        raise InputError(
            f"picture {path}: what is {suffix or 'a file without a suffix'}? {nearest(suffix, ('.html', *IMAGES))}"
        )
    image = _image(figure, suffix[1:], str(path))
    try:
        with replaced_when_complete(path) as temporary:
            Path(temporary).write_bytes(image)
    except OSError as error:
        raise InputError(
            f"picture {path}: cannot be written ({error.strerror or error}); choose another place"
        ) from None


def _image(figure: go.Figure, format_: str, path: str) -> bytes:
    if find_spec("kaleido") is None:
        raise InputError(
            f"picture {path}: .{format_} needs the package kaleido, which is not installed (pip install kaleido); "
            "or name a file that ends in .html"
        )
    try:
        image: bytes = with_notes(figure).to_image(format=format_, width=WIDTH)
    except Exception as error:
        # Kaleido draws with a browser and fails in its own ways.
        raise InputError(
            f"picture {path}: kaleido could not draw it ({error}); or name a file that ends in .html"
        ) from error
    return image


def with_notes(figure: go.Figure) -> go.Figure:
    """Return a figure for white paper, its notes under it."""
    lines = [line for note in figure.layout.meta["notes"] for line in wrap(note, NOTE_LETTERS)]
    paper = copy.deepcopy(figure)
    bottom, room = paper.layout.margin.b, NOTE_LINE * len(lines) + 8
    height = paper.layout.height + room
    paper.update_layout(
        height=height,
        title_y=1 - (1 - paper.layout.title.y) * paper.layout.height / height,
        margin_b=bottom + room,
        paper_bgcolor="#ffffff",
        font={"color": "#1c1c1c", "family": "sans-serif", "size": 13},
    )
    words: dict[str, Any] = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"}
    text = "<br>".join(map(safe, lines))
    paper.add_annotation(text=text, yshift=-bottom - 4, align="left", showarrow=False, font={"size": 11}, **words)
    return paper
