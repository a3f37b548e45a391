"""The service's part for making a sweep: from the rows of a form to the `vary` block of a scenario.

Like `app.service` it talks to trialsim. What the form says is kept in the state's view, so that a link carries it.
"""

from __future__ import annotations

import json
import re
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from app.service.service import Refusal
from app.service.truths import EXPLORED, explored_truth, truth_of
from trialsim.spec.form import FormField, fields_of
from trialsim.spec.measures import MeasureName
from trialsim.spec.vary.measures import known_measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.service.service import Service
    from app.state import State

MAX_ROWS = 5
ENGINES = {"exact": "exact", "simulated": "simulated", "calendar": "simulated, with calendar"}
DEFAULT_SIMS = 2_000
KEPT: tuple[MeasureName, ...] = ("p_stop", "p_continue", "p_arms_continuing", "p_success", "p_reject", "pet", "n_mean")
"""The measures that a sweep keeps unless others are chosen: all of them take several times as long."""
_RANGE = re.compile(r"^(?P<from>.*?)\.\.(?P<to>.*?)(?:/(?P<step>.*))?$")


class Row(NamedTuple):
    """One row of the form: a field, and the values that it is tried at."""

    path: str
    is_list: bool
    from_: float | None = None
    to: float | None = None
    step: float | None = None
    values: str = ""
    """The list, as it is written: 10, 14, 18."""


# The form and the state's view.


def has_own(service: Service, state: State) -> bool:
    """Return whether the base has a sweep of its own."""
    return bool(service.base_data(state).get("vary"))


def takes_own(service: Service, state: State) -> bool:
    """Return whether the sweep is that of the base's file."""
    return has_own(service, state) and state.seen("vary", "own") == "own"


def engine_of(state: State) -> str:
    """Return the engine chosen: a key of `ENGINES`."""
    chosen = state.seen("vary.engine", "exact")
    return chosen if chosen in ENGINES else "exact"


def n_sims_of(state: State) -> int | None:
    """Return the replicates chosen; None: none were."""
    text = state.seen("vary.sims")
    return int(text) if text.isdecimal() and len(text) < 12 else None


def measures_of(state: State) -> tuple[str, ...]:
    """Return the names of the measures chosen."""
    text = state.seen("vary.keep", " ".join(KEPT))
    return () if text == "all" else tuple(text.split())


def written(row: Row) -> str:
    """Return a row as the view keeps it.

    >>> written(Row("n_sims", False, 10, 30, 5)), written(Row("n_sims", True, values="10, 20"))
    ('n_sims=10..30/5', 'n_sims=10, 20')
    """
    if row.is_list:
        return f"{row.path}={row.values}"
    from_, to, step = ("" if number is None else json.dumps(number) for number in (row.from_, row.to, row.step))
    return f"{row.path}={from_}..{to}{f'/{step}' if step else ''}"


def read(text: str) -> Row:
    """Return the row that `written` was given.

    >>> read("n_sims=10..30/5")
    Row(path='n_sims', is_list=False, from_=10, to=30, step=5, values='')
    """
    path, _, values = text.rpartition("=")
    found = _RANGE.match(values)
    if found is None:
        return Row(path, True, values=values)
    from_, to, step = (_number(found[name]) for name in ("from", "to", "step"))
    return Row(path, False, from_, to, step)


def rows_of(service: Service, state: State) -> list[Row]:
    """Return the rows of the form; for a base that nobody has chosen rows for, some to begin with."""
    texts = [state.seen(f"vary.{number}") for number in range(MAX_ROWS)]
    found = [read(text) for text in texts if "=" in text]
    return found or default_rows(fields(service, state))


def fields(service: Service, state: State) -> list[FormField]:
    """Return what can be varied: the design, the true rates, and with the calendar the conduct."""
    design = service.design(state)
    n_arms = len(design.arms)
    found = list(fields_of(design, "design"))
    if not any(one.path == "design.enrolment.cap" for one in found):
        n = sum(design.caps)
        all_arms = found[0]._replace(path="design.enrolment.cap", where="design.enrolment.cap", group="enrolment")
        most = all_arms._replace(label="most patients, all arms", kind="whole", value=n, least=1, most=20_000)
        found.append(most._replace(low=float(ceil(n / 2)), high=float(2 * n), step=1.0, choices=()))
    names = [("", "true rate"), *((f".{arm}", f"true rate, {arm}") for arm in design.arm_names)]
    for suffix, label in names if n_arms > 1 else names[:1]:
        path = f"truths.{EXPLORED}.response_rate{suffix}"
        if "." not in suffix[1:]:
            found.append(FormField(path, "true rate", label, "number", 0.3, 0, 1, 0.05, 0.6, 0.05, (), path))
    if design.watches_toxicity:
        path = f"truths.{EXPLORED}.toxicity_rate"
        found.append(FormField(path, "true rate", "toxicity rate", "number", 0.2, 0, 1, 0.05, 0.6, 0.05, (), path))
    if engine_of(state) == "calendar" and (conduct := service.scenario(state).conduct) is not None:
        found += fields_of(conduct, "conduct")
    return found


