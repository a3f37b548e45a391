"""What can go wrong, each as one sentence that says where, what was found and what would be accepted.

A user's mistake is an `InputError` (exit code 2). Nothing here is ever shown as a traceback.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class TrialsimError(Exception):
    """Anything trialsim reports in one sentence: on one line, without control characters, with its full stop."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
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
        return ", ".join(part for part in parts if part)


def at(place: Place, problem: str, path: str = "") -> InputError:
    """Return the error that names the place and then the problem.

    `path` is the path from the top of what the user gave, where `place` counts from a file named in it.
    """
    error = InputError(f"{place}: {problem}")
    error.path, error.problem = path or place.path, problem
    return error


MANY = 24
"""More names than this are not listed in a sentence."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy for a misspelt word: the nearest known one, or all of them (of many, a few).

    >>> nearest("responce_rate", ["response_rate", "name"])
    'did you mean "response_rate"?'
    >>> nearest("x", ["name", "title"])
    'accepted: name, title'
    """
    names = list(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{lowered[close[0]]}"?'
    if len(names) > MANY:
        some = [lowered[name] for name in get_close_matches(word.lower(), lowered, n=4, cutoff=0.0)]
        return f"{len(names)} are accepted, of which the nearest are {', '.join(some)}"
    return f"accepted: {', '.join(names)}" if names else "nothing is accepted here"
