"""What was observed in an arm, as somebody writes it: "4/18,36/73", or "proof-of-concept:2/20"."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.spec.design import Design

MAX_PATIENTS = 10_000

_PART = re.compile(r"(?:(?P<look>.+):)?\s*(?P<x>\d{1,6})\s*/\s*(?P<n>\d{1,6})\s*")


class Seen(NamedTuple):
    """Responses and patients of an arm at a look; both count from the start of the trial."""

    look: int | None
    """Number of the look, from 0; None: not said, which is for a single pair of an arm only."""
    x: int
    n: int


class Observed(NamedTuple):
    """The data of an arm, in the order of the looks."""

    arm: int
    written: str
    """As the user wrote it, for messages."""
    seen: tuple[Seen, ...]


def observed_of(design: Design, texts: Sequence[str]) -> tuple[Observed, ...]:
    """Return the data that texts such as "400 mg=4/18,36/73" say, in the order of the arms.

    Each text is an arm's name, "=", and responses/patients at each look the arm took part in, in order; the looks at
    which it could not stop may be left out, and a single pair is what it ended with. A pair may name its look,
    "look:x/n". A design of one arm needs no name.

    Raises
    ------
    InputError
        If a text cannot be read, names an arm or look that is not there, names an arm twice, or its counts go down.

    >>> from trialsim import load_design
    >>> observed_of(load_design("gist-imatinib"), ["400 mg=4/18,36/73"])[0].seen
    (Seen(look=0, x=4, n=18), Seen(look=2, x=36, n=73))
    """
    found: dict[int, Observed] = {}
    for text in texts:
        data = _read(design, text)
        if data.arm in found:
            raise InputError(
                f'--observed "{text}": arm {design.arm_names[data.arm]} is given twice; give each arm once'
            )
        found[data.arm] = data
    return tuple(found[arm] for arm in sorted(found))


def _read(design: Design, text: str) -> Observed:
    name, is_named, counts = text.rpartition("=")
    name = name.strip()
    if not is_named and len(design.arms) > 1:
        raise InputError(f'--observed "{text}": whose data? write ARM={text}, ARM one of {", ".join(design.arm_names)}')
    if is_named and name not in design.arm_names:
        raise InputError(f'--observed "{text}": there is no arm "{name}"; {nearest(name, design.arm_names)}')
    arm = design.arm_names.index(name) if is_named else 0
    pairs = [_pair(design, part, text) for part in counts.split(",")]
    seen = _with_looks(design, pairs, text)
    for earlier, later in pairwise(seen):
        added, gained = later.n - earlier.n, later.x - earlier.x
        if added <= 0 or not 0 <= gained <= added or (later.look or 0) <= (earlier.look or 0) - (earlier.look is None):
            raise InputError(
                f'--observed "{text}": {later.x}/{later.n} cannot follow {earlier.x}/{earlier.n}; counts are from the '
                "start of the trial, at each look in order, with new patients at each"
            )
    return Observed(arm, text, seen)


def _pair(design: Design, part: str, text: str) -> Seen:
    match = _PART.fullmatch(part.strip())
    if match is None:
        raise InputError(f'--observed "{text}": "{part.strip()}" is not responses/patients, such as 36/73')
    x, n, look = int(match["x"]), int(match["n"]), match["look"]
    if not 1 <= n <= MAX_PATIENTS:
        raise InputError(f'--observed "{text}": {n} patients; accepted: 1 to {MAX_PATIENTS:,}')
    if x > n:
        raise InputError(f'--observed "{text}": {x} responses among {n} patients are more than there are patients')
    if look is None:
        return Seen(None, x, n)
    if look.strip() not in design.look_names:
        raise InputError(
            f'--observed "{text}": there is no look "{look.strip()}"; {nearest(look.strip(), design.look_names)}'
        )
    return Seen(design.look_names.index(look.strip()), x, n)


def stopping_looks(design: Design) -> list[int]:
    """Return the looks at which an arm can stop by its own responses."""
    return [
        index
        for index, look in enumerate(design.looks[:-1])
        if (look.continue_if is not None and look.continue_if.of == "arm")
        or (look.success_if is not None and look.success_if.of == "arm" and look.success_if.then == "stop")
    ]


def _with_looks(design: Design, pairs: list[Seen], text: str) -> tuple[Seen, ...]:
    """Return the pairs with their looks; a single pair without one stays so."""
    named = [pair.look is not None for pair in pairs]
    if all(named) or (len(pairs) == 1 and design.looks[1:]):
        return tuple(pairs)
    if any(named):
        raise InputError(f'--observed "{text}": name the look of every pair, or of none')
    stopping, n_looks = stopping_looks(design), len(design.looks)
    if len(pairs) == n_looks:
        looks = list(range(n_looks))
    elif len(pairs) == len(stopping) + 1:
        looks = [*stopping, n_looks - 1]
    elif len(pairs) <= len(stopping):
        looks = stopping[: len(pairs)]
    else:
        raise InputError(
            f'--observed "{text}": {len(pairs)} pairs, but the design has {n_looks} looks and an arm can stop at '
            f"{len(stopping)} of them; name the looks, as in {design.look_names[-1]}:{pairs[-1].x}/{pairs[-1].n}"
        )
    return tuple(pair._replace(look=look) for pair, look in zip(pairs, looks, strict=True))
