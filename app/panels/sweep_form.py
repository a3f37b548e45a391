"""The form of the Sweep page: which fields are varied over which values, how each cell is solved, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dash_mantine_components as dmc
from dash import html

from app.fields import refusal
from app.service import Refusal, sweep_runs, sweeps
from app.service.sweeps import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.service import Service
    from app.state import State as Link

PARTS = ("field", "form", "from", "to", "step", "values")
"""The widgets of a row."""


class Checked(NamedTuple):
    """What the page says of the form."""

    words: str
    """How many cells, if it makes sense."""
    problem: str
    """What is wrong, where it is wrong with no row."""
    beside: tuple[str, ...]
    """What is wrong with each row."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be run."""
        return bool(self.words)


def with_form(
    service: Service, state: Link, rows: Sequence[Row], engine: Any, sims: Any, keep: Any, source: Any
) -> Link:
    """Return the state with what the form says in its view; what it says by itself is left out."""
    kept = tuple((key, value) for key, value in state.view if not key.startswith("vary"))
    view: dict[str, str] = {}
    if isinstance(source, str) and source != "own" and sweeps.has_own(service, state):
        view["vary"] = source
    if isinstance(engine, str) and engine in sweeps.ENGINES and engine != "exact":
        view["vary.engine"] = engine
    if isinstance(sims, int) and not isinstance(sims, bool) and sims > 0 and (view or sims != sweeps.DEFAULT_SIMS):
        view["vary.sims"] = str(sims)
    names = [name for name in keep if isinstance(name, str)] if isinstance(keep, list) else []
    if names != list(sweeps.KEPT):
        view["vary.keep"] = " ".join(names) or "all"
    plain = state._replace(view=(*kept, *view.items()))
    if list(rows) != sweeps.rows_of(service, plain):
        view |= {f"vary.{number}": sweeps.written(row) for number, row in enumerate(rows[: sweeps.MAX_ROWS])}
    return state._replace(view=(*kept, *view.items()))


def checked(service: Service, state: Link) -> Checked:
    """Return how many cells the form asks for, or what is wrong with it."""
    rows = sweeps.rows_of(service, state)
    nothing = ("",) * len(rows)
    try:
        plan = sweep_runs.planned(service, state)
    except Refusal as refused:
        at = None if sweeps.takes_own(service, state) else sweeps.row_at(refused, rows)
        sentence = (refused.problem or str(refused)).rstrip(".")
        if at is None:
            return Checked("", f"{sentence[:1].upper()}{sentence[1:]}.", nothing)
        return Checked("", "", (*nothing[:at], sentence, *nothing[at + 1 :]))
    n_truths = len(plan.scenario.truths)
    truths = f" under {n_truths} truths each" if n_truths > 1 else ""
    how = f"simulated, {plan.n_sims:,} replicates per truth" if plan.n_sims else "solved exactly"
    return Checked(f"{plan.n_cells:,} cells{truths}, {how}.", "", nothing)


