"""One arm, responses and toxicities together: enumeration and one trial at a time (docs/ideal-conduct.md, section 3).

A design is {"looks": [{"n": patients, "stop_low": most responses that stop or -1, "stop_high": least responses that
stop for efficacy or None, "toxic": least toxicities that are too many or None}, …], "success": least responses that
reject at the end or None}; its last look is the final one.
"""

from fractions import Fraction
from math import comb
from typing import Any

from .trial import binomial_draw, response_word, threefry2x64

Design = dict[str, Any]
Cells = tuple[float | Fraction, float | Fraction, float | Fraction, float | Fraction]  # neither, R only, T only, both

TOXICITY_OF_PATIENT = 13  # the purpose of section 3 under which toxicities are drawn


def cells_of(response: float, toxicity: float, odds_ratio: float) -> Cells:
    """The 2 x 2 table, by bisection on the cell of both (the odds ratio grows with it)."""
    low, high = max(0.0, response + toxicity - 1.0), min(response, toxicity)
    for _ in range(200):
        both = (low + high) / 2
        product = (response - both) * (toxicity - both)
        if both * (1 - response - toxicity + both) < odds_ratio * product:
            low = both
        else:
            high = both
    return (1 - response - toxicity + both, response - both, toxicity - both, both)


def verdict(look: dict[str, Any], responses: int, toxicities: int) -> str:
    """What is decided of the arm at an interim look: too many toxicities come first."""
    if look["toxic"] is not None and toxicities >= look["toxic"]:
        return "toxic"
    if look["stop_high"] is not None and responses >= look["stop_high"]:
        return "efficacy"
    return "futility" if responses <= look["stop_low"] else "continue"


def enumerate_arm(design: Design, cells: Cells) -> dict[tuple[int, str, int], Any]:
    """Probability of each (last look, why it ended, responses); at the final look why is "toxic", "reject" or "not"."""
    reached: dict[tuple[int, int], Any] = {(0, 0): 1}
    ended: dict[tuple[int, str, int], Any] = {}
    before = 0
    for number, look in enumerate(design["looks"]):
        is_final = number == len(design["looks"]) - 1
        added, stage = look["n"] - before, stage_law(look["n"] - before, cells)
        before += added
        at_look: dict[tuple[int, int], Any] = {}
        for (r, t), p in reached.items():
            for (more_r, more_t), q in stage.items():
                key = (r + more_r, t + more_t)
                at_look[key] = at_look.get(key, 0) + p * q
        reached = {}
        for (r, t), p in at_look.items():
            if is_final:
                too_toxic = look["toxic"] is not None and t >= look["toxic"]
                why = "toxic" if too_toxic else "reject" if r >= design["success"] else "not"
            else:
                why = verdict(look, r, t)
            if why == "continue":
                reached[r, t] = p
            else:
                ended[number, why, r] = ended.get((number, why, r), 0) + p
    return ended


def stage_law(m: int, cells: Cells) -> dict[tuple[int, int], Any]:
    """Probability of each (responses, toxicities) among `m` patients, from the multinomial of the four cells."""
    neither, only_r, only_t, both = cells
    law: dict[tuple[int, int], Any] = {}
    for n_both in range(m + 1):
        for n_r in range(m + 1 - n_both):
            for n_t in range(m + 1 - n_both - n_r):
                left = m - n_both - n_r - n_t
                ways = comb(m, n_both) * comb(m - n_both, n_r) * comb(m - n_both - n_r, n_t)
                p = ways * both**n_both * only_r**n_r * only_t**n_t * neither**left
                key = (n_both + n_r, n_both + n_t)
                law[key] = law.get(key, 0) + p
    return law


def simulate_arm(
    design: Design, rates: tuple[float, float, float], seed: int, replicate: int, arm: int = 0
) -> tuple[int, str, int, int]:
    """One replicate: last look, why it ended, responses, toxicities (section 3). `rates`: response, toxicity, ratio."""
    response, toxicity, _ = rates
    both = float(cells_of(*rates)[3])
    given_response = both / response if response > 0 else 0.0
    given_none = (toxicity - both) / (1 - response) if response < 1 else 0.0
    n = responses = toxicities = 0
    for number, look in enumerate(design["looks"]):
        added = look["n"] - n
        gained = binomial_draw(response_word(seed, replicate, number, arm), added, Fraction(response))
        for place in range(added):
            index = (arm // 2) * 2**32 + n + place
            word = threefry2x64((replicate, index), (seed, TOXICITY_OF_PATIENT))[arm % 2]
            uniform = (2 * (word // 2**12) + 1) / 2**53
            toxicities += uniform < (given_response if place < gained else given_none)
        n, responses = look["n"], responses + gained
        if number == len(design["looks"]) - 1:
            too_toxic = look["toxic"] is not None and toxicities >= look["toxic"]
            return (
                number,
                "toxic" if too_toxic else "reject" if responses >= design["success"] else "not",
                responses,
                toxicities,
            )
        why = verdict(look, responses, toxicities)
        if why != "continue":
            return number, why, responses, toxicities
    raise AssertionError("the final look ends every trial")
