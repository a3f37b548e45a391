"""Every published value in every design that ships is a test, by being there."""

import pytest

import trialsim
from trialsim.spec.shipped import shipped_names
from trialsim.validation import as_table, validate

NAMES = shipped_names("designs")


def test_the_catalogue_is_not_empty() -> None:
    assert {"gist-imatinib", "simon-1989-20-40"} <= set(NAMES)
    assert sum(len(trialsim.load_design(name).published) for name in NAMES) >= 7


@pytest.mark.parametrize("name", NAMES)
def test_published_values(name: str) -> None:
    design = trialsim.load_design(name)
    assert design.source
    found = validate(design, n_sims=20_000)
    assert len(found) == len(design.published)
    for item in found:
        assert item.agrees, item
        if item.record.z is not None:
            assert abs(item.record.z) < 4.5


def test_a_wrong_published_value_is_seen() -> None:
    design = trialsim.load_design("gist-imatinib")
    wrong = design.published[0].model_copy(update={"printed": 0.95})
    item = validate(design.model_copy(update={"published": (wrong,)}), "exact")[0]
    assert not item.agrees
    assert as_table([item]).rows[0][3] == "DIFFERS"


@pytest.mark.parametrize(
    ("relation", "printed", "agrees"),
    [("less_than", 0.9418, False), ("at_most", 0.9419, True), ("at_least", 0.9419, False), ("at_least", 0.9418, True)],
)
def test_relations(relation: str, printed: float, agrees: bool) -> None:
    design = trialsim.load_design("gist-imatinib")
    value = design.published[0].model_copy(update={"printed": printed, "relation": relation})
    assert validate(design.model_copy(update={"published": (value,)}), "exact")[0].agrees is agrees


def test_a_published_value_that_no_measure_answers_is_an_error() -> None:
    design = trialsim.load_design("gist-imatinib")
    unknown = design.published[0].model_copy(update={"look": "final"})
    with pytest.raises(trialsim.InputError, match="p_stop"):
        validate(design.model_copy(update={"published": (unknown,)}), "exact")
