"""Searches find the designs that other programs and papers print, not only their figures.

Sources, as looked up: the vignette "Functions For Clinical Trial Design" and the help of the R package clinfun
(ph2simon, twostage.admissible, ph2single); the help of setupSimon in the R package OneArmPhaseTwoStudy, example output;
the tests of the R package PhIIdesign; a page on Fleming's procedure (MedSci, sample_size_fleming); the Stata help of
sampsi_fleming, through designs/ahern-2001-*.yaml.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.naive import search as naive
from trialsim import load_design
from trialsim.search.fleming import fleming
from trialsim.search.simon import simon
from trialsim.search.single_stage import single_stage
from trialsim.spec.shipped import shipped_names

# r1, n1, r, n, EN(p0), PET(p0), lowest and highest weight of n, from minimax to optimal
ADMISSIBLE = {
    (0.05, 0.20, 0.10, 0.10): [
        (0, 18, 3, 32, 26.43900, 0.3972143, 0.640, 1.000),
        (0, 15, 3, 33, 24.66076, 0.4632912, 0.323, 0.640),
        (0, 13, 3, 35, 23.70647, 0.5133421, 0.097, 0.323),
        (0, 12, 3, 37, 23.49100, 0.5403601, 0.000, 0.097),
    ],
    (0.25, 0.45, 0.05, 0.10): [
        (6, 26, 17, 49, 37.14596, 0.5153932, 0.782, 1.000),
        (7, 26, 17, 50, 33.55630, 0.6851542, 0.129, 0.782),
        (6, 22, 19, 57, 32.52206, 0.6993697, 0.000, 0.129),
    ],
}


@pytest.mark.parametrize("asked", ADMISSIBLE)
def test_twostage_admissible(asked: tuple[float, ...]) -> None:
    found = simon(*asked)
    in_order = sorted(found.designs, key=lambda design: design.looks[-1])
    assert [design.criterion for design in in_order][:: len(in_order) - 1] == ["minimax", "optimal"]
    for design, row in zip(in_order, ADMISSIBLE[asked], strict=True):
        r1, n1, r, n, en, pet, low, high = row
        assert (design.looks, design.stop_at_or_below) == ((n1, n), (r1, r))
        assert round(design.measures["en_null"], 5) == en
        assert round(design.measures["pet_null"], 7) == pet
        assert design.details["weight_of_n"] == pytest.approx([low, high], abs=0.000501)


# p0, p1, alpha, beta, then r1, n1, r, n, EN(p0), PET(p0) of minimax and of optimal; clinfun's help of ph2simon
PH2SIMON = [
    (0.20, 0.40, 0.10, 0.10, (3, 19, 10, 36, 28.26, 0.4551), (3, 17, 10, 37, 26.02, 0.5489)),
    (0.20, 0.35, 0.05, 0.05, (15, 68, 25, 95, 75.44, 0.7244), (11, 50, 28, 109, 67.07, 0.7107)),
]


@pytest.mark.parametrize("row", PH2SIMON)
def test_ph2simon(row: tuple[float, float, float, float, tuple[float, ...], tuple[float, ...]]) -> None:
    designs = {design.criterion: design for design in simon(*row[:4], 120).designs}
    for criterion, printed in zip(("minimax", "optimal"), row[4:], strict=True):
        design = designs[criterion]
        assert (*design.stop_at_or_below, *design.looks) == (printed[0], printed[2], printed[1], printed[3])
        assert round(design.measures["en_null"], 2) == printed[4]
        assert round(design.measures["pet_null"], 4) == printed[5]


# r1, n1, r, n, EN(p0), EN(p1), PET(p0), PET(p1), alpha, beta; the best printed of each size
SETUP_SIMON = [
    (2, 25, 7, 41, 32.41, 40.86, 0.5371, 0.0090, 0.0467, 0.0486),
    (3, 27, 8, 46, 32.36, 45.62, 0.7179, 0.0202, 0.0339, 0.0488),
    (3, 26, 8, 47, 31.44, 46.45, 0.7409, 0.0260, 0.0368, 0.0476),
    (3, 25, 8, 48, 30.44, 47.24, 0.7636, 0.0332, 0.0394, 0.0494),
]


@pytest.mark.parametrize("row", SETUP_SIMON)
def test_one_arm_phase_two_study_has_the_same_best_design_of_a_size(row: tuple[float, ...]) -> None:
    r1, n1, r, n, en, _, pet, _, alpha, beta = row
    feasible = simon(0.1, 0.3, 0.05, 0.05).feasible
    assert feasible is not None
    own = {int(values[2]): values for values in feasible.values}
    assert min(own) == 41
    assert own[int(n)][:4].tolist() == [n1, r1, n, r]
    found = own[int(n)][4:]
    assert abs(found[0] - en) <= 0.005001
    assert max(abs(found[1] - pet), abs(found[2] - alpha), abs(1 - found[3] - beta)) <= 0.0000501


def test_the_optimal_design_of_phiidesign() -> None:
    design = simon(0.1, 0.3, 0.05, 0.2).designs[0]
    assert (design.looks, design.stop_at_or_below) == ((10, 29), (1, 5))
    printed = {"en_null": 15.0141203471, "pet_null": 0.7360989291, "alpha": 0.0470863066438917}
    for name, value in printed.items():
        assert design.measures[name] == pytest.approx(value, abs=1e-10)
    assert 1 - design.measures["power"] == pytest.approx(0.194937086849675, abs=1e-10)


NOT_OPTIMAL = "simon2stage-10-40"
"""The Stata help of simon2stage calls 1/7 3/15 optimal; 0/4 3/15 keeps the same error rates and expects fewer."""
CATALOGUE = [name for name in shipped_names("designs") if name.startswith(("simon-1989", "jung-2004"))]


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_search_finds_the_two_stage_designs_of_the_catalogue(name: str) -> None:
    design = load_design(name)
    assert design.hypotheses is not None
    null, target = design.hypotheses.null_rate, design.hypotheses.target_rate
    asked = {
        (value.response_rate, value.relation): value.printed
        for value in design.published
        if value.measure == "p_reject"
    }
    alpha, power = asked[null, "at_most"], asked[target, "at_least"]
    found = {d.looks: d for d in simon(null, target, alpha, round(1 - power, 6), 150).designs}
    first, last = design.looks
    assert first.at != "full_enrolment"
    own = found[first.at.total, design.caps[0]]
    assert first.continue_if is not None
    assert last.success_if is not None
    n = first.at.total
    least = (
        first.continue_if.rule.boundary(design.asked("treatment", n)),
        last.success_if.rule.boundary(design.asked("treatment", design.caps[0])),
    )
    assert own.stop_at_or_below == tuple(x - 1 for x in least)
    word = next((word for word in ("minimax", "admissible") if word in name), "optimal")
    assert own.criterion == word


def test_the_catalogue_is_not_empty() -> None:
    assert len(CATALOGUE) >= 15


def test_a_printed_optimal_design_is_beaten() -> None:
    design = load_design(NOT_OPTIMAL)
    printed = next(value.printed for value in design.published if value.measure == "n_mean")
    best = simon(0.1, 0.4, 0.05, 0.2).designs[0]
    assert (best.looks, best.stop_at_or_below) == ((4, 15), (0, 3))
    own = (4, 0, 15, 3)
    assert float(naive.en_null(own, Fraction(1, 10))) < printed - 0.4
    assert naive.p_reject(own, Fraction(1, 10)) <= Fraction(1, 20)
    assert naive.p_reject(own, Fraction(2, 5)) >= Fraction(4, 5)


# n, r, alpha, beta as printed by ph2single(0.4, 0.6, 0.1, 0.1): the first of five
def test_ph2single() -> None:
    design = single_stage(0.4, 0.6, 0.1, 0.1).designs[0]
    assert (design.looks, design.stop_at_or_below) == ((41,), (20,))
    assert round(design.measures["alpha"], 8) == 0.09651722
    assert round(1 - design.measures["power"], 8) == 0.09651722


def test_sampsi_fleming() -> None:
    """p0 0.1, p1 0.35, alpha 0.01, power 0.8 after A'Hern (2001); the catalogue's ahern-2001-10-35."""
    design = single_stage(0.1, 0.35, 0.01, 0.2).designs[0]
    assert (design.looks, design.stop_at_or_below) == ((25,), (6,))
    assert round(design.measures["alpha"], 4) == 0.0095
    assert round(design.measures["power"], 4) == 0.8266


def test_flemings_boundaries_at_15_and_25_patients() -> None:
    design = fleming(0.2, 0.4, 0.05, 0.20, looks=(15, 25)).designs[0]
    assert design.stop_at_or_below == (3, 8)
    assert design.details["reject_at_or_above"] == (7, 9)
