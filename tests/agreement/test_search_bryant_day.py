"""The search for designs for response and toxicity against every design, one by one, and against both engines."""

from __future__ import annotations

import pytest

from tests.naive import bryant_day as naive
from trialsim import Design, InputError
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.inference.joint import JointRates
from trialsim.search.bryant_day import bryant_day
from trialsim.search.found import Found

QUESTIONS = {
    "independent": naive.Question((0.1, 0.6), (0.6, 0.1), 0.3, 0.25, 0.35, 1.0, 6),
    "together": naive.Question((0.1, 0.6), (0.6, 0.1), 0.3, 0.25, 0.35, 5.0, 6),
    "apart": naive.Question((0.2, 0.7), (0.5, 0.1), 0.35, 0.35, 0.3, 0.2, 6),
}


def as_design(found: Found) -> naive.Design:
    tox = tuple(found.details["too_toxic_at_or_above"])
    enough = tuple(most + 1 for most in found.stop_at_or_below)
    figures = (found.measures[name] for name in ("alpha", "alpha_toxicity", "power", "en_null"))
    return naive.Design(found.looks, enough, tox, *figures)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_search_finds_the_best_of_all_designs(name: str) -> None:
    question = QUESTIONS[name]
    every = naive.designs(question)
    assert len(every) > 5
    found = bryant_day(
        *question.response,
        *question.toxicity,
        question.alpha,
        question.beta,
        alpha_toxicity=question.alpha_toxicity,
        odds_ratio=question.odds_ratio,
        n_max=question.n_max,
    )
    optimal, minimax = (as_design(design) for design in found.designs)
    least = min(design.en for design in every)
    assert optimal.en == pytest.approx(least, abs=1e-12)
    smallest = [design for design in every if design.n[1] == min(other.n[1] for other in every)]
    assert minimax.n[1] == smallest[0].n[1]
    assert minimax.en == pytest.approx(min(design.en for design in smallest), abs=1e-12)
    for design in (optimal, minimax):
        same = [other for other in every if other[:3] == design[:3]]
        assert len(same) == 1
        assert same[0][3:] == pytest.approx(design[3:], abs=1e-12)
        rivals = [other for other in every if other.n == design.n and abs(other.en - design.en) < 1e-9]
        assert design.power == pytest.approx(max(other.power for other in rivals), abs=1e-12)


@pytest.mark.parametrize("odds_ratio", [1.0, 6.0])
def test_figures_are_those_of_the_exact_engine(odds_ratio: float) -> None:
    found = bryant_day(0.1, 0.4, 0.45, 0.15, 0.15, 0.2, odds_ratio=odds_ratio, n_max=24).designs[0]
    design = Design.model_validate(found.document)
    plan = compile_design(design)
    cases = {
        "alpha": (0.1, 0.15),
        "alpha_toxicity": (0.4, 0.45),
        "power": (0.4, 0.15),
        "alpha_both": (0.1, 0.45),
    }
    patients = {
        "alpha": "en_response_null",
        "alpha_toxicity": "en_toxicity_null",
        "power": "en_target",
        "alpha_both": "en_both_null",
    }
    for name, (p, q) in cases.items():
        tally = solve(plan, JointRates((p,), (q,), odds_ratio))
        assert tally.arm[plan.arm_cells.success].sum() == pytest.approx(found.measures[name], abs=1e-12)
        assert tally.ending @ plan.endings.n[:, 0] == pytest.approx(found.measures[patients[name]], abs=1e-10)


def test_bounds_hold_for_every_association() -> None:
    found = bryant_day(0.1, 0.4, 0.45, 0.15, 0.15, 0.2, n_max=24).designs[0]
    plan, measures = compile_design(Design.model_validate(found.document)), found.measures
    for odds_ratio in (1e-4, 0.1, 1.0, 10.0, 1e4):
        alpha, alpha_toxicity, power = (
            solve(plan, JointRates((p,), (q,), odds_ratio)).arm[plan.arm_cells.success].sum()
            for p, q in ((0.1, 0.15), (0.4, 0.45), (0.4, 0.15))
        )
        assert alpha <= measures["alpha_any"] + 1e-12
        assert alpha_toxicity <= measures["alpha_toxicity_any"] + 1e-12
        assert power >= measures["power_any"] - 1e-12


def test_what_is_kept_for_the_picture() -> None:
    found = bryant_day(0.1, 0.4, 0.45, 0.15, 0.15, 0.2, n_max=30)
    assert found.feasible is not None
    assert found.feasible.columns[:2] == ("n", "en_null")
    n, en = found.feasible.values[:, 0], found.feasible.values[:, 1]
    optimal, minimax = found.designs
    assert en.min() == pytest.approx(optimal.measures["en_null"])
    assert n[0] == minimax.looks[1] == n.min()
    assert (n[1:] > n[:-1]).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"toxicity_target_rate": 0.5}, "swapped"),
        ({"toxicity_null_rate": 1.0}, "strictly between"),
        ({"null_rate": 0.4}, "null rate"),
        ({"alpha_toxicity": 0.0}, "alpha-toxicity"),
        ({"odds_ratio": 0.0}, "odds ratio"),
        ({"n_max": 5}, "no two-stage design of at most 5 patients"),
        ({"n_max": 80, "odds_ratio": 2.0}, "80"),
    ],
)
def test_what_makes_no_sense_is_refused(changed: dict[str, float], words: str) -> None:
    asked = {"null_rate": 0.1, "target_rate": 0.4, "toxicity_null_rate": 0.45, "toxicity_target_rate": 0.15, **changed}
    with pytest.raises(InputError, match=words):
        bryant_day(**asked)  # type: ignore[arg-type]
