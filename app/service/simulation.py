"""The service's part for the page Simulate: what it shows of one truth under calendar conduct, while it runs.

Like `app.service` it talks to trialsim; pages reach it through this module alone.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from app.service.conduct import changes, n_trials
from app.state import packed
from trialsim import distributions as shown_of
from trialsim.report.calendar_tables import calendar_digits, calendar_tables, match_notes, missed_notes, with_error
from trialsim.report.document import as_parquet
from trialsim.report.formats import rendered
from trialsim.report.plots import (
    adverse_events,
    convergence,
    distribution,
    enrolment_curve,
    estimates,
    survival_bands,
)
from trialsim.report.plots.calendar_frame import number_words
from trialsim.report.plots.estimates import label_of
from trialsim.simulation import ESTIMATES, costs, grow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import plotly.graph_objects as go

    from app.service.service import Service
    from app.state import State
    from trialsim.api import Result
    from trialsim.records import Record
    from trialsim.report.table import Table
    from trialsim.simulation import Growth

    History: TypeAlias = dict[str, list[tuple[int, Record]]]


class Menu(NamedTuple):
    """Figures of which one is shown at a time."""

    labels: tuple[str, ...]
    chosen: str
    figures: dict[str, go.Figure]
    """By label; until the last trial is done, the chosen one only."""


class Shown(NamedTuple):
    """What the page shows after some trials; after the very first, in two parts, the estimates before all else."""

    n_done: int
    n_sims: int
    costs: Table | None
    figures: dict[str, go.Figure]
    menus: dict[str, Menu]
    match: Table | None = None
    course: Table | None = None
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = MappingProxyType({})
    """All records by format, once the last trial is done: packed text, Parquet in base 64, and a name for the files."""


def simulated(
    service: Service, state: State, progress: Callable[[int], None], wanted: Mapping[str, str] | None = None
) -> Iterator[Shown]:
    """Yield what the page shows, first after few trials, last after all.

    Parameters
    ----------
    service, state
        Settings and the question.
    progress
        Called with the number of trials done, several times a second; what it raises ends the simulation.
    wanted
        What each menu says; until the last trial is done, only these figures of menus are drawn.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    scenario = service.scenario(state, *changes(service, state))
    history: History = {}
    truth, n = scenario.truths[0].name, n_trials(service, state)
    for step in grow(scenario, truth, n, n_jobs=service.settings.n_jobs, measures=ESTIMATES, progress=progress):
        found = costs(step.result)
        for record in found:
            history.setdefault(label_of(record), []).append((step.n_done, record))
        figures = {"estimates": estimates.estimates(found, step.n_done)}
        first = Shown(step.n_done, n, _cost_table(found), figures, {})
        if len(next(iter(history.values()), [])) == 1:
            yield first
        progress(step.n_done)  # drawing takes as long as a block of trials
        yield _whole(first, step, history, wanted or {})


def _whole(first: Shown, step: Growth, history: History, wanted: Mapping[str, str]) -> Shown:
    ((_, design),) = step.scenario.designs()
    conduct, tally = step.scenario.conduct, step.tally
    assert conduct is not None
    enrolment = enrolment_curve.enrolment_curve(shown_of.enrolment_curve(design, conduct, tally))
    figures = {**first.figures, "enrolment": enrolment}
    shares = shown_of.adverse_events(design, conduct, tally)
    if shares:
        figures["events"] = adverse_events.adverse_events(shares, step.n_done)
    is_last = step.n_done == step.n_sims
    return first._replace(
        figures=figures,
        menus={
            name: _menu(own, wanted.get(name, ""), is_whole=is_last) for name, own in _drawers(step, history).items()
        },
        match=calendar_tables(step.result, full=False)[0] if step.result.match else None,
        course=_course_table(shown_of.course_counts(design, tally)),
        notes=(*match_notes(step.result.match), *missed_notes(step.result)),
        files=_files(step.result) if is_last else {},
    )


def _files(result: Result) -> dict[str, str]:
    texts = {format_: packed(rendered(result, format_, full=True)) for format_ in ("csv", "json")}
    return {**texts, "parquet": b64encode(as_parquet(result)).decode(), "name": f"{result.scenario.name}-simulated"}


def _menu(drawers: dict[str, Callable[[], go.Figure]], wanted: str, *, is_whole: bool) -> Menu:
    chosen = wanted if wanted in drawers else next(iter(drawers))
    return Menu(tuple(drawers), chosen, {name: draw() for name, draw in drawers.items() if is_whole or name == chosen})


def _drawers(step: Growth, history: History) -> dict[str, dict[str, Callable[[], go.Figure]]]:
    """Return, by menu and label, what draws a figure."""
    ((_, design),) = step.scenario.designs()
    conduct, tally = step.scenario.conduct, step.tally
    assert conduct is not None

    def survival(which: Literal["os", "ttf"]) -> go.Figure:
        return survival_bands.survival_bands(shown_of.survival_bands(design, conduct, tally, which), which)

    def spread(one: shown_of.Quantity) -> go.Figure:
        return distribution.distribution(shown_of.distribution(tally, one))

    numbers = sorted(shown_of.quantities(design, tally), key=lambda one: not one.key.startswith("overrun"))
    return {
        "convergence": {label: partial(convergence.convergence, steps) for label, steps in history.items()},
        "distribution": {one.label: partial(spread, one) for one in numbers},
        "survival": {survival_bands.TITLES[which]: partial(survival, which) for which in ("os", "ttf")},
    }


def _cost_table(records: tuple[Record, ...]) -> Table:
    from trialsim.report.table import Table

    header = ["", "on paper, exact", "as conducted (MCSE)", "cost of conduct (MCSE)"]
    return Table("What conduct costs", header, 1, [_cost_row(record) for record in records])


def _cost_row(record: Record) -> list[str]:
    """Return a row; where none or all were seen, with what 95 % confidence leaves possible."""
    digits = calendar_digits(record.measure)

    def number(value: float, sign: str = "") -> str:
        tiny = 0 < abs(value) < 0.5 * 10**-digits
        return f"{value:{sign}.1e}" if tiny else f"{value + 0.0:{sign}.{digits}f}"

    exact, cost, found = record.exact or 0.0, record.cost or 0.0, record.estimate or 0.0
    if record.bound is not None:
        word, seen = ("under", "none seen") if found == 0 else ("over", "all")
        left = f"{number(cost, '+')} (95 %: {word} {number(record.bound - exact, '+')})"
        return [label_of(record), number(exact), f"{seen} (95 %: {word} {record.bound:.2g})", left]
    if record.mcse == 0:
        return [label_of(record), number(exact), f"{number(found)} (in every trial)", f"{number(cost, '+')} (MCSE 0)"]
    error = with_error(0.0, record.mcse, digits).partition(" ")[2]
    return [label_of(record), number(exact), f"{number(found)} {error}", f"{number(cost, '+')} {error}"]


def _course_table(counts: tuple[shown_of.Count, ...]) -> Table:
    from trialsim.report.table import Table

    table = Table("Patients by the cut-off, per trial", ["", "of", "mean (MCSE)", "90 % of trials"], 2)
    for count in counts:
        words = count.quantity.replace("_", " ")
        low, high = (("–" if end.value is None else f"{end.value:g}") for end in (count.low, count.high))
        table.rows.append([words, count.arm, number_words(count.mean), f"{low} to {high}"])
    return table
