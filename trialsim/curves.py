"""A design over all true rates at once, exactly: what a slider asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.compile import compile_design
from trialsim.engines.exact import why_not
from trialsim.engines.exact_many import solve_each
from trialsim.errors import NotSolvableError
from trialsim.inference.joint import JointRates
from trialsim.inference.precision import worst
from trialsim.oc.entry import Setting
from trialsim.oc.many import exact_values
from trialsim.plan import watches_toxicity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.plan import Plan
    from trialsim.spec.design import Design

    Floats: TypeAlias = NDArray[np.float64]
    Key: TypeAlias = tuple[str, str | None, str | None, str | None, float | None, str | None]

MEASURES = ("p_continue", "p_stop", "p_arms_continuing", "p_success", "p_reject", "pet", "n_mean")
"""What the curves show."""
AT_TRUTH = (*MEASURES, "n_sd", "n_quantile", "n_pmf", "p_reached")
"""What is told of a single truth."""
STEPS = 100
"""Steps of the true rate from 0 to 1."""
JOINT_STEPS = 20
"""Steps of each rate of two arms."""
N_SIZES = 48
"""Sample sizes at which a width is shown."""


class Curves(NamedTuple):
    """Measures of a design along its truths."""

    design: Design
    plan: Plan
    truths: tuple[tuple[float, ...], ...]
    """(R,) true response rate of each arm."""
    values: dict[Key, Floats]
    """Each measure, (R,) along the truths, by its key: name, arm, look, condition, value, variant."""

    def of(
        self, measure: str, arm: str | None = None, look: str | None = None, value: float | None = None
    ) -> Floats | None:
        """Return a measure along the truths; None if the design does not have it."""
        return self.values.get((measure, arm, look, None, value, None))


def curves(
    design: Design, truths: Sequence[tuple[float, ...]] | None = None, measures: tuple[str, ...] = MEASURES
) -> Curves:
    """Return measures along many truths, without simulation.

    Parameters
    ----------
    design
        Any design that the exact engine can solve.
    truths
        Of each truth, the rate of each arm; None: the same rate in all arms, from 0 to 1. Where the design has rules
        for toxicity and a truth does not say the toxicity rate, that is the design's acceptable one (or, if it names
        none, the unacceptable one), independent of response.
    measures
        Names of `oc.many.MEASURES`.

    Raises
    ------
    NotSolvableError
        If the design cannot be solved exactly.
    InputError
        If a rule cannot be compiled.

    >>> from trialsim import load_design
    >>> found = curves(load_design("gist-imatinib"), [(0.05, 0.05), (0.30, 0.30)])
    >>> found.of("p_stop", "400 mg", "proof-of-concept").round(4).tolist()
    [0.9419, 0.06]
    """
    plan = compile_design(design)
    reason = why_not(plan)
    if reason:
        raise NotSolvableError(f"design {design.name}: {reason}")
    chosen = tuple(same_rate((0.0,) * len(design.arms)) if truths is None else truths)
    if watches_toxicity(plan):
        chosen = tuple(_with_toxicity(design, rates) for rates in chosen)
    analysis = design.analysis
    setting = Setting(
        plan, design.arm_names, design.look_names, (), (analysis.interval,), analysis.level, (0.05, 0.5, 0.95), measures
    )
    entries, values = exact_values(setting, solve_each(plan, chosen, outcomes=False))
    return Curves(design, plan, chosen, {entry.key: values[:, index] for index, entry in enumerate(entries)})


def _with_toxicity(design: Design, rates: tuple[float, ...]) -> tuple[float, ...]:
    assert design.toxicity is not None  # a design with rules for it names its rates
    return rates if isinstance(rates, JointRates) else JointRates(rates, (design.toxicity.usual_rate,) * len(rates))


def same_rate(like: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return truths with the same response rate in every arm, from 0 to 1; all else as in a truth that is given.

    >>> len(same_rate((0.05, 0.3))), same_rate((0.05, 0.3))[-1]
    (101, (1.0, 1.0))
    """
    rates = [(step / STEPS,) * len(like) for step in range(STEPS + 1)]
    return [with_toxicity_of(like, one) for one in rates]


def with_toxicity_of(like: tuple[float, ...], rates: tuple[float, ...]) -> tuple[float, ...]:
    """Return response rates with the toxicity of another truth, if that says any."""
    return JointRates(rates, like.toxicity, like.odds_ratio) if isinstance(like, JointRates) else rates


class Joint(NamedTuple):
    """How many of two arms go on, over their two true rates."""

    design: Design
    look: str
    rates: Floats
    """(J,)"""
    n_going_on: Floats
    """(3, J, J) probability that none, one, both go on; rows: rate of the second arm, columns: of the first."""
    truth: tuple[float, ...]
    """One of the truths: all have the same toxicity."""


def joint(design: Design, look: str | None = None, like: tuple[float, ...] = ()) -> Joint | None:
    """Return how many of two arms go on at a look; None if the design has not two arms, or no look that stops one.

    Parameters
    ----------
    design
        As for `curves`.
    look
        Its name; None: the first that can stop an arm.
    like
        A truth whose toxicity all have; none: as for `curves`.

    Raises
    ------
    NotSolvableError, InputError
        As for `curves`.
    """
    if len(design.arms) != 2:
        return None
    rates = np.linspace(0.0, 1.0, JOINT_STEPS + 1)
    pairs = ((first, second) for second in rates.tolist() for first in rates.tolist())
    truths = [with_toxicity_of(like, pair) for pair in pairs]
    found = curves(design, truths, ("p_arms_continuing",))
    looks = list(dict.fromkeys(str(key[2]) for key in found.values))
    chosen = look if look is not None else next(iter(looks), None)
    if chosen is None or chosen not in looks:
        return None
    shape = (len(rates), len(rates))
    shares = [found.of("p_arms_continuing", None, chosen, count) for count in range(3)]
    going_on = np.stack([np.reshape(share, shape) for share in shares if share is not None])
    return Joint(design, chosen, rates, going_on, found.truths[0])


class Widths(NamedTuple):
    """The worst interval of a sample, whatever is observed, by its size."""

    interval: str
    level: float
    n: tuple[int, ...]
    distance: tuple[float, ...]
    """Largest distance from the estimate to a limit, at each n."""
    half_width: tuple[float, ...]
    chosen: int
    """The patients of the design; one of n."""
    target: float | None
    """What the protocol promises."""
    target_of: str
    """"distance" or "half-width"."""


def widths(design: Design) -> Widths:
    """Return the worst width of a design's interval around its number of patients, all arms pooled."""
    analysis, chosen = design.analysis, sum(design.caps)
    low, high = min(10, chosen), max(2 * chosen, 60)
    sizes = {round(n) for n in np.geomspace(low, high, N_SIZES).tolist()} | {chosen}
    n = tuple(sorted(sizes))
    has_distance = analysis.target_distance is not None
    return Widths(
        analysis.interval,
        analysis.level,
        n,
        tuple(worst(analysis.interval, size, analysis.level, "distance")[0] for size in n),
        tuple(worst(analysis.interval, size, analysis.level, "half-width")[0] for size in n),
        chosen,
        analysis.target_distance if has_distance else analysis.target_half_width,
        "distance" if has_distance else "half-width",
    )
