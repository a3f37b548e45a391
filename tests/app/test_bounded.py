"""Texts of strangers are read in a process of its own, which may hang or burst without harm to the server."""

from __future__ import annotations

import gc
import sys
import textwrap
import time
from pathlib import Path

import pytest

from app.service import Refusal, Service
from app.service.bounded import BoundedReader, TooMuchError
from app.settings import Settings
from app.state import State, packed

ROOT = Path(__file__).parents[2]
DESIGN = (ROOT / "designs" / "simon-1989-20-40.yaml").read_text(encoding="utf-8")
BEGIN = "import sys, time\nfrom app.service import bounded\nprint('ready', flush=True)\nfor line in sys.stdin:\n"
BURST = """
bounded.MORE_MEMORY = 100 << 20
bounded._limit_memory()
try:
  bytes(400 << 20)
except MemoryError:
  print("memory", flush=True)
"""


def reader(tmp_path: Path, body: str, seconds: float = 30) -> BoundedReader:
    """Return a reader whose process does something else with each line."""
    program = tmp_path / "program.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{BEGIN}" + textwrap.indent(body, "  "))
    return BoundedReader(seconds, (str(program),))


@pytest.fixture(scope="module")
def real() -> BoundedReader:
    return BoundedReader(30)


def test_right_and_wrong_texts_are_read(real: BoundedReader) -> None:
    for text in (DESIGN, "", "[" * 50, "a: &a [*a]", "\x00", "schema: trialsim.design/1", "\ud7ff", DESIGN):
        real.check(text)
    assert real._process is not None
    assert real._process.poll() is None


def test_one_process_reads_them_all(real: BoundedReader) -> None:
    real.check(DESIGN)
    first = real._process
    began = time.perf_counter()
    for _ in range(3):
        real.check(DESIGN)
    assert time.perf_counter() - began < 5
    assert real._process is first


def test_a_text_that_hangs_is_refused_and_the_next_one_is_read(tmp_path: Path) -> None:
    slow = reader(tmp_path, "time.sleep(60 if 'slow' in line else 0)\nprint('read', flush=True)\n", 0.5)
    slow.check("quick")
    hung = slow._process
    with pytest.raises(TooMuchError, match=r"more than 0\.5 s to read"):
        slow.check("slow")
    assert hung is not None
    assert hung.poll() is not None  # it was ended
    slow.check("quick")
    assert slow._process is not hung


@pytest.mark.parametrize("body", ["print('memory', flush=True)\n", "sys.exit(1)\n", "raise MemoryError\n"])
def test_a_text_that_bursts_is_refused_and_the_next_one_is_read(body: str, tmp_path: Path) -> None:
    burst = reader(tmp_path, "if 'large' not in line:\n  print('read', flush=True)\n  continue\n" + body)
    with pytest.raises(TooMuchError, match="too much memory"):
        burst.check("large")
    burst.check("small")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_memory_is_limited_there(tmp_path: Path) -> None:
    with pytest.raises(TooMuchError, match="too much memory"):
        reader(tmp_path, BURST, 30).check("x")


def test_uploads_and_links_go_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(Settings(warm=False))

    def refuse(_: str) -> None:
        raise TooMuchError("it takes more than 10 s to read; it is refused")

    monkeypatch.setattr(service.reader, "check", refuse)
    with pytest.raises(Refusal, match=r"^my\.yaml: it takes more than 10 s"):
        service.uploaded(DESIGN.encode(), "my.yaml")
    with pytest.raises(Refusal, match=r"^the uploaded file: it takes more than 10 s"):
        service.scenario(State(packed=packed(DESIGN)))
    assert service.scenario(State(base="gist")).name == "gist"  # what ships needs no process


def test_a_server_that_forked_has_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = reader(tmp_path, "print('read', flush=True)\n")
    own.check("x")
    first = own._process
    monkeypatch.setattr("app.service.bounded.os.getpid", lambda: 1)
    own.check("x")
    assert own._process is not first


def test_the_process_ends_with_its_reader(tmp_path: Path) -> None:
    own = reader(tmp_path, "print('read', flush=True)\n")
    own.check("x")
    process = own._process
    assert process is not None
    del own
    gc.collect()
    assert process.wait(10) is not None
