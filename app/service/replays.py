"""The service's part for replays: one simulated trial of a state's scenario, and what was known of it on a day.

Like `app.service` it talks to trialsim; the Replay page reaches it as `service.replays`.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from app.service.truths import EXPLORED, explored_truth
from app.state import from_query, query_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from app.service.service import Service
    from app.state import State
    from trialsim.replay import Found, Replay
    from trialsim.replay.on_day import OnDay
    from trialsim.report.table import Table
    from trialsim.spec.scenario import Scenario

FORMATS = ("csv", "json", "html")


class Replays:
    """Trials of the scenarios of states; the last few are kept."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scenario = lru_cache(maxsize=8)(self._with_rates)
        self._replayed = lru_cache(maxsize=8)(self._replay)

    def with_rates(self, state: State) -> list[tuple[str, Any]]:
        """Return the change that adds the rates explored to the truths; nothing if none were chosen."""
        if not state.rates:
            return []
        scenario = self._service.scenario(state)
        arms = scenario.design.arm_names
        if len(state.rates) != len(arms):  # with a rate of toxicity there is no calendar
            return []
        own = [truth.model_dump(mode="json", exclude_defaults=True) for truth in scenario.truths]
        kept = [truth for truth in own if truth["name"] != EXPLORED]
        explored = explored_truth(scenario.design, state.rates)
        return [("truths", [*kept, explored])]

    def truths(self, state: State) -> tuple[str, ...]:
        """Return the names of the truths under which trials can be replayed; none if there is no conduct."""
        scenario = self.scenario(state)
        if scenario.conduct is None:
            return ()
        names = [truth.name for truth in scenario.truths]
        match = scenario.conduct.match
        first = match.truth if match is not None else names[0]
        return (first, *(name for name in names if name != first))

    def n_scanned(self, state: State) -> int:
        """Return how many trials a finder looks at."""
        from trialsim.replay.finders import MAX_SCANNED

        conduct = self.scenario(state).conduct
        return 0 if conduct is None else min(conduct.n_sims, MAX_SCANNED, self._service.settings.max_trials)

    def scenario(self, state: State) -> Scenario:
        """Return the scenario of a state, the rates explored among its truths."""
        return self._scenario(query_of(state._replace(view=())))

    def of(self, state: State, trial: int, truth: str) -> Replay:
        """Return one trial.

        Raises
        ------
        Refusal
            If there is no such trial or truth, or no conduct.
        """
        return self._replayed(query_of(state._replace(view=())), trial, truth)

    def _replay(self, query: str, trial: int, truth: str) -> Replay:
        from trialsim.replay import replay

        return replay(self._scenario(query), trial, truth)

    def _with_rates(self, query: str) -> Scenario:
        state = from_query(query)[0]
        return self._service.scenario(state, *self.with_rates(state))

    def found(self, state: State, which: str, truth: str, progress: Callable[[int], None]) -> Found:
        """Return the trial that a finder chooses.

        Raises
        ------
        Refusal
            If there is no such trial among those looked at.
        """
        from trialsim.replay import find_trial

        scenario = self.scenario(state)
        n, conduct = self.n_scanned(state), scenario.conduct
        if conduct is not None and n < conduct.n_sims:
            scenario = scenario.model_copy(update={"conduct": conduct.model_copy(update={"n_sims": n})})
        return find_trial(scenario, which, truth, progress=progress)

    def seen_on(self, one: Replay, day: float) -> OnDay:
        """Return what was known of a trial on a day."""
        from trialsim.replay.on_day import seen_on

        return seen_on(one, day)

    def swimmer(self, one: Replay, day: float) -> go.Figure:
        """Return the patients of a trial on the calendar, with the day marked."""
        from trialsim.report.plots.swimmer import swimmer

        return swimmer(one, day)

    def marks(self, one: Replay, day: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the last two shapes of `swimmer`, on another day."""
        from trialsim.report.plots.swimmer import marks_of_day

        return marks_of_day(one, day)

    def survival(self, one: Replay, which: Literal["os", "ttf"], on: OnDay) -> go.Figure:
        """Return the Kaplan-Meier curves of a trial as known on a day."""
        from trialsim.report.plots.survival_curves import survival_curves

        return survival_curves(one, which, on)

    def day_in_words(self, one: Replay, on: OnDay) -> tuple[list[str], Table]:
        """Return where a trial stood on a day, as sentences and as a table of counts."""
        from trialsim.report.replay_day import day_sentences, day_table

        return day_sentences(one, on), day_table(one, on)

    def in_words(self, one: Replay) -> tuple[str, list[str], list[str]]:
        """Return which trial it is, what happened, and what the listing of patients means."""
        from trialsim.report.replay import headline, legend, sentences

        return headline(one), sentences(one), legend(one)

    def patients(self, one: Replay) -> Table:
        """Return the listing of patients."""
        from trialsim.report.replay import patient_table

        return patient_table(one)

    def file(self, state: State, format_: str) -> tuple[str, bytes]:
        """Return the name and the bytes of a download: one of `FORMATS`."""
        from trialsim.report.replay import rendered

        trial, truths = state.seen("trial", "0"), self.truths(state)
        one = self.of(state, int(trial) if trial.isdecimal() else -1, state.seen("truth", truths[0] if truths else ""))
        return f"{one.scenario.name}-trial-{one.trial}.{format_}", rendered(one, format_).encode()

    def options(self, state: State) -> str:
        """Return the options of the command line that choose the trial of a state."""
        known = {"trial": "0", **{key: value for key, value in state.view if key in ("trial", "truth")}}
        return " ".join(f"--{key} {shlex.quote(value)}" for key, value in known.items())
