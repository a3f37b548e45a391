"""Options of the command line that are small languages: `--set`, `--variant`, `--target-mcse`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from tests.fuzz import shipped
from tests.fuzz.mutation import NAMES, NUMBERS, OTHERS, TOKENS, as_text, of_text
from tests.fuzz.target import Target, answered
from trialsim.comparison.variants import variant_of
from trialsim.effort import target_of
from trialsim.spec.load import Document, scenario_document, scenario_of

_SET = (
    "n_sims=1000",
    "design.enrolment.cap=40",
    "truths.0.response_rate=0.25",
    "truths.active.response_rate=36/73",
    "design=fleming-1982-20-40",
    "design.looks.first stage.continue_if.rule.at_least=5",
    "design.looks.0.at={total: 20}",
    "plans=[{name: a, cap: 40}]",
    "plans.0.cap=45",
    "intervals.0=wilson",
    "vary.n_sims={values: [10, 20]}",
    "vary={truths.active.response_rate: {as: r, from: 0.1, to: 0.3, step: 0.1}, where: r > 0.1}",
    "vary.where=n >= 2",
    "title=5 % <b>",
    "conduct=null",
    "design.hypotheses.null_rate=1e-1",
)
_VARIANTS = ("larger: design.enrolment.cap=40; n_sims=1000", "plans=[{name: a, cap: 40}]; seed=2", "a: title='x;y'")
_EFFORT = ("0.001", "n_mean=0.05", "p_stop=1e-3")


def seeds() -> list[bytes]:
    """Return options as people write them, one a line."""
    sets = [f"--set\n{first}\n{second}" for first, second in zip(_SET, (*_SET[1:], _SET[0]), strict=True)]
    others = [f"--variant\n{one}" for one in _VARIANTS] + [f"--target-mcse\n{one}" for one in _EFFORT]
    return [one.encode() for one in (*sets, *others)]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change letters, or a step of a path, or a value."""
    kind, _, rest = data.partition(b"\n")
    if rng.random() < 0.4:
        return kind + b"\n" + of_text(rest, rng)
    lines = rest.split(b"\n")
    at = rng.randrange(len(lines))
    path, equals, value = lines[at].partition(b"=")
    if rng.random() < 0.5:
        steps = path.split(b".")
        steps[rng.randrange(len(steps))] = str(rng.choice((*NAMES, *range(-1, 4)))).encode("utf-8", "surrogatepass")
        path = b".".join(steps)
    else:
        value = as_text(rng.choice(rng.choice((NAMES, NUMBERS, OTHERS, TOKENS))))
        value = value.strip(b'"') if rng.random() < 0.5 else value
    lines[at] = path + equals + value
    if rng.random() < 0.3:
        lines.append(rng.choice(_SET).encode())
    return kind + b"\n" + b"\n".join(lines)


@cache
def _document(*, has_plans: bool) -> Document:
    data = {key: value for key, value in shipped.whole().items() if has_plans or key != "plans"}
    return scenario_document(as_text(data).decode(), "the scenario")


def begin(_: Path) -> Callable[[bytes], None]:
    """Return what tries options."""

    def one(data: bytes) -> None:
        kind, _, rest = data.decode("utf-8", "surrogateescape").partition("\n")
        lines = rest.split("\n")[:8]
        document = _document(has_plans="plans" in rest or shipped.one_in(4, data))
        if kind == "--variant":
            variant = answered(lambda: variant_of(rest))
            if variant is not None:
                answered(lambda: scenario_of(document, variant.overrides()))
        elif kind == "--target-mcse":
            answered(lambda: target_of(lines))
        else:
            answered(lambda: scenario_of(document, lines))

    return one


TARGET = Target("options", seeds, mutate, begin)