def default_rows(known: Sequence[FormField]) -> list[Row]:
    """Return the size of the first look and the responses that it asks for, about the values that they have."""
    sizes = [one for one in known if re.search(r"\.at\.(per_arm|total)$", one.path)]
    asked = [one for one in known if one.path.endswith(".rule.at_least") and one.kind == "whole"]
    rows = []
    if sizes:
        rows.append(Row(sizes[0].path, False, ceil(0.55 * sizes[0].value), ceil(1.65 * sizes[0].value)))
    if asked:
        rows.append(Row(asked[0].path, False, max(1, asked[0].value - 2), max(2, 2 * asked[0].value)))
    return rows or [new_row(known[0])]


def new_row(one: FormField) -> Row:
    """Return a row for a field, with values that suit it."""
    if one.kind in ("choice", "switch"):
        return Row(one.path, True, values=", ".join(one.choices or ("true", "false")))
    if one.kind == "whole":
        by = max(1, ceil((one.high - one.low) / 10))
        return Row(one.path, False, int(one.low), int(one.high), by if by > 1 else None)
    step = one.step if (one.high - one.low) / one.step < 25 else float(f"{(one.high - one.low) / 10:.2g}")
    return Row(one.path, False, one.low, one.high, step)


def known_names(service: Service, state: State) -> tuple[str, ...]:
    """Return the names of the measures that a sweep of this state can keep."""
    ideal = [] if engine_of(state) == "calendar" or takes_own(service, state) else _without_conduct(service, state)
    return known_measures(service.scenario(state, *ideal), varies_conduct=False)


# The scenario that the form means.


def block_of(service: Service, state: State) -> dict[str, Any]:
    """Return the `vary` block of the form, as a file would have it; whether it makes sense is for the schema."""
    if takes_own(service, state):
        return dict(service.base_data(state)["vary"])
    block: dict[str, Any] = {}
    for row in rows_of(service, state):
        if row.path in block:
            refused = Refusal(f"{row.path} is varied twice; leave out one of the rows")
            refused.path, refused.problem = f"vary.{row.path}", "this field is varied twice; leave out one of the rows"
            raise refused
        block[row.path] = _axis(row)
    for path, name in _short_names(service, state, list(block)).items():
        axis = block[path] if isinstance(block[path], dict) else {"values": block[path]}
        block[path] = {"as": name, **axis}
    measures = measures_of(state)
    return {**block, "measures": list(measures)} if measures else block


def question(service: Service, state: State) -> list[tuple[str, Any]]:
    """Return the changes that make the scenario of the form."""
    n_sims, engine, block = n_sims_of(state), engine_of(state), block_of(service, state)
    effort = [("n_sims", n_sims or DEFAULT_SIMS)]
    if takes_own(service, state):
        changes: list[tuple[str, Any]] = [*effort] if n_sims and engine != "exact" else []
        has_calendar = bool(service.base_data(state).get("conduct")) and changes
        return [*changes, *([("conduct.n_sims", n_sims)] if has_calendar else []), ("vary", block)]
    changes = [*_without_conduct(service, state)] if engine != "calendar" else []
    if engine == "calendar":
        conduct = service.base_data(state).get("conduct")
        if not conduct:
            raise Refusal("this design has no conduct, so there is no calendar to simulate; choose another engine")
        changes += [("conduct.match", None)] if conduct.get("match") else []
        changes += [("conduct.n_sims", n_sims or DEFAULT_SIMS)]
    changes += effort if engine != "exact" else []
    return [*changes, ("truths", _truths(service, state, block)), ("vary", block)]


def row_at(refused: Refusal, rows: Sequence[Row]) -> int | None:
    """Return the number of the row that a refusal is about; None if it is about none."""
    for number, row in enumerate(rows):
        if refused.path == f"vary.{row.path}" or refused.path.startswith(f"vary.{row.path}."):
            return number
    return None


def _axis(row: Row) -> Any:
    if row.is_list:
        return [_word(text) for text in row.values.split(",") if text.strip()]
    ends = {"from": row.from_, "to": row.to, "step": row.step}
    return {name: value for name, value in ends.items() if value is not None}


def _short_names(service: Service, state: State, paths: Sequence[str]) -> dict[str, str]:
    """Return a name for each path that has words of its own: patients_per_arm instead of design.looks.….per_arm."""
    words = {one.path: re.sub(r"\W+", "_", one.label, flags=re.ASCII).strip("_") for one in fields(service, state)}
    names = {
        path: words[path] for path in paths if path in words and re.match("^[A-Za-z][A-Za-z0-9_]{0,39}$", words[path])
    }
    taken = list(names.values())
    return {path: name for path, name in names.items() if taken.count(name) == 1}


def _truths(service: Service, state: State, block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return null and target rate, and where the true rate is varied, that truth alone."""
    design = service.design(state)
    explored = explored_truth(design, service.explored_rates(state, design))
    if any(path.startswith("truths.") for path in block) or design.hypotheses is None:
        return [explored]
    ends = {"null rate": design.hypotheses.null_rate, "target rate": design.hypotheses.target_rate}
    return [truth_of(design, name, rate) for name, rate in ends.items()]


def _without_conduct(service: Service, state: State) -> list[tuple[str, Any]]:
    return [("conduct", None)] if service.base_data(state).get("conduct") else []


def _word(text: str) -> Any:
    """Return an item of a list as the number or truth value that it reads as, or as it is."""
    word = text.strip()
    if word in ("true", "false"):
        return word == "true"
    number = _number(word)
    return word if number is None else number


def _number(text: str | None) -> float | None:
    try:
        found = json.loads(text or "null", parse_constant=lambda _: None)
    except ValueError:
        return None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
