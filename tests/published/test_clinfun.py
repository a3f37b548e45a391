"""Two-stage designs as printed in the documentation of the R package clinfun (ph2simon, both examples)."""

import pytest

import trialsim

# null rate, target rate, alpha, beta, r1, n1, r, n, EN(p0), PET(p0)
PRINTED = [
    (0.20, 0.40, 0.10, 0.10, 3, 19, 10, 36, 28.26, 0.4551),
    (0.20, 0.40, 0.10, 0.10, 3, 17, 10, 37, 26.02, 0.5489),
    (0.20, 0.35, 0.05, 0.05, 15, 68, 25, 95, 75.44, 0.7244),
    (0.20, 0.35, 0.05, 0.05, 11, 53, 26, 99, 69.88, 0.6330),
    (0.20, 0.35, 0.05, 0.05, 11, 51, 27, 104, 67.68, 0.6852),
    (0.20, 0.35, 0.05, 0.05, 11, 50, 28, 109, 67.07, 0.7107),
]


@pytest.mark.parametrize("row", PRINTED)
def test_ph2simon(row: tuple[float, ...]) -> None:
    null, target, alpha, beta, r1, n1, r, n, en, pet = row
    changes = {
        "design.hypotheses.null_rate": null,
        "design.hypotheses.target_rate": target,
        "design.enrolment.cap": n,
        "design.looks.0.at.total": n1,
        "design.looks.0.continue_if.rule.at_least": r1 + 1,
        "design.looks.1.success_if.rule.at_least": r + 1,
        "truths.inactive.response_rate": null,
        "truths.active.response_rate": target,
    }
    scenario = trialsim.load_scenario("simon-20-40", [f"{path}={value}" for path, value in changes.items()])
    found = {(m.truth, m.measure): m.exact for m in trialsim.run(scenario, "exact").records if m.arm == "treatment"}
    assert round(found["inactive", "n_mean"], 2) == en
    assert round(found["inactive", "pet"], 4) == pet
    assert found["inactive", "p_reject"] <= alpha
    assert found["active", "p_reject"] >= 1 - beta
