"""`report` from outside: what it writes, what it goes on from, what it says first, what it refuses."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from gzip import decompress
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.contracts.in_process import called
from trialsim.store import open_store

N_SIMS = "400"
SMALL = ("--n-sims", N_SIMS)
GIST = ("gist", *SMALL, "--set", "conduct.n_sims=20", "--set", "conduct.sensitivity=[]")
Row = tuple[str, list[str], list[str]]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a stored run of Simon's design, its JSON, and its report."""
    folder = tmp_path_factory.mktemp("report")
    ran = called(folder, "run", "simon-20-40", *SMALL, "--format", "json", "--out", "result.json")
    assert ran.code == 0, ran.err
    done = called(folder, "report", "simon-20-40", *SMALL, "--out", "report.html")
    assert done.code == 0, done.err
    assert done.out == ""
    return folder


def page_of(folder: Path, name: str = "report.html") -> str:
    return (folder / name).read_text(encoding="utf-8")


def carried(page: str) -> list[dict[str, str]]:
    """Return the numbers that a report carries."""
    packed = page.split('id="records">', 1)[1].split("</script>", 1)[0]
    return list(csv.DictReader(io.StringIO(decompress(b64decode(packed)).decode())))


def rows_of(page: str) -> Iterator[Row]:
    """Yield the rows of the tables of a report: caption, header, cells."""
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        caption = words(table.split("<caption", 1)[1].split(">", 1)[1].split("</caption>", 1)[0])
        head, _, body = table.partition("<tbody>")
        header = [words(cell) for cell in re.findall(r"<t[hd][^>]*>([^<]*)", head.partition("<thead>")[2])]
        for row in body.split("<tr>")[1:]:
            yield caption, header, [words(cell) for cell in re.findall(r"<t[hd][^>]*>([^<]*)", row)]


def words(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def alerts_of(page: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'<p class="alert" role="note">(.*?)</p>', page, re.DOTALL)]


def simulating_is_forbidden() -> ExitStack:
    """Make any simulation of trials an error."""
    stack = ExitStack()
    for name in ("trialsim.engines.montecarlo._run_block", "trialsim.engines.calendar._block"):
        stack.enter_context(patch(name, side_effect=AssertionError("a trial is simulated")))
    return stack


def test_the_report_carries_every_number_of_the_result_with_all_its_digits(reported: Path) -> None:
    records = json.loads((reported / "result.json").read_text())["measures"]
    found = carried(page_of(reported))
    assert len(found) == len(records) > 150
    for own, record in zip(found, records, strict=True):
        for name, value in record.items():
            if isinstance(value, int | float):
                assert float(own[name]) == value, (name, record)
            else:
                assert own[name] == (value or ""), (name, record)


def test_the_numbers_that_are_shown_are_the_rounding_of_those(reported: Path) -> None:
    """In all tables of exact and simulated values, against the JSON of `run`; no code of ours formats here."""
    records = json.loads((reported / "result.json").read_text())["measures"]
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        for line, field in (("exact", "exact"), ("simulated", "estimate")):
            if record["truth"] is not None and record[field] is not None:
                digits = 4 if record["measure"] in ("n_mean", "n_sd") else 6
                shape = ".0f" if record["measure"] == "n_quantile" else f".{digits}f"
                known[record["truth"], line].add(f"{record[field]:{shape}}".replace("-0.000000", "0.000000"))
    shown: dict[tuple[str, str], set[str]] = defaultdict(set)
    truth = ""
    appendices = page_of(reported).split('<section id="appendices"', 1)[1]
    for caption, header, cells in rows_of(appendices):
        if re.match(r"Table \d+\.\d+ 37 patients: ", caption) and {"exact", "simulated"} & set(cells[:5]):
            line = next(cell for cell in cells if cell in ("exact", "simulated"))
            numbers = cells[cells.index(line) + 1 :]
            assert len(cells) == len(header)
            truth = cells[0] or truth
            shown[truth, line] |= {number for number in numbers if number and number not in ("–", "none seen")}
    assert shown.keys() == known.keys()
    assert len(shown) == 6
    for key, numbers in shown.items():
        assert numbers == known[key], key


def test_a_run_from_the_report_gives_the_same_digest_and_the_same_numbers(reported: Path) -> None:
    result = json.loads((reported / "result.json").read_text())
    again = called(reported, "run", "report.html", "--no-save", "--format", "json", "--out", "again.json")
    assert again.code == 0, again.err
    found = json.loads((reported / "again.json").read_text())
    assert found["scenario"] == result["scenario"]
    assert found["measures"] == result["measures"]
    assert result["scenario"]["id"] in page_of(reported)
    assert called(reported, "check", "report.html").out.startswith("simon-20-40: a valid scenario.")
    assert called(reported, "replay", "report.html", "--trial", "3").out == (
        called(reported, "replay", "simon-20-40", "--trial", "3").out
    )


