"""The frame of a picture of a sweep: panels in as many columns as there is room for, their axes, the title, the notes.

A figure is laid out for a wide page. Its `meta` holds the title, the notes and, for each width of a page, what changes
in the layout (`arrangements`).
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from trialsim.report.plots import FAINT, safe
from trialsim.report.sweep_hover import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTHS = {340: 1, 640: 2, 1000: 3}
"""Pixels of a page, and the columns of panels that it has room for from there."""
GAP = 70
"""Pixels between rows of panels: ticks, the name of the axis, the title of the next panel."""
PANEL_TITLE, LINE, TITLE_LINE = 24, 21, 24
"""Pixels of the title of a panel, of a line of the legend, of a line of the title."""
BOTTOM = 56
TITLE_LETTERS = 110
"""Letters in a line of the title."""
LETTER, NAME_LETTER = 8, 9
"""Pixels of a letter in a tick, and in the name of an axis."""
SIDES = 60
"""Pixels beside a plot, about."""
WORD_LETTERS = 9
"""Letters of a tick on the vertical axis of a narrow page."""


class Frame(NamedTuple):
    """What is around the plots."""

    x: str
    """Name of the horizontal axis."""
    y: str
    panels: tuple[str, ...]
    """Title of each panel."""
    height: int
    """Pixels of a plot."""
    legend: tuple[str, ...] = ()
    """Names in the legend, which is above the plots."""
    legend_title: str = ""
    x_words: tuple[str, ...] = ()
    """Ticks of the horizontal axis if they are words: where they do not fit they are turned and need height."""
    y_words: tuple[str, ...] = ()
    """Ticks of the vertical axis if they are words: a narrow page cuts them."""


def framed(frame: Frame, title: str, notes: Sequence[str]) -> dict[str, Any]:
    """Return the layout of a figure; texts have the colour of the page, everything else is seen through."""
    n = len(frame.panels)
    names = [("xaxis" if number == 1 else f"xaxis{number}") for number in range(1, n + 1)]
    arrangements = [arrangement(frame, width) for width in WIDTHS]
    lines = wrap(title, TITLE_LETTERS) or [""]
    layout: dict[str, Any] = {
        "title": {"text": "<br>".join(map(safe, lines)), "x": 0.01, "yanchor": "middle", "font": {"size": 16}},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "annotations": [_title_of_panel(text) for text in frame.panels],
        "meta": {"title": title, "notes": list(notes), "arrangements": arrangements},
    }
    for name in (*names, *(name.replace("x", "y", 1) for name in names)):
        letter, number = name[0], name[5:]
        anchor = ("y" if letter == "x" else "x") + number
        layout[name] = {"gridcolor": FAINT, "zeroline": False, "automargin": True, "anchor": anchor}
    for path, value in arrangements[-1]["layout"].items():
        put(layout, path, deepcopy(value))
    room = TITLE_LINE * len(lines) + 10
    layout["margin"]["t"] += room
    layout["height"] += room
    layout["title"]["y"] = 1 - room / 2 / layout["height"]
    return layout


def arrangement(frame: Frame, width: int) -> dict[str, Any]:
    """Return what a page of at least this width makes of the layout, by dotted path, and its number of columns.

    There is no room for the title in it: a page has its own.
    """
    columns = min(WIDTHS[width], len(frame.panels))
    n_rows = ceil(len(frame.panels) / columns)
    turned = _turned(frame.x_words, width / columns)
    inner = n_rows * frame.height + (n_rows - 1) * (GAP + turned)
    above = PANEL_TITLE if any(frame.panels) else 6
    legend = LINE * legend_lines(frame, width) + 6
    changes: dict[str, Any] = {
        "margin": {"l": 8, "r": 16, "t": above + legend, "b": BOTTOM + turned},
        "height": inner + above + legend + BOTTOM + turned,
        "legend": {"orientation": "h", "x": 0, "y": 1 + above / inner, "yanchor": "bottom", "font": {"size": 12}},
        "legend.title": {"text": safe(frame.legend_title), "side": "top", "font": {"size": 12}},
        "coloraxis.colorbar.len": frame.height / inner,
    }
    for number in range(len(frame.panels)):
        changes |= _panel_changes(frame, number, width, inner)
    return {"least_width": width if width > min(WIDTHS) else 0, "columns": columns, "layout": changes}


def _panel_changes(frame: Frame, number: int, width: int, inner: int) -> dict[str, Any]:
    columns = min(WIDTHS[width], len(frame.panels))
    gap = 40 / width if columns > 1 else 0.0
    share = (1 - gap * (columns - 1)) / columns
    step = frame.height + GAP + _turned(frame.x_words, width / columns)
    row, column = divmod(number, columns)
    left, top = column * (share + gap), 1 - row * step / inner
    x, y = (f"{letter}axis{'' if number == 0 else number + 1}" for letter in "xy")
    is_last, is_first, is_narrow = number + columns >= len(frame.panels), column == 0, width == min(WIDTHS)
    changes = {
        f"{x}.domain": [left, left + share],
        f"{y}.domain": [max(top - frame.height / inner, 0), top],
        f"{x}.title": {"text": _name(frame.x, width // columns - SIDES, is_narrow) if is_last else "", "standoff": 14},
        f"{y}.title": {"text": _name(frame.y, frame.height, is_narrow) if is_first else "", "standoff": 14},
        f"{y}.showticklabels": is_first,
        f"annotations.{number}.x": left,
        f"annotations.{number}.y": top,
    }
    if frame.y_words and is_narrow:
        texts = shortened(frame.y_words, WORD_LETTERS)
        changes |= {f"{y}.tickvals": list(range(len(texts))), f"{y}.ticktext": [safe(text) for text in texts]}
    return changes


def put(layout: dict[str, Any], path: str, value: Any) -> None:
    """Change a value of a layout by its dotted path."""
    *parents, last = path.split(".")
    inside: Any = layout
    for part in parents:
        inside = inside[int(part)] if isinstance(inside, list) else inside.setdefault(part, {})
    inside[last] = value


def axis_ids(number: int) -> dict[str, str]:
    """Return the axes of the panel with this number, from 1."""
    suffix = "" if number == 1 else str(number)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def _turned(words: Sequence[str], room: float) -> int:
    """Return the pixels that ticks need below the plot if neighbours are too wide to be written side by side."""
    widest_pair = max((len(one) + len(other) for one, other in pairwise(words)), default=0)
    needs_turning = widest_pair / 2 * LETTER * len(words) > room - SIDES
    return max(map(len, words)) * LETTER if needs_turning else 0


def legend_lines(frame: Frame, width: int) -> int:
    """Return how many lines the legend takes, about; all entries are as wide as the widest."""
    if not frame.legend:
        return 0
    widest = max(map(len, frame.legend)) * 7 + 48
    return ceil(len(frame.legend) / max(width // widest, 1)) + bool(frame.legend_title)


def _name(name: str, room: int, is_narrow: bool) -> str:
    """Return the name of an axis in lines; of a long dotted path, a narrow page shows the end."""
    letters = max(room // NAME_LETTER, 12)
    if is_narrow and len(name) > letters and " " not in name and "." in name:
        name = f"…{name.rpartition('.')[2]}"
    lines = wrap(name.replace(".", ". "), letters, break_on_hyphens=False, break_long_words=False)
    return "<br>".join(safe(line.replace(". ", ".")) for line in lines)


def _title_of_panel(text: str) -> dict[str, Any]:
    return {
        "text": f"<b>{safe(text)}</b>" if text else "",
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }
