"""Every published value in every design that ships is a test, by being there."""

import csv
import io
import json

import pytest
import yaml

import trialsim
from trialsim.spec.shipped import shipped_file, shipped_names
from trialsim.validation import (
    Validation,
    as_csv,
    as_json,
    as_table,
    counts,
    disagreements,
    rates_in_words,
    summary,
    validate,
)

NAMES = shipped_names("designs")
FOUNDING = trialsim.load_design("gist-imatinib")
_exact: dict[str, list[Validation]] = {}


def exact(name: str) -> list[Validation]:
    if name not in _exact:
        _exact[name] = validate(trialsim.load_design(name), "exact")
    return _exact[name]


def test_the_catalogue_holds_the_families() -> None:
    assert len(NAMES) >= 30
    for start in ("gist-", "simon-1989-", "jung-2004-", "ahern-2001-", "gehan-1961-", "fleming-1982-", "lee-liu-2008-"):
        assert any(name.startswith(start) for name in NAMES), start
    for start in ("bryant-day-1995", "bop2-", "mander-2010-", "toxicity-", "lenvatinib-", "everolimus-"):
        assert any(name.startswith(start) for name in NAMES), start


def test_at_least_25_designs_count() -> None:
    assert sum(counts(exact(name)) for name in NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_a_design_says_where_it_comes_from(name: str) -> None:
    design = trialsim.load_design(name)
    assert design.name == name
    assert design.title
    assert len(design.source) > 60
    assert design.published
    assert all(len(one.place) > 10 for one in design.published)


@pytest.mark.parametrize("name", NAMES)
def test_published_values_exactly(name: str) -> None:
    found = exact(name)
    assert len(found) == len(trialsim.load_design(name).published)
    for item in found:
        assert item.record.exact is not None
        assert item.agrees, (item.published, item.record)


@pytest.mark.parametrize("name", NAMES)
def test_the_digits_are_those_written_in_the_file(name: str) -> None:
    """A number with more digits in the file than it claims would be held to fewer than are printed."""
    file = shipped_file(name, "designs")
    assert file is not None
    for one in yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)["published"]:
        assert len(one["printed"].partition(".")[2]) <= int(one["digits"]), one


def test_a_design_is_run_once_for_all_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[object] = []

    def counted(*given: object, **more: object) -> object:
        runs.append(given)
        return trialsim.run(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("trialsim.published.run", counted)
    assert len(validate(trialsim.load_design("toxicity-20-35-four-looks"), "exact")) == 18
    assert len(runs) == 1


def test_a_value_of_another_cap_is_answered_at_that_cap() -> None:
    own = FOUNDING.published[0]
    values = (own, own.model_copy(update={"measure": "n_mean", "look": None, "printed": 42.45, "cap": 147}))
    larger = values[1].model_copy(update={"cap": 200, "printed": 47.56})
    small, large = validate(FOUNDING.model_copy(update={"published": (*values, larger)}), "exact")[1:]
    assert small.record.exact == pytest.approx(42.4523, abs=5e-5)  # as in test_gist_2002
    assert large.record.plan == "published"
    assert large.record.exact is not None
    assert small.record.exact is not None
    # An arm that goes on has 27 or 26 patients more, and 2 x 0.058129 arms go on.
    assert large.record.exact - small.record.exact == pytest.approx(0.058129 * 53, abs=1e-3)


def test_a_wrong_published_value_is_seen() -> None:
    wrong = FOUNDING.published[0].model_copy(update={"printed": 0.95})
    found = validate(FOUNDING.model_copy(update={"published": (wrong,)}), "exact")
    assert not found[0].agrees
    assert as_table(found).rows[0][3] == "DIFFERS"
    assert disagreements(found) == ["gist-imatinib p_stop"]
    assert not counts(found)
    assert summary(found).sentence == "1 design, 0 of which count: 0 of 1 values checked at the source agree."


@pytest.mark.parametrize(
    ("relation", "printed", "agrees"),
    [("less_than", 0.9418, False), ("at_most", 0.9419, True), ("at_least", 0.9419, False), ("at_least", 0.9418, True)],
)
def test_relations(relation: str, printed: float, agrees: bool) -> None:
    value = FOUNDING.published[0].model_copy(update={"printed": printed, "relation": relation})
    found = validate(FOUNDING.model_copy(update={"published": (value,)}), "exact")
    assert found[0].agrees is agrees
    assert not counts(found), "a bound alone does not count"


def test_a_number_that_was_not_checked_does_not_count() -> None:
    found = exact("lee-liu-2008-20-40")
    assert all(item.agrees and item.verdict == "(agrees)" for item in found)
    assert not counts(found)
    assert summary(found).sentence.endswith(
        "0 of 0 values checked at the source agree; 4 not checked at the source and not counted."
    )


def test_a_published_value_that_no_measure_answers_is_an_error() -> None:
    unknown = FOUNDING.published[0].model_copy(update={"look": "final"})
    with pytest.raises(trialsim.InputError, match="p_stop"):
        validate(FOUNDING.model_copy(update={"published": (unknown,)}), "exact")


def test_rates_in_words() -> None:
    joint, alone = exact("bryant-day-1995")[0].published, exact("toxicity-10-30-continuous")[0].published
    assert (rates_in_words(joint), rates_in_words(alone)) == ("30 %, toxicity 20 %", "any, toxicity 10 %")
    assert rates_in_words(joint.model_copy(update={"odds_ratio": 2.0})) == "30 %, toxicity 20 %, OR 2"


def test_json_and_csv_say_the_same() -> None:
    found = exact("gist-imatinib")
    document = json.loads(as_json(found))
    assert document["schema"] == "trialsim.validation/1"
    assert document["summary"] == {
        "n_designs": 1,
        "n_designs_counted": 1,
        "n_values": 3,
        "n_checked": 3,
        "n_checked_agreeing": 3,
    }
    first = document["values"][0]
    assert (first["measure"], first["printed"], first["agrees"], first["mcse"]) == ("p_stop", 0.94, True, None)
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [float(row["exact"]) for row in rows] == [value["exact"] for value in document["values"]]
    assert list(rows[0]) == list(first)


@pytest.mark.slow_statistics
@pytest.mark.parametrize("name", NAMES)
def test_published_values_simulated(name: str) -> None:
    found = validate(trialsim.load_design(name), n_sims=100_000, seed=2)
    assert not disagreements(found)
    for item in found:
        assert item.record.z is None or abs(item.record.z) < 4.5