def test_after_a_stored_run_nothing_is_simulated_again_and_the_bytes_are_the_same(reported: Path) -> None:
    with simulating_is_forbidden():
        assert called(reported, "report", "simon-20-40", *SMALL, "--out", "second.html").code == 0
        with pytest.raises(AssertionError, match="a trial is simulated"):
            called(reported, "report", "simon-20-40", *SMALL, "--no-save", "--out", "third.html")
    one, two = page_of(reported), page_of(reported, "second.html").replace("second.html", "report.html")
    wall = re.compile(r"wall time of the run<td>\d+\.\d\d s")
    assert wall.search(one)
    assert wall.sub("", two) == wall.sub("", one)
    assert "all 400 replicates of each plan and truth (kept " in one


@pytest.mark.long
def test_other_readings_are_simulated_once(tmp_path: Path) -> None:
    flip = "[{name: held, set: {conduct.looks.proof-of-concept.hold: until_decided}}]"
    few = ("gist", *SMALL, "--set", "conduct.n_sims=20", "--set", f"conduct.sensitivity={flip}")
    few = (*few, "--set", "truths=[{name: calibrated, response_rate: 0.5}]", "--out", "report.html")
    first = called(tmp_path, "report", *few)
    assert first.code == 0, first.err
    with simulating_is_forbidden():
        second = called(tmp_path, "report", *few)
    assert second.code == 0, second.err
    assert "all 20 calendar trials of each plan and truth" in page_of(tmp_path)
    assert "2 of 2 simulations of other readings" in page_of(tmp_path)


def test_the_founding_trial_has_all_sections_and_its_calendar(tmp_path: Path) -> None:
    done = called(tmp_path, "report", *GIST, "--out", "report.html")
    assert done.code == 0, done.err
    page = page_of(tmp_path)
    assert len(page.encode()) < 5_000_000
    ids = re.findall(r'<section id="([\w-]+)"', page)
    assert ids[0] == "provenance"
    assert ids[-1] == "appendices"
    assert re.findall(r'<li><a href="#([\w-]+)"', page.split("</nav>")[0]) == ids
    assert "calendar trials per plan and truth" in page
    badges = re.findall(r'<caption id="[^"]+"><strong>[^<]+</strong> ([^<]+?) <span class="badge \w+">([^<]+)', page)
    assert ("147 patients: who goes on", "exact and simulated") in badges
    assert any(title.startswith("147 patients: the calendar of looks") for title, _ in badges)


@pytest.mark.long
def test_the_first_lines_say_what_must_be_known(reported: Path) -> None:
    assert alerts_of(page_of(reported)) == [
        "Draft: the scenario is not locked (narrative.status), so its words and numbers may still change."
    ]
    changed = ("simon-20-40", *SMALL, "--set", "truths.0.response_rate=0.15", "--no-save", "--out", "changed.html")
    assert called(reported, "report", *changed).code == 0
    assert len(alerts_of(page_of(reported, "changed.html"))) == 1
    kept = (*changed[:-3], "--set", "narrative={status: locked}", "--out", "changed.html")
    assert called(reported, "report", *kept).code == 0
    (alert,) = alerts_of(page_of(reported, "changed.html"))
    assert alert.startswith('The latest stored result of the name "simon-20-40" (')
    assert "is of another scenario, which differs in truths: it was not used" in alert


def by_another_version(stack: ExitStack) -> None:
    for place in ("store.store", "store.rows", "sweep.run", "sweep.work", "provenance"):
        stack.enter_context(patch(f"trialsim.{place}.__version__", "0.0.9"))


def test_a_result_of_another_version_is_said_and_shown_as_it_was_kept(tmp_path: Path) -> None:
    with ExitStack() as stack:
        by_another_version(stack)
        old = called(tmp_path, "run", "simon-20-40", *SMALL, "--format", "csv", "--out", "old.csv")
    assert old.code == 0, old.err
    with simulating_is_forbidden():
        done = called(tmp_path, "report", "--from", "simon-20-40", "--out", "report.html")
    assert done.code == 0, done.err
    page = page_of(tmp_path)
    assert any(
        alert.startswith("The result was made by trialsim 0.0.9, and this report by") for alert in alerts_of(page)
    )
    kept = list(csv.DictReader(io.StringIO((tmp_path / "old.csv").read_text())))
    assert [[row["measure"], _float(row["estimate"]), _float(row["exact"])] for row in carried(page)] == [
        [row["measure"], _float(row["estimate"]), _float(row["exact"])] for row in kept
    ]
    anew = called(tmp_path, "report", "simon-20-40", *SMALL, "--out", "report.html")
    assert anew.code == 0, anew.err
    assert "was made by trialsim 0.0.9: it was not used" in alerts_of(page_of(tmp_path))[0]


def _float(text: str) -> float | None:
    return float(text) if text else None


