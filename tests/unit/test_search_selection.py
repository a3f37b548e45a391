"""Picking the winner: against enumeration of all outcomes, and with the engine's own distribution of responses."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from tests.naive import bayes_search as naive
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.errors import InputError
from trialsim.search.selection import correct_selection, selection
from trialsim.spec.design import Design


@pytest.mark.parametrize(
    ("n", "n_arms", "margin", "within"),
    [(5, 2, 0.0, 0), (7, 3, 0.0, 0), (5, 4, 0.2, 1), (7, 3, 0.3, 2), (6, 2, 0.5, 3)],
)
@pytest.mark.parametrize("ties", ["random", "none"])
def test_is_what_enumeration_of_all_outcomes_gives(n, n_arms, margin, within, ties):
    rates = [Fraction(1, 5)] * (n_arms - 1) + [Fraction(3, 4)]
    wanted = naive.correct_selection(n, rates, within, ties == "random")
    assert correct_selection(n, n_arms, 0.2, 0.55, margin, ties) == pytest.approx(float(wanted), abs=1e-13)


def test_arms_that_respond_alike_are_selected_alike():
    assert correct_selection(20, 4, 0.3, 0.0, 0.1) == pytest.approx(0.25, abs=1e-13)


@pytest.mark.parametrize(("margin", "ties"), [(0.0, "random"), (0.06, "random"), (0.0, "none")])
def test_the_design_loads_and_the_engine_s_responses_give_the_same(margin, ties):
    found = selection(2, 0.3, 0.2, 0.8, margin=margin, ties=ties).designs[0]
    design = Design.model_validate(found.document)
    plan = compile_design(design)
    tally = solve(plan, (0.3, 0.5))
    arms = [tally.arm[plan.arm_cells.arm == arm] for arm in (0, 1)]
    total = 0.0
    for x, y in product(range(found.looks[0] + 1), repeat=2):
        lead = y - x
        share = 1.0 if lead >= found.details["ahead_by"] else 0.0 if -lead >= found.details["ahead_by"] else 0.5
        total += arms[0][x] * arms[1][y] * (share if ties == "random" else float(share == 1.0))
    assert found.measures["p_correct"] == pytest.approx(total, abs=1e-12)
    assert total >= 0.8


def test_smallest_and_smallest_for_good():
    found = {one.criterion: one for one in selection(3, 0.2, 0.15, 0.85, margin=0.05, n_max=150).designs}
    kept = [correct_selection(n, 3, 0.2, 0.15, 0.05) >= 0.85 for n in range(1, 151)]
    assert found["smallest"].looks == (kept.index(True) + 1,)
    assert found["smallest-for-good"].looks == (150 - kept[::-1].index(False) + 1,)
    assert found["smallest"].looks < found["smallest-for-good"].looks
    assert found["smallest"].measures["p_clear_winner"] < found["smallest"].measures["p_correct"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_arms": 1}, "arms 1: a number from 2"),
        ({"difference": 0.0}, "the best arm must be ahead"),
        ({"difference": 0.9}, "is above 1; at most 0.8"),
        ({"probability": 0.3}, "above 1/3, which drawing lots reaches"),
        ({"margin": 0.2}, "margin 0.2: from 0 and below the difference"),
        ({"ties": "randon"}, 'did you mean "random"'),
        ({"n_max": 30}, "the nearest is 0.841 with 30"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, words):
    with pytest.raises(InputError, match=words):
        selection(**{"n_arms": 3, "low_rate": 0.2, "difference": 0.15, **change})
