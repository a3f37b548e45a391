"""The scenario that a state means, the question that Explore asks of it, and what leaves a page.

Methods take plain values and states, and return figures, tables and sentences. Whatever a visitor sends is validated by
the library's own schema; what it refuses is a `Refusal`: one sentence, and the path of the field that caused it.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.kept import kept
from app.service.bounded import BoundedReader, TooMuchError
from app.service.exact import Exact
from app.service.replays import FORMATS, Replays
from app.service.truths import EXPLORED, explored_truth, rates_chosen, truth_of
from app.state import State, unpacked
from trialsim.curves import joint, widths
from trialsim.errors import InputError as Refusal
from trialsim.errors import TrialsimError
from trialsim.spec.form import FormField, fields_of
from trialsim.spec.load import scenario_document, scenario_of, shipped_document
from trialsim.spec.overrides import Override, path_of
from trialsim.spec.shipped import shipped_names
from trialsim.spec.written import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.settings import Settings
    from trialsim.spec.design import Design
    from trialsim.spec.load import Document
    from trialsim.spec.scenario import Scenario

__all__ = ["Refusal", "Service", "TrialsimError"]

_EXPORTS = {"csv": "csv", "json": "json", "parquet": "parquet", "html": "html"}
"""Formats of a result, and the endings of their files."""
_VERBS = {
    "explore": ("run", "--engine exact"),
    "replay": ("replay", ""),
    "sweep": ("sweep", ""),
    "report": ("report", "--out report.html"),
}
"""The verb and the options of the command line that belong to a page."""
MAX_EXPLORED_PATIENTS = 2_000
"""Of a design whose curves follow a slider; a larger one is for the command line."""


class Service(Exact):
    """The library, as the pages see it. Holds settings and bounded caches of what ships, nothing of any visitor."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reader = BoundedReader(settings.max_read_seconds)
        self._document = lru_cache(maxsize=32)(self._read)
        self._ideal = lru_cache(maxsize=32)(self._without_conduct)
        self._fields = lru_cache(maxsize=32)(self._fields_of_base)
        self._scenario = kept(self._scenario_of, 64)
        self._yaml = kept(lambda state, *more: as_yaml(self.scenario(state, *more)), 64)
        self.replays = Replays(self)

    # What there is, and the scenario that a state means.

    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of the scenarios and of the designs that ship."""
        return shipped_names("scenarios"), shipped_names("designs")

    def about(self) -> str:
        """Return what made the numbers: version, and the stream of random numbers."""
        from trialsim import __version__
        from trialsim.kernels.stream import STREAM

        return f"trialsim {__version__}; exact engine and simulations from the stream {STREAM}."

    def uploaded(self, content: bytes, name: str) -> str:
        """Return the text of an uploaded file, once it is known to be a valid scenario or design.

        Raises
        ------
        Refusal
            With line, path and remedy, if it is not.
        """
        if len(content) > self.settings.max_upload:
            raise Refusal(f"{name}: too large; at most {self.settings.max_upload:,} bytes are read")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal(f"{name}: not a text file in UTF-8; a design is a YAML text file") from None
        self._bounded(text, name)
        scenario_of(scenario_document(text, name))
        return text

    def _bounded(self, text: str, name: str) -> None:
        try:
            self.reader.check(text)
        except TooMuchError as error:
            raise Refusal(f"{name}: {error}") from None

    def _read(self, base: str, packed: str) -> Document:
        """Return the document of a base; of an uploaded text, once it is known that reading it does no harm."""
        if not packed:
            return shipped_document(base)
        try:
            text = unpacked(packed)
        except ValueError as error:
            raise Refusal(str(error)) from None
        self._bounded(text, "the uploaded file")
        return scenario_document(text, "the uploaded file")

    def scenario(self, state: State, *more: tuple[str, Any]) -> Scenario:
        """Return the scenario of a state: its base, its changes, and what a page changes besides.

        Raises
        ------
        Refusal
            If it makes no sense.
        """
        found: Scenario = self._scenario(state, *more)
        return found

    def _scenario_of(self, state: State, *more: tuple[str, Any]) -> Scenario:
        document = self._document(state.base, state.packed)
        found = scenario_of(document, [_override(path, value) for path, value in self._changes(state, document, more)])
        return self._small(found)

    def _small(self, found: Scenario) -> Scenario:
        """Return a scenario whose design is small enough for a page.

        Raises
        ------
        Refusal
            If it is not.
        """
        if sum(found.design.caps) > MAX_EXPLORED_PATIENTS:
            refused = Refusal(
                f"{sum(found.design.caps):,} patients are more than the dashboard takes ({MAX_EXPLORED_PATIENTS:,}); "
                "use the command line"
            )
            refused.path = "design.enrolment.cap"
            raise refused
        return found

    def words_of(self, state: State, *more: tuple[str, Any]) -> list[str]:
        """Return all changes to the base of a state as the command line's `--set` takes them, `path=value` each."""
        document = self._document(state.base, state.packed)
        return [f"{path}={_in_yaml(value)}" for path, value in self._changes(state, document, more)]

    def _changes(self, state: State, document: Document, more: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Return all changes to the base; plans and sweep of the base are left aside, the form has their fields."""
        left: list[tuple[str, Any]] = [("plans", []), ("vary", None)]
        own = [(path, value) for path, value in left if document.data.get(path)]
        return [*own, *state.changes, *more]

    def base_data(self, state: State) -> dict[str, Any]:
        """Return the plain data of a state's base, to be read only."""
        return self._document(state.base, state.packed).data

    def fields(self, state: State) -> tuple[FormField, ...]:
        """Return the fields of the design's form, with the values of the base."""
        return self._fields(state.base, state.packed)

    def _fields_of_base(self, base: str, packed: str) -> tuple[FormField, ...]:
        return tuple(fields_of(self.design(State(base, packed)), "design"))

    def arms(self, state: State) -> tuple[str, ...]:
        """Return the names of the arms."""
        return self.design(state).arm_names

    def explored_rates(self, state: State, design: Design) -> tuple[float, ...]:
        """Return the rates explored (`JointRates` with toxicity); where none were chosen, null and target in turn."""
        chosen = rates_chosen(design, state.rates)
        if chosen is not None:
            return chosen
        if any(
            isinstance(one, dict) and one.get("name") == EXPLORED for one in self.base_data(state).get("truths") or ()
        ):
            own = next(truth for truth in self.scenario(state).truths if truth.name == EXPLORED)
            return own.rates(design.arm_names)  # with its toxicity, as the schema demands where a rule watches it
        usual = rates_chosen(design, _usual_rates(design))
        assert usual is not None
        return usual

    # Explore: exact, without conduct.

    def question(self, state: State) -> list[tuple[str, Any]]:
        """Return the changes that make the scenario of the Explore page: ideal conduct, three truths."""
        document = self._document(state.base, state.packed)
        ideal = [("conduct", None)] if document.data.get("conduct") else []
        design = self.design(state)
        truths: list[dict[str, Any]] = []
        if design.hypotheses is not None:
            truths += [truth_of(design, "null rate", design.hypotheses.null_rate)]
            truths += [truth_of(design, "target rate", design.hypotheses.target_rate)]
        return [*ideal, ("truths", [*truths, explored_truth(design, self.explored_rates(state, design))])]

    def design(self, state: State) -> Design:
        """Return the design of a state, its conduct left aside.

        Raises
        ------
        Refusal
            If it makes no sense.
        """
        own = [(path, value) for path, value in state.changes if path.split(".")[0] != "conduct"]
        return self._small(scenario_of(self._ideal(state.base, state.packed), [_override(*one) for one in own])).design

    def _without_conduct(self, base: str, packed: str) -> Document:
        """Return a base without what a design does not need, and what takes long to copy and to check."""
        document = self._document(base, packed)
        left_out = ("conduct", "plans", "vary")
        return replace(document, data={key: value for key, value in document.data.items() if key not in left_out})

    def field_at(self, refused: Refusal, fields: Sequence[FormField]) -> str | None:
        """Return the path of the field that a refusal is about, or of the first in the part it is about."""
        path = refused.path if refused.path.startswith(("design", "conduct", "truths")) else f"design.{refused.path}"
        parts = path.split(".")
        for depth in range(len(parts), 1, -1):
            start = ".".join(parts[:depth])
            for one in fields:
                if one.where == start or one.where.startswith(f"{start}."):
                    return one.path
        return None

    # Simulate: one truth under calendar conduct (`app.service.conduct`, `app.service.simulation`).

    def conducted(self, state: State) -> list[tuple[str, Any]]:
        """Return the changes that make the scenario of the Simulate page."""
        from app.service.conduct import changes

        return changes(self, state)

    def reported(self, state: State) -> list[tuple[str, Any]]:
        """Return the changes that make the scenario of a simulation report."""
        from app.service.reporting import report_changes

        return report_changes(self, state)

    # Sweep: a grid of designs, and the store (`app.service.sweeps`, `app.service.sweep_store`).

    def swept(self, state: State) -> list[tuple[str, Any]]:
        """Return the changes that make the scenario of the form of the Sweep page."""
        from app.service.sweeps import question

        return question(self, state)

    # What leaves a page.

    def changes_of(self, page: str, state: State) -> list[tuple[str, Any]]:
        """Return what a page changes in the scenario of a state, besides the state's own changes."""
        known: dict[str, Callable[[State], list[tuple[str, Any]]]] = {
            "explore": self.question,
            "replay": self.replays.with_rates,
            "simulate": self.conducted,
            "report": self.reported,
            "sweep": self.swept,
        }
        return known[page](state) if page in known else []

    def yaml_of(self, page: str, state: State) -> str:
        """Return the scenario of a page as YAML."""
        return str(self._yaml(state, *self.changes_of(page, state)))

    def command_of(self, page: str, state: State) -> str:
        """Return the command line that gives a page's numbers; for an uploaded file, with the name of its download."""
        verb, options = _VERBS.get(page, ("run", ""))
        options = self.replays.options(state) if page == "replay" else options
        options = "--engine exact" if page == "sweep" and state.seen("vary.engine", "exact") == "exact" else options
        more, tail = self.changes_of(page, state), f" {options}" if options else ""
        if state.packed:
            return f"python -m trialsim {verb} {self.scenario(state, *more).name}.yaml{tail}"
        changes = self._changes(state, self._document(state.base, state.packed), tuple(more))
        words = [f"--set {shlex.quote(f'{path}={_in_yaml(value)}')}" for path, value in changes]
        return " ".join(["python -m trialsim", verb, state.base, *words]) + tail

    def exported(self, page: str, state: State, format_: str) -> tuple[str, bytes]:
        """Return the name and the bytes of a download of a page.

        Raises
        ------
        Refusal
            If the page has no such download, or the state makes no sense.
        """
        scenario = self.scenario(state, *self.changes_of(page, state))
        if format_ == "yaml":
            return f"{scenario.name}.yaml", as_yaml(scenario).encode()
        if page == "explore" and format_ in _EXPORTS:
            return f"{scenario.name}-{scenario.id[:8]}.{_EXPORTS[format_]}", _exact(scenario, format_)
        if page == "replay" and format_ in FORMATS:
            return self.replays.file(state, format_)
        raise Refusal(f"there is no download {format_[:20]} here")

    def warm(self) -> None:
        """Compile, or load, the kernels, and compute once what the first visitor will ask for."""
        from trialsim.api import run

        self.reader.start()
        state = State()
        run(self.scenario(state, ("n_sims", 1), ("conduct.n_sims", 1)), engine="auto")
        design = self.design(state)
        rates = self.explored_rates(state, design)
        self.curves(design, rates)
        joint(design, like=rates)
        widths(design)


def _usual_rates(design: Design) -> tuple[float, ...]:
    """Return the response rates that a page begins with: null and target in turn."""
    n_arms = len(design.arms)
    if design.hypotheses is None:
        return (0.3,) * n_arms
    ends = (design.hypotheses.null_rate, design.hypotheses.target_rate)
    return (ends[1],) if n_arms == 1 else tuple(ends[arm > 0] for arm in range(n_arms))


def _exact(scenario: Scenario, format_: str) -> bytes:
    """Return the exact result of a scenario in a format."""
    from trialsim.api import run
    from trialsim.report.document import as_parquet
    from trialsim.report.formats import rendered

    result = run(scenario, engine="exact")
    return as_parquet(result) if format_ == "parquet" else rendered(result, format_, full=True).encode()


def _override(path: str, value: Any) -> Override:
    return Override(path_of(path), value, f"{path}={_in_yaml(value)}", "the change")


def _in_yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