def rows_from(values: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Return the rows that the widgets show."""
    found = zip(*(values[part] for part in PARTS), strict=True)
    return [
        Row(str(path), form == "list", _number(from_), _number(to), _number(step), str(listed or "")[:200])
        for path, form, from_, to, step, listed in found
        if isinstance(path, str)
    ]


def rows_known(given: Any) -> list[Row]:
    """Return the rows that the page says it shows; what is no row is left out."""
    found = given if isinstance(given, list) else []
    whole = [Row(**row) for row in found if isinstance(row, dict) and row.keys() == set(Row._fields)]
    return [row for row in whole if isinstance(row.path, str) and isinstance(row.values, str)]


def changed(service: Service, state: Link, before: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """Return the rows once fields or forms were chosen anew: a new field brings values that suit it."""
    known = {one.path: one for one in sweeps.fields(service, state)}
    rows = []
    for number, row in enumerate(now):
        old = before[number] if number < len(before) else None
        if row.path in known and (old is None or old.path != row.path):
            rows.append(sweeps.new_row(known[row.path]))
        elif old is not None and row.is_list and not old.is_list and not row.values and row.from_ is not None:
            rows.append(row._replace(values=", ".join(f"{end:g}" for end in (row.from_, row.to) if end is not None)))
        else:
            rows.append(row)
    return rows


def one_more(service: Service, state: Link, rows: Sequence[Row]) -> list[Row]:
    """Return the rows and one for the first field that none of them has."""
    taken = {row.path for row in rows}
    free = [one for one in sweeps.fields(service, state) if one.path not in taken]
    first = next((one for one in free if one.path == "design.enrolment.cap"), free[0] if free else None)
    return [*rows, sweeps.new_row(first)] if first is not None and len(rows) < sweeps.MAX_ROWS else list(rows)


def shown_rows(service: Service, state: Link, rows: Sequence[Row]) -> list[Any]:
    """Return the widgets of the rows."""
    groups: dict[str, list[dict[str, str]]] = {}
    for one in sweeps.fields(service, state):
        groups.setdefault(one.group, []).append({"value": one.path, "label": f"{one.group}: {one.label}"})
    listed = {item["value"] for items in groups.values() for item in items}
    for row in rows:
        if row.path not in listed:
            groups.setdefault("other", []).append({"value": row.path, "label": row.path})
    data = [{"group": group, "items": items} for group, items in groups.items()]
    return [_row(number, row, data, is_only=len(rows) == 1) for number, row in enumerate(rows)]


def _row(number: int, row: Row, data: list[Any], *, is_only: bool) -> Any:
    name = f"field {number + 1}"
    select = dmc.Select(
        id=_id("field", number),
        data=data,
        value=row.path,
        searchable=True,
        allowDeselect=False,
        size="xs",
        **{"aria-label": name},
    )
    form = dmc.SegmentedControl(
        id=_id("form", number),
        value="list" if row.is_list else "range",
        data=[{"value": "range", "label": "range"}, {"value": "list", "label": "list"}],
        size="xs",
    )
    remove = dmc.Button(
        "remove",
        id={"t": "vary-remove", "i": number},
        size="compact-xs",
        variant="default",
        disabled=is_only,
        **{"aria-label": f"remove {name}"},
    )
    numbers = [
        dmc.NumberInput(
            id=_id(part, number),
            label=part,
            value="" if value is None else value,
            size="xs",
            debounce=400,
            clampBehavior="none",
            hideControls=True,
            className="third",
            **{"aria-label": f"{name}: {part}"},
        )
        for part, value in (("from", row.from_), ("to", row.to), ("step", row.step))
    ]
    listed = dmc.TextInput(
        id=_id("values", number),
        label="values, with commas between them",
        value=row.values,
        size="xs",
        debounce=400,
        **{"aria-label": f"{name}: values"},
    )
    return html.Div(
        [
            select,
            html.Div([form, remove], className="row"),
            html.Div(numbers, className="thirds", hidden=row.is_list),
            html.Div(listed, hidden=not row.is_list),
            html.Div(id={"t": "vary-error", "i": number}, className="field-error", role="alert"),
        ],
        className="vary-row",
    )


def form(service: Service, state: Link) -> Any:
    """Return the form, and what is known of it."""
    takes_own = sweeps.takes_own(service, state)
    source = dmc.SegmentedControl(
        id="vary-source",
        value="own" if takes_own else "chosen",
        data=[{"value": "own", "label": "the file's sweep"}, {"value": "chosen", "label": "fields chosen here"}],
        size="xs",
        fullWidth=True,
    )
    rows = sweeps.rows_of(service, state)
    more = dmc.Button("Vary one more field", id="vary-add", size="compact-sm", variant="default")
    now = checked(service, state)
    return html.Div(
        [
            html.H2("Make a sweep", className="graph-title"),
            html.Div(source, hidden=not sweeps.has_own(service, state), className="field"),
            html.Div(
                [
                    html.Div(shown_rows(service, state, rows), id="vary-rows"),
                    html.Div(more, className="row"),
                    _keep(service, state),
                ],
                id="vary-chosen",
                hidden=takes_own,
            ),
            *_effort(service, state, takes_own=takes_own),
            html.P(now.words, id="vary-words", className="note", role="status"),
            html.Div(refusal(now.problem) if now.problem else None, id="vary-problem", role="alert"),
            *_running(now),
        ],
        className="sweep-form",
    )


def _effort(service: Service, state: Link, *, takes_own: bool) -> list[Any]:
    """Return how each cell is computed."""
    engine = dmc.Select(
        id="vary-engine",
        label="Each cell is",
        value=sweeps.engine_of(state),
        data=[
            {"value": key, "label": words}
            for key, words in sweeps.ENGINES.items()
            if key != "calendar" or service.base_data(state).get("conduct")
        ],
        allowDeselect=False,
        size="xs",
    )
    sims = dmc.NumberInput(
        id="vary-sims",
        label="replicates per truth and cell",
        value=sweeps.n_sims_of(state) or ("" if takes_own else sweeps.DEFAULT_SIMS),
        min=1,
        step=1_000,
        thousandSeparator=" ",
        allowDecimal=False,
        debounce=400,
        size="xs",
    )
    return [engine, html.Div(sims, id="vary-sims-box", hidden=sweeps.engine_of(state) == "exact")]


def _keep(service: Service, state: Link) -> Any:
    """Return the choice of measures."""
    return dmc.MultiSelect(
        id="vary-keep",
        label="Measures kept (none: all, which takes longer)",
        data=list(sweeps.known_names(service, state)),
        value=list(sweeps.measures_of(state)),
        searchable=True,
        clearable=True,
        maxValues=15,
        size="xs",
    )


def _running(now: Checked) -> list[Any]:
    """Return what runs and cancels, and what is told of it."""
    buttons = [
        dmc.Button("Run the sweep", id="sweep-run", size="sm", disabled=not now.is_ready),
        dmc.Button("Cancel", id="sweep-cancel", size="sm", variant="default", disabled=True),
    ]
    return [
        html.Div(buttons, className="row"),
        html.Div(
            [
                dmc.Progress(id="sweep-progress", value=0, size="md", **{"aria-label": "share of cells done"}),
                html.P("", id="sweep-progress-words", className="note", role="status"),
            ],
            id="sweep-running",
            hidden=True,
        ),
        html.Div(id="sweep-told", role="status"),
    ]


def _id(part: str, number: int) -> dict[str, Any]:
    return {"t": f"vary-{part}", "i": number}


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