def test_a_stored_run_is_reported_by_its_id(reported: Path) -> None:
    with open_store(reported / "results/trialsim.sqlite", read_only=True) as store:
        found = next(one for one in store.sweeps() if '"response_rate":0.2,' in one.scenario.replace(" ", ""))
    with simulating_is_forbidden():
        done = called(reported, "report", "--from", found.id[:8], "--out", "from.html")
    assert done.code == 0, done.err
    assert carried(page_of(reported, "from.html")) == carried(page_of(reported))
    assert f"as {found.id[:8]})" in page_of(reported, "from.html")


def test_markdown_has_the_same_sections_and_goes_to_stdout(reported: Path) -> None:
    done = called(reported, "report", "simon-20-40", *SMALL, "--format", "markdown")
    assert done.code == 0, done.err
    titles = re.findall(r'<h2 id="[\w-]+-title">([^<]+)', page_of(reported))
    assert [line[3:] for line in done.out.splitlines() if line.startswith("## ")] == [
        "Contents",
        *map(unescape, titles),
    ]


def test_words_are_no_markup(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script> **b**'
    words = ("--set", f"title='{evil}'", "--set", f"narrative={{aims: '{evil}'}}")
    done = called(tmp_path, "report", "simon-20-40", *SMALL, *words, "--out", "report.html")
    assert done.code == 0, done.err
    assert "<script>alert" not in page_of(tmp_path)
    assert unescape(page_of(tmp_path)).count(evil) >= 2


BAD = [
    (("report",), "name a scenario, or a stored run"),
    (("report", "simon-20-40", "--from", "x"), "and not both"),
    (("report", "nowhere"), "no such file"),
    (("report", "simon-20-40", "--out", "r.txt"), "what format is .txt?"),
    (("report", "simon-20-40", "--out", "none/r.html"), "the folder none does not exist"),
    (("report", "simon-20-40", "--format", "pdf"), "name a file with --out"),
    (("report", "page.html"), "an HTML page without a scenario in it"),
    (("report", "own.html", "--out", "own.html"), "is the scenario itself"),
    (("run", "own.html"), "no other file is read"),
    (("report", "--from", "x", "--seed", "2"), "reported as it is"),
    (("report", "--from", "x", "--store", "none.sqlite"), "none.sqlite"),
    (("report", "simon-20-40", "--max-sims", "5"), "--target-mcse"),
]


@pytest.mark.parametrize(("asked", "said"), BAD)
def test_bad_input_is_one_sentence(asked: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!DOCTYPE html><p>nothing</p>")
    carrying = "schema: trialsim.scenario/1\nname: x\ndesign: secret.yaml\ntruths: [{name: a, response_rate: 0.1}]\n"
    (tmp_path / "secret.yaml").write_text("schema: trialsim.design/1\n")
    script = f'<script type="application/yaml" id="trialsim-scenario">\n{carrying}</script>'
    (tmp_path / "own.html").write_text(f"<!DOCTYPE html><html><head>{script}</head></html>")
    done = called(tmp_path, *asked)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err


def test_a_stored_sweep_is_a_section_and_nothing_is_simulated(tmp_path: Path) -> None:
    vary = "vary={truths.inactive.response_rate: {as: rate, from: 0.1, to: 0.2, step: 0.05}}"
    done = called(tmp_path, "sweep", "simon-20-40", *SMALL, "--set", vary)
    assert done.code == 0, done.err
    with simulating_is_forbidden():
        report = called(tmp_path, "report", "--from", "simon-20-40", "--out", "report.html")
    assert report.code == 0, report.err
    page = page_of(tmp_path)
    assert alerts_of(page)[0].startswith("This report is of a sweep over rate")
    number, last = re.findall(r'<h2 id="([\w-]+)-title">(\d+) ', page)[-1][::-1]
    assert (last, int(number)) == ("sweep", len(re.findall("<section ", page)) - 1)
    rows = [cells for caption, _, cells in rows_of(page) if "The smallest and the largest values" in caption]
    assert len(rows) > 10
    export = called(tmp_path, "results", "export", "simon-20-40").out
    low = min(
        float(row["estimate"])
        for row in csv.DictReader(io.StringIO(export))
        if row["measure"] == "p_stop" and row["truth"] == "inactive"
    )
    assert any(cells[0].startswith("p_stop") and f"{low:.6g}" in " ".join(cells) for cells in rows)
    assert page.split('id="sweep"', 1)[1].count("data-figure=") >= 3
    again = called(tmp_path, "sweep", "report.html", "--store", "other.sqlite")
    assert again.code == 0, again.err
    assert called(tmp_path, "results", "export", "simon-20-40", "--store", "other.sqlite").out == export


def test_a_target_for_the_standard_error_is_met_and_named(tmp_path: Path) -> None:
    asked: tuple[Any, ...] = ("simon-20-40", *SMALL, "--target-mcse", "0.01", "--out", "report.html")
    done = called(tmp_path, "report", *asked)
    assert done.code == 0, done.err
    page = page_of(tmp_path)
    assert "at most 0.01 for every probability" in page
    worst = max(float(row["mcse"]) for row in carried(page) if row["measure"].startswith("p_") and row["mcse"])
    assert worst <= 0.01
