"""What every member of every registry keeps, and that the registries are not empty."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import trialsim
from tests.agreement.joint_designs import scenario_of
from trialsim.inference.intervals import INTERVALS, IntervalName
from trialsim.oc.table import FAMILIES
from trialsim.spec.measures import MeasureName
from trialsim.spec.rules import RULES
from trialsim.spec.schema import schema_text
from trialsim.spec.shipped import shipped_file, shipped_names

ROOT = Path(__file__).parents[2]


def test_public_names() -> None:
    assert trialsim.__all__ == [
        "Design",
        "DisagreementError",
        "InputError",
        "NotSolvableError",
        "Record",
        "Result",
        "Scenario",
        "TrialsimError",
        "__version__",
        "load_design",
        "load_scenario",
        "run",
        "write_trials",
    ]
    for name in trialsim.__all__:
        assert getattr(trialsim, name).__doc__
    with pytest.raises(AttributeError, match="nonsense"):
        trialsim.nonsense  # noqa: B018


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, trialsim; print([m for m in ('numpy', 'pydantic', 'numba', 'scipy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_intervals_and_their_names_agree() -> None:
    assert tuple(INTERVALS) == IntervalName.__args__
    assert len(INTERVALS) == 6
    for method in INTERVALS.values():
        assert method.__doc__


def test_rules_have_kinds_of_their_own() -> None:
    kinds = [rule.model_fields["kind"].annotation.__args__[0] for rule in RULES]
    assert sorted(kinds) == [
        *("all", "any", "bop2", "conditional-power", "confidence-limit", "curtailment", "exact-test", "posterior"),
        *("predictive-probability", "responses", "table"),
    ]


def test_measures_are_named_in_the_specification() -> None:
    records = trialsim.run(trialsim.load_scenario("simon-20-40"), "exact").records
    records += trialsim.run(trialsim.load_scenario("gist", ["design.analysis.target_half_width=0.09"]), "exact").records
    records += trialsim.run(trialsim.Scenario.model_validate(scenario_of("single stage")), "exact").records
    assert {record.measure for record in records} == set(MeasureName.__args__)


def test_measures_are_documented() -> None:
    assert len(FAMILIES) == 7
    for family in FAMILIES:
        assert family.__doc__.startswith("Yield")


@pytest.mark.parametrize("kind", ["design", "scenario"])
def test_shipped_schemas_are_current_and_every_file_names_its_schema(kind: str) -> None:
    folder = ROOT / f"{kind}s"
    assert (folder / "schema.json").read_text() == schema_text(kind)
    for name in shipped_names(f"{kind}s"):
        path = shipped_file(name, f"{kind}s")
        assert path is not None
        assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize("name", shipped_names("designs"))
def test_shipped_designs_compile_and_can_be_solved(name: str) -> None:
    from trialsim.compile import compile_design
    from trialsim.engines.exact import why_not

    design = trialsim.load_design(name)
    assert design.name == name
    assert why_not(compile_design(design)) is None


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_shipped_scenarios_agree_and_every_record_is_complete(name: str) -> None:
    scenario = trialsim.load_scenario(name, ["n_sims=20000"])
    if scenario.conduct is not None:
        scenario = scenario.model_copy(update={"conduct": scenario.conduct.model_copy(update={"n_sims": 300})})
    result = trialsim.run(scenario)
    assert scenario.name == name
    assert result.agreement is not None
    assert result.agreement.failures == ()
    assert result.agreement.n_judged > 50
    for record in result.records:
        if record.engine == "montecarlo" and record.estimate is not None:
            assert record.mcse is not None
            assert record.exact is not None
            assert record.z is not None
            assert (record.bound is not None) == (
                record.mcse == 0 and record.estimate in (0, 1) and not _is_mean(record)
            )


def _is_mean(record: trialsim.Record) -> bool:
    return not record.measure.startswith(("p_", "pet", "n_pmf", "ci_coverage"))


@pytest.mark.parametrize("source", ["../gist", "/etc/passwd", "..", "designs/../gist", "gist.yaml/x", "GIST"])
def test_shipped_names_lead_nowhere_else(source: str) -> None:
    assert shipped_file(source, "scenarios") is None


@pytest.mark.parametrize("source", ["gist", "gist.yaml", "scenarios/gist.yaml", "./scenarios/gist.yaml"])
def test_shipped_names(source: str) -> None:
    path = shipped_file(source, "scenarios")
    assert path is not None
    assert path.name == "gist.yaml"
