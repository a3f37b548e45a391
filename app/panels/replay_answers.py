"""What the Replay page answers: plain values in, figures, sentences and tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dash_ag_grid as dag
from dash import Patch, html, no_update

from app.fields import notes_of, refusal, table
from app.service import Refusal
from app.state import as_data

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from app.service import Service
    from app.state import State as Link

TRUTH, TRIAL, DAY = "view.truth", "view.trial", "view.day"
"""The fields of the page; the address keeps them."""
FIGURES = ("swimmer", "os", "ttf")
FINDERS = {
    "median": "of median duration",
    "longest": "the longest",
    "shortest": "the shortest",
    "false-go": "goes on, though it should stop",
    "false-stop": "stops, though it should go on",
    "disagree": "its looks disagree",
}
MINUTES = 1440
PLAIN_CONDUCT: dict[str, Any] = {
    "n_sims": 10_000,
    "enrolment": {"per_month": 10},
    "visits": {"days": [60, 120, 180], "then_every_days": 90},
    "response": {
        "first_seen": [{"day": 60, "probability": 0.5}, {"day": 120, "probability": 0.5}],
        "confirmation": {"after_days": [28, 42]},
    },
    "progression": {"stable": {"per_month": 0.08, "from_day": 60}, "response": {"per_month": 0.03}},
    "withdrawal": {"per_month": 0.01},
    "death": {"before_progression_per_month": 0.002, "after_progression_per_month": 0.08},
    "cutoff": {"days_after_last_entry": 180},
}
"""What a design without a conduct is offered, to be changed from there."""
NO_CONDUCT = "This scenario does not say how the trial is conducted, so it has no calendar and no patients to replay."
WORDS = ("arm", "observed", "crossover", "why")


class Chosen(NamedTuple):
    """What the page is asked for."""

    truth: str
    trial: int
    day: float | None
    """None: the day of the first look."""


class Answer(NamedTuple):
    """Everything on the page that depends on the trial and the day."""

    figures: dict[str, go.Figure]
    headline: str
    story: list[str]
    day: float
    last_day: int
    known: Any
    header: list[str]
    rows: list[dict[str, Any]]
    legend: str


def chosen(service: Service, state: Link) -> Chosen:
    """Return which trial a state asks for, and which day of it.

    Raises
    ------
    Refusal
        If its trial is no whole number, or its day no number.
    """
    truth = state.seen("truth") or next(iter(service.replays.truths(state)), "")
    trial, day = state.seen("trial", "0").strip(), state.seen("day").strip()
    if not trial.isdecimal() or not trial.isascii():
        refused = Refusal(f"trial {trial[:40]}: a trial is a whole number from 0")
        refused.path = TRIAL
        raise refused
    try:
        return Chosen(truth, int(trial), float(day) if day else None)
    except ValueError:
        refused = Refusal(f"day {day[:40]}: a day of the trial is a number from 0")
        refused.path = DAY
        raise refused from None


def answer(service: Service, state: Link) -> Answer:
    """Return the whole page of one trial.

    Raises
    ------
    Refusal
        If there is no such trial, truth or day.
    """
    asked = chosen(service, state)
    one = service.replays.of(state, asked.trial, asked.truth)
    held = [look.minute for look in one.looks if look.minute is not None]
    day = asked.day if asked.day is not None else -(-min(held, default=one.cutoff) // MINUTES)
    on = service.replays.seen_on(one, day)
    headline, story, legend = service.replays.in_words(one)
    figures = {
        "swimmer": service.replays.swimmer(one, on.minute / MINUTES),
        "os": service.replays.survival(one, "os", on),
        "ttf": service.replays.survival(one, "ttf", on),
    }
    listing = service.replays.patients(one)
    rows = [{f"c{n}": _cell(listing.header[n], word) for n, word in enumerate(row)} for row in listing.rows]
    known = _known(service, one, on)
    return Answer(
        figures, headline, story, day, -(-one.cutoff // MINUTES), known, listing.header, rows, " ".join(legend)
    )


def answer_moving(service: Service, state: Link, day: float) -> tuple[Any, tuple[dict[str, Any], dict[str, Any]]]:
    """Return what is redrawn while the day moves: what was known, and the marks of the swimmer plot.

    Raises
    ------
    Refusal
        If there is no such trial or day.
    """
    asked = chosen(service, state)
    one = service.replays.of(state, asked.trial, asked.truth)
    on = service.replays.seen_on(one, day)
    return _known(service, one, on), service.replays.marks(one, on.minute / MINUTES)


def answer_day(service: Service, state: Link) -> tuple[Any, tuple[dict[str, Any], dict[str, Any]], list[go.Figure]]:
    """Return what is redrawn once the day of a trial rests: what was known, the marks, and the curves.

    Raises
    ------
    Refusal
        If there is no such trial or day.
    """
    asked = chosen(service, state)
    one = service.replays.of(state, asked.trial, asked.truth)
    on = service.replays.seen_on(one, asked.day or 0)
    curves = [service.replays.survival(one, which, on) for which in ("os", "ttf")]
    return _known(service, one, on), service.replays.marks(one, on.minute / MINUTES), curves


def without_day(state: Link) -> dict[str, Any]:
    """Return what of a state decides which trial is drawn, as the browser keeps it."""
    return as_data(state._replace(view=tuple(one for one in state.view if one[0] in ("trial", "truth"))))


def found(service: Service, state: Link, which: str, progress: Callable[[float], None]) -> tuple[int, str]:
    """Return the number of the trial that a finder chooses, and why.

    Parameters
    ----------
    service, state
        As for `answer`.
    which
        A name of `FINDERS`.
    progress
        Called with the share of trials looked at, in percent.

    Raises
    ------
    Refusal
        If there is no such trial.
    """
    n_all, n_done = max(service.replays.n_scanned(state), 1), 0

    def looked_at(n: int) -> None:
        nonlocal n_done
        n_done += n
        progress(100 * n_done / n_all)

    truth = chosen(service, state._replace(view=tuple(one for one in state.view if one[0] == "truth"))).truth
    one = service.replays.found(state, which, truth, looked_at)
    return one.trial, f"Trial {one.trial}, {one.n_scanned:,} trials having been looked at: {one.why}."


def in_words(refused: Refusal) -> str:
    """Return a refusal as the page says it: what the library calls an option is a field here."""
    return str(refused).replace("--", "")


def with_conduct(state: Link) -> Link:
    """Return the state with the plain conduct."""
    return state._replace(changes=(*state.changes, ("conduct", PLAIN_CONDUCT)))


def _cell(name: str, word: str) -> str | float | None:
    """Return a cell of the listing: a number where the column is one, so that it is sorted as such."""
    return word if name in WORDS else float(word) if word else None


def _known(service: Service, one: Any, on: Any) -> list[Any]:
    lines, counts = service.replays.day_in_words(one, on)
    return [
        html.H3(counts.title, className="graph-title"),
        *(html.P(line, className="words") for line in lines),
        table(counts.header, counts.rows, "patients, by arm"),
    ]


def patient_grid(header: list[str], rows: list[dict[str, Any]]) -> Any:
    """Return the listing of patients as a grid that can be sorted and filtered."""
    columns = [
        {
            "field": f"c{n}",
            "headerName": name,
            "filter": True if name in WORDS else "agNumberColumnFilter",
            "minWidth": 135 if name in WORDS else 112,
        }
        for n, name in enumerate(header)
    ]
    return dag.AgGrid(
        id="replay-patients",
        columnDefs=columns,
        rowData=rows,
        defaultColDef={"sortable": True, "resizable": True, "flex": 1},
        dashGridOptions={
            "pagination": True,
            "paginationPageSize": 20,
            "paginationPageSizeSelector": False,
            "animateRows": False,
            "domLayout": "autoHeight",
        },
        style={"height": None},
        className="ag-theme-quartz",
    )


def settled(service: Service, state: Link, day: Any, *, is_drawn: bool = False) -> list[Any]:
    """Return every output of the page; where the state makes no sense, the sentence beside its field.

    Parameters
    ----------
    service, state
        As for `answer`.
    day
        Of the number box, for a state that names none.
    is_drawn
        Whether the trial is on the page already, and only its day may be another.
    """
    if not state.seen("day") and isinstance(day, int | float):
        state = state._replace(view=(*state.view, ("day", f"{day:g}")))
    try:
        return [*(_drawn(service, state) if is_drawn else _all_of(service, state)), None, "", ""]
    except Refusal as refused:
        beside = [str(refused) if _is_about(refused, path) else "" for path in (TRIAL, DAY)]
        return [no_update] * 12 + [None if any(beside) else refusal(in_words(refused)), *beside]


def _all_of(service: Service, state: Link) -> list[Any]:
    page = answer(service, state)
    figures = [page.figures[name] for name in FIGURES]
    story = [html.Li(line) for line in page.story]
    rest = [page.headline, story, page.known, page.rows, page.legend, page.last_day]
    return [*figures, *(notes_of(figure) for figure in figures), *rest]


def _drawn(service: Service, state: Link) -> list[Any]:
    known, marks, curves = answer_day(service, state)
    notes = [notes_of(curve) for curve in curves]
    return [patched(marks), *curves, no_update, *notes, no_update, no_update, known, *[no_update] * 3]


def _is_about(refused: Refusal, path: str) -> bool:
    return refused.path == path or str(refused).startswith(f"{path.removeprefix('view.')} ")


def patched(marks: tuple[dict[str, Any], dict[str, Any]]) -> Patch:
    """Return a patch that moves the marks of the day, the last shapes of the swimmer plot."""
    patch = Patch()
    patch["layout"]["shapes"][-2], patch["layout"]["shapes"][-1] = marks
    return patch
