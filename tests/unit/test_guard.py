"""The guard on exact solutions: more responses must not make an arm stop."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from trialsim import InputError, load_design, load_scenario, run
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.engines.guard import STEP, falls
from trialsim.inference.joint import JointRates
from trialsim.plan import NEVER
from trialsim.spec.shipped import shipped_names


@pytest.mark.parametrize("name", shipped_names("designs"))
def test_no_design_that_ships_punishes_responses(name: str) -> None:
    design = load_design(name)
    plan = compile_design(design)
    for rate in (0.0, 0.1, 0.3, 0.6, 1.0):
        rates = (rate,) * len(design.arms)
        if design.watches_toxicity:
            rates = JointRates(rates, (0.25,) * len(design.arms), 2.0)
        assert falls(plan, rates, solve(plan, rates)) is None


def test_a_boundary_that_is_upside_down_is_noticed() -> None:
    """Of 17 patients 4 must respond. Turned round, so that 3 or fewer let it go on, more responses stop it."""
    design = load_design("simon-1989-20-40")
    plan = compile_design(design)
    nodes = plan.nodes._replace(success=np.where(plan.nodes.look[:, None] == 0, NEVER, plan.nodes.success))
    children = nodes.children.copy()
    first = slice(nodes.first_child[0], nodes.first_child[0] + nodes.n_codes[0])
    children[first] = children[first][::-1]  # what stops goes on, and what goes on stops
    upside_down = plan._replace(nodes=nodes._replace(children=children))
    found = falls(upside_down, (0.2,), solve(upside_down, (0.2,)))
    assert found is not None
    assert (found.arm, found.rates) == (0, (0.2, 0.2 + STEP))
    assert found.chances == pytest.approx(
        tuple(sum(comb(17, x) * p**x * (1 - p) ** (17 - x) for x in range(4)) for p in found.rates)
    )


def test_the_run_refuses_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from trialsim.engines import guard

    monkeypatch.setattr(guard, "falls", lambda *_: guard.Falls(0, (0.2, 0.22), (0.5, 0.4)))
    with pytest.raises(
        InputError, match=r"arm treatment goes on with probability 0\.5 at a true rate of 0\.2, but with"
    ):
        run(load_scenario("simon-20-40"), "exact")
