"""What can go wrong, each as one sentence that says where, what was found and what would be accepted.

A user's mistake is an `InputError` (exit code 2). Nothing here is ever shown as a traceback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""What no name holds, as the inside of a class of letters: it would move a terminal's cursor, or turn the writing."""
_UNSEEN = re.compile(f"[{CONTROLS}\\ud800-\\udfff]")
MOST_LETTERS = 1_500
"""Of a sentence that is shown in full."""


class TrialsimError(Exception):
    """Anything trialsim reports in one sentence: on one line, without control characters, with its full stop."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
        if len(sentence) > MOST_LETTERS:  # it quotes something long; what is wrong stands around it
            sentence = f"{sentence[: MOST_LETTERS * 2 // 3]} … {sentence[-MOST_LETTERS // 3 :]}"
        words = " ".join("".join(c if c.isprintable() else " " for c in sentence).split())
        super().__init__(words.replace("?.", "?") if words.endswith((".", "?")) else f"{words}.")


class InputError(TrialsimError):
    """What the user asked for cannot be done as written."""

    exit_code = 2
    path = ""
    """The dotted path in the user's input, where the problem has one."""
    problem = ""
    """The problem alone, without its place."""


class NotSolvableError(InputError):
    """The exact engine declines a design; the sentence says why."""


class DisagreementError(TrialsimError):
    """A simulated value disagrees with its exact value."""

    exit_code = 3


def shown(text: str) -> str:
    """Return a text as it can be sent to any terminal: what is not to be seen becomes a space.

    >>> shown("a\\x1b[2Jb")
    'a [2Jb'
    """
    return _UNSEEN.sub(" ", text)


def clipped(text: str, most: int = 300) -> str:
    """Return a text, or the beginning of it if it is too long to be quoted."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True)
class Place:
    """Where in the user's input: a file (or option), a line, a dotted path.

    >>> str(Place("gist.yaml", 12, "truths.1.response_rate"))
    'gist.yaml, line 12, truths.1.response_rate'
    """

    source: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        parts = [self.source, f"line {self.line}" if self.line else "", self.path]
        return ", ".join(clipped(part) for part in parts if part)


def at(place: Place, problem: str, path: str = "") -> InputError:
    """Return the error that names the place and then the problem.

    `path` is the path from the top of what the user gave, where `place` counts from a file named in it.
    """
    error = InputError(f"{place}: {problem}")
    error.path, error.problem = path or place.path, problem
    return error


MANY = 24
"""More names than this are not listed in a sentence."""
MOST_COMPARED = 200
"""Letters of a word that are looked at."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy for a misspelt word: the nearest known one, or all of them (of many, a few).

    >>> nearest("responce_rate", ["response_rate", "name"])
    'did you mean "response_rate"?'
    >>> nearest("x", ["name", "title"])
    'accepted: name, title'
    """
    word, names = word[:MOST_COMPARED], list(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{lowered[close[0]]}"?'
    if len(names) > MANY:
        some = [lowered[name] for name in get_close_matches(word.lower(), lowered, n=4, cutoff=0.0)]
        return f"{len(names)} are accepted, of which the nearest are {', '.join(some)}"
    return f"accepted: {', '.join(names)}" if names else "nothing is accepted here"
