"""What leaves a sweep as a table: the same content in all formats, the same bytes twice, memory that stays flat."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trialsim
from trialsim.api import Record
from trialsim.errors import InputError
from trialsim.report.document import COLUMNS, as_csv
from trialsim.sweep.cells import CellResult, SweepResult
from trialsim.sweep.export import write_export
from trialsim.sweep.export_table import FIELDS, NUMBERS, axis_columns, kind_of
from trialsim.sweep.export_text import _csv_text, _json_text, _number_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("csv", "json", "parquet")
BASE = Record("p", "t", "p_stop", "A", "l", None, None, None, 0.25, 0.0043, None, "montecarlo", 0.2512, -0.28, True)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
some_words = st.none() | words | st.sampled_from(["=A1", "'=A1", "-", "''", 'a "b", c', "a\r\nb"])
numbers = (
    st.none() | st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, 1e-4, 9.9e-5, 1e6, 1e16, 1e22, 5e-324])
)
records = st.builds(
    Record,
    plan=words,
    truth=some_words,
    measure=words,
    arm=some_words,
    look=some_words,
    given=some_words,
    value=numbers | st.integers(0, 200),
    variant=some_words,
    estimate=numbers,
    mcse=numbers,
    bound=numbers,
    engine=st.sampled_from(["exact", "montecarlo", "calendar"]),
    exact=numbers,
    z=numbers,
    is_judged=st.just(False),
    cost=numbers,
)
whole = st.integers(-(2**63), 2**63 - 1)
axis_levels = {
    "int64": whole,
    "float64": st.floats(allow_nan=False) | st.integers(-(2**53), 2**53),
    "string": words | st.booleans() | whole,
}


@st.composite
def sweeps(draw: Any) -> tuple[SweepResult, list[str]]:
    kinds = draw(st.lists(st.sampled_from(sorted(axis_levels)), max_size=3))
    names = st.one_of(words, st.sampled_from(["value", "cell", "error", "axis.value"]))
    axes = draw(st.lists(names, min_size=len(kinds), max_size=len(kinds), unique=True))
    one = st.tuples(*[axis_levels[kind] for kind in kinds])
    levels = draw(st.lists(one, max_size=6))
    cells = []
    for number, own in enumerate(levels):
        error = draw(st.none() | words)
        found = draw(st.lists(records, max_size=4)) if error is None else []
        cells.append(CellResult(number, own, tuple(found), error))
    return SweepResult(draw(words), tuple(axes), cells), kinds


def rows_of(result: SweepResult) -> Iterator[dict[str, Any]]:
    """Yield what the rows must hold, the levels as they are."""
    names = axis_columns(result.axes)
    for cell in result.cells:
        own = {"cell": cell.number, **dict(zip(names, cell.levels, strict=True))}
        for record in cell.records or (None,):
            fields = {name: getattr(record, name, None) for name in FIELDS}
            yield {**own, **fields, "error": cell.error}


def as_kind(level: Any, kind: str) -> Any:
    if kind == "string":
        return {True: "true", False: "false"}[level] if isinstance(level, bool) else str(level)
    return int(level) if kind == "int64" else float(level)


def read_csv(path: Path) -> list[dict[str, Any]]:
    """Return the rows; every word that a spreadsheet would not run is as it was."""

    def word(text: str) -> str:
        return text[1:] if re.match(r"'+[=+\-@\t\r]", text) else text

    def number(text: str) -> float | None:
        return float(text) if text else None

    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    names = [word(name) for name in header]
    return [
        {
            name: int(text) if name == "cell" else number(text) if name in NUMBERS else (word(text) or None)
            for name, text in zip(names, row, strict=True)
        }
        for row in rows
    ]


def read_json(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = found.pop("rows")
    for row in rows:
        row.update({name: float(row[name]) for name in NUMBERS if isinstance(row[name], str)})
    return found, rows


def read_parquet(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    """Return whether two tables are equal: columns in the same order, values of the same type, zeros of one sign."""
    return [repr(list(row.items())) for row in found] == [repr(list(row.items())) for row in wanted]


def prepared(result: SweepResult, kinds: list[str] | None, *, floats: bool) -> list[dict[str, Any]]:
    """Return the wanted rows, with levels as their kind has them, numbers as floats where all are."""
    names = axis_columns(result.axes)
    rows = []
    for row in rows_of(result):
        if kinds is not None:
            row.update({name: as_kind(row[name], kind) for name, kind in zip(names, kinds, strict=True)})
        if floats:
            row.update({name: float(row[name]) for name in NUMBERS if row[name] is not None})
        rows.append(row)
    return rows


def test_the_columns_of_a_record_are_those_of_the_run() -> None:
    assert FIELDS == COLUMNS
    assert {name for name in FIELDS if name in NUMBERS} == NUMBERS


@given(sweeps())
@settings(max_examples=60, deadline=None)
def test_csv_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    result, _ = drawn
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    write_export(result, path, "csv")
    as_words = prepared(result, ["string"] * len(result.axes), floats=True)
    assert same(read_csv(path), as_words)


@given(sweeps())
@settings(max_examples=60, deadline=None)
def test_json_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    result, _ = drawn
    path = tmp_path_factory.mktemp("json") / "out.json"
    write_export(result, path, "json")
    top, rows = read_json(path)
    assert top == {"schema": "trialsim.sweep/1", "name": result.name, "axes": list(result.axes)}
    names = axis_columns(result.axes)
    for row in rows:
        row.update({name: float(row[name]) for name in names if row[name] in ("Infinity", "-Infinity")})
    assert same(rows, prepared(result, None, floats=False))


@given(sweeps())
@settings(max_examples=60, deadline=None)
def test_parquet_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    result, _ = drawn
    path = tmp_path_factory.mktemp("parquet") / "out.parquet"
    write_export(result, path, "parquet")
    kinds = [kind_of(cell.levels[axis] for cell in result.cells) for axis in range(len(result.axes))]
    assert same(read_parquet(path), prepared(result, kinds, floats=True))
    schema = pq.read_schema(path)
    assert schema.names == ["cell", *axis_columns(result.axes), *FIELDS, "error"]
    assert [str(schema.field(name).type).replace("double", "float64") for name in axis_columns(result.axes)] == kinds
    assert schema.metadata[b"trialsim.schema"] == b"trialsim.sweep/1"
    assert json.loads(schema.metadata[b"trialsim.axes"]) == list(result.axes)


@given(sweeps())
@settings(max_examples=25, deadline=None)
def test_parquet_is_the_same_whether_the_kinds_are_told_or_found(
    tmp_path_factory: pytest.TempPathFactory, drawn: Any
) -> None:
    result, _ = drawn
    folder = tmp_path_factory.mktemp("parquet")
    kinds = [kind_of(cell.levels[axis] for cell in result.cells) for axis in range(len(result.axes))]
    write_export(result, folder / "found.parquet", "parquet")
    write_export(result, folder / "told.parquet", "parquet", kinds=kinds)
    assert (folder / "found.parquet").read_bytes() == (folder / "told.parquet").read_bytes()


def many(n: int, n_records: int = 10) -> Iterator[CellResult]:
    for number in range(n):
        levels = (number % 7, 0.05 * (number // 7 % 11), f"w{number % 3}")
        if number % 97 == 5:
            yield CellResult(number, levels, (), "the cap is below the first look.")
        else:
            share = (number + 1) / (n + 1)
            own = (BASE._replace(arm=f"A{arm}", estimate=share / (arm + 1), z=share - 0.5) for arm in range(n_records))
            yield CellResult(number, levels, tuple(own))


AXES = ("design.cap", "rate", "words")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("trialsim.sweep.export_text.BATCH", 1_000)
    monkeypatch.setattr("trialsim.sweep.export_parquet.ROW_GROUP", 1_000)
    return 1_000


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.usefixtures("small_batches")
def test_the_same_content_gives_the_same_bytes(format_: Any, tmp_path: Path) -> None:
    for name in "ab":
        write_export(SweepResult("s", AXES, many(400)), tmp_path / name, format_)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.usefixtures("small_batches")
def test_many_batches_hold_every_row_in_order(format_: Any, tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_export(SweepResult("s", AXES, many(400)), path, format_)
    read = {"csv": read_csv, "json": lambda path: read_json(path)[1], "parquet": read_parquet}[format_]
    kinds = {"csv": ["string"] * 3, "json": None, "parquet": ["int64", "float64", "string"]}[format_]
    wanted = prepared(SweepResult("s", AXES, list(many(400))), kinds, floats=True)
    assert same(read(path), wanted)
    assert len(wanted) > 3_900


def test_row_groups_are_fixed(small_batches: int, tmp_path: Path) -> None:
    for name, kinds in (("told", ["int64", "float64", "string"]), ("found", None)):
        write_export(SweepResult("s", AXES, many(400)), tmp_path / name, "parquet", kinds=kinds)
    assert (tmp_path / "told").read_bytes() == (tmp_path / "found").read_bytes()
    found = pq.ParquetFile(tmp_path / "told").metadata
    wanted = [0]
    for cell in many(400):  # a group ends with the cell that fills it
        wanted += [0] if wanted[-1] >= small_batches else []
        wanted[-1] += max(len(cell.records), 1)
    assert [found.row_group(group).num_rows for group in range(found.num_row_groups)] == wanted
    assert wanted[0] == 1_001  # cell 5 failed and is one row


@pytest.mark.parametrize(
    ("format_", "kinds"),
    [("csv", None), ("json", None), ("parquet", None), ("parquet", ["int64", "float64", "string"])],
)
@pytest.mark.usefixtures("small_batches")
@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_cells(format_: Any, kinds: Any, tmp_path: Path) -> None:
    def peak(n: int) -> int:
        tracemalloc.start()
        try:
            write_export(SweepResult("s", AXES, many(n, 2)), tmp_path / "out", format_, kinds=kinds)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # imports
    few, many_more = peak(1_000), peak(8_000)
    levels = 0 if kinds or format_ != "parquet" else 18_000 * 32
    assert many_more < few + 1_000_000 + levels  # 36,000 more rows, which would be 8 MB as records


def test_a_record_is_written_as_run_writes_it(tmp_path: Path) -> None:
    result = trialsim.run(trialsim.load_scenario("gist", ["n_sims=1000", "conduct.n_sims=20"]))
    path = tmp_path / "out.csv"
    write_export(SweepResult("s", ("n",), [CellResult(0, (5,), result.records)]), path, "csv")
    wanted = list(csv.reader(io.StringIO(as_csv(result), newline="")))
    with open(path, encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert [row[2:-1] for row in found] == wanted
    assert {tuple(row[:2]) for row in found[1:]} == {("0", "5")}
    assert {row[-1] for row in found[1:]} == {""}


@given(st.lists(st.none() | st.floats(), min_size=1))
@settings(max_examples=300, deadline=None)
def test_numbers_are_written_as_python_writes_them(column: list[float | None]) -> None:
    assert _number_texts(tuple(column), _csv_text) == ["" if value is None else repr(value) for value in column]
    as_json = [json.loads(text) for text in _number_texts(tuple(column), _json_text)]
    assert [str(None if value is None else float(value)) for value in as_json] == [str(value) for value in column]


@given(st.floats(min_value=9e-5, max_value=2e6))
@settings(max_examples=500, deadline=None)
def test_numbers_of_the_usual_size_are_written_as_python_writes_them(value: float) -> None:
    assert _number_texts((value, -value), _csv_text) == [repr(value), repr(-value)]


def test_a_failed_cell_and_an_empty_one_are_one_row_each(tmp_path: Path) -> None:
    cells = [CellResult(0, (1,), (), "no."), CellResult(1, (2,), ())]
    write_export(SweepResult("s", ("value",), cells), tmp_path / "out.csv", "csv")
    header, failed, empty = csv.reader((tmp_path / "out.csv").read_text().splitlines())
    assert header == ["cell", "axis.value", *FIELDS, "error"]
    assert failed == ["0", "1", *[""] * len(FIELDS), "no."]
    assert empty == ["1", "2", *[""] * len(FIELDS), ""]


def test_columns_of_axes_never_clash() -> None:
    assert axis_columns(("cell", "axis.cell", "error", "x")) == ("axis.cell", "axis.axis.cell", "axis.error", "x")


@pytest.mark.parametrize(
    ("levels", "kind"),
    [
        ([], "string"),
        ([1, 2**63 - 1], "int64"),
        ([1, 2**63], "string"),
        ([2**53, 0.5], "float64"),
        ([2**53 + 1, 0.5], "string"),
        ([1.0, 2.0], "float64"),
        ([1, True], "string"),
        (["1"], "string"),
    ],
)
def test_kinds(levels: list[Any], kind: str) -> None:
    assert kind_of(levels) == kind


def _broken() -> Iterator[CellResult]:
    yield from many(2_000)
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.usefixtures("small_batches")
def test_a_file_is_there_whole_or_not_at_all(format_: Any, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("as it was")
    with pytest.raises(InputError, match=r"the cells of the sweep cannot be read \(Input/output error\)"):
        write_export(SweepResult("s", AXES, _broken()), path, format_)
    assert path.read_text() == "as it was"
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_place_that_cannot_be_written_to_is_named(format_: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing/out: cannot be written \(No such file or directory\)"):
        write_export(SweepResult("s", AXES, many(3)), tmp_path / "missing" / "out", format_)


def test_text_goes_to_stdout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for format_ in ("csv", "json"):
        write_export(SweepResult("s", AXES, many(3)), tmp_path / "out", format_)
        write_export(SweepResult("s", AXES, many(3)), None, format_)
        assert capsys.readouterr().out.encode() == (tmp_path / "out").read_bytes()


def test_refusals(tmp_path: Path) -> None:
    result = SweepResult("s", ("x",), [CellResult(0, ("a",), ())])
    with pytest.raises(InputError, match=r'format "parket": did you mean "parquet"\?'):
        write_export(result, tmp_path / "out", "parket")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Parquet is no text for the terminal; name a file for it"):
        write_export(result, None, "parquet")
    with pytest.raises(InputError, match='axis x: the level "a" is not of the type int64 that the axis is to have'):
        write_export(result, tmp_path / "out", "parquet", kinds=["int64"])
    assert list(tmp_path.iterdir()) == []
