"""What a target of the fuzzer is: where inputs begin, how they change, and what must hold of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from trialsim.errors import CONTROLS, TrialsimError

LONGEST_SENTENCE = 4_000
"""Characters of an error; a longer one quotes the input instead of naming what is wrong."""
_INSIDE = ("Traceback", "pydantic", "object at 0x", "NoneType", "limit (4300", "codec can't", "KeyError")
_UNSEEN = re.compile(f"(?!\n)[{CONTROLS}\ud800-\udfff]")
_Found = TypeVar("_Found")


class Target(NamedTuple):
    """One kind of input. All functions are called in a process whose working directory is a temporary folder."""

    name: str
    seeds: Callable[[], list[bytes]]
    """Inputs to begin with; nothing is wrong with any of them."""
    mutate: Callable[[bytes, Random], bytes]
    """From one input to another."""
    begin: Callable[[Path], Callable[[bytes], None]]
    """From a temporary folder, the only one that may be written to, to what tries an input and raises at a fault."""
    limit_s: float = 2.0
    """Seconds of processor time that an input may take."""
    is_closed: bool = True
    """Whether inputs may cause no file to be read but what ships with trialsim; False: as their text decides."""


class BrokenPromise(Exception):  # noqa: N818 (the finding of a fuzzer is no error of a program)
    """An input did what no input may do."""


def answered(call: Callable[[], _Found]) -> _Found | None:
    """Return what a call returns; None if it refuses, as it should, in one sentence.

    Raises
    ------
    BrokenPromise
        If what it says is no sentence.
    """
    try:
        return call()
    except TrialsimError as error:
        check_sentence(str(error))
        if error.exit_code != 2:
            raise BrokenPromise(f"exit code {error.exit_code}: {str(error)[:300]}") from None
        return None


def check_sentence(words: str) -> None:
    """Check that an error is one sentence, on one line, of a length that can be read, without words of the inside.

    Raises
    ------
    BrokenPromise
        If it is not.
    """
    if not words.isprintable() or not words.endswith((".", "?")) or len(words) < 10:
        raise BrokenPromise(f"no sentence: {words[:300]!r}")
    if len(words) > LONGEST_SENTENCE:
        raise BrokenPromise(f"a sentence of {len(words)} characters: {words[:300]!r}")
    for inside in _INSIDE:
        if inside in words:
            raise BrokenPromise(f"speaks of its inside: {words[:300]!r}")


def check_lines(text: str) -> None:
    """Check that a text can be shown in a terminal: nothing in it moves the cursor or rings a bell.

    Raises
    ------
    BrokenPromise
        If it holds a control character, or half a letter that no terminal can be sent.
    """
    found = _UNSEEN.search(text)
    if found is not None:
        raise BrokenPromise(f"a terminal is sent: {found[0]!r}")
