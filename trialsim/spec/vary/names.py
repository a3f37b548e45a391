"""What the axes of a sweep are called: in tables, and in conditions."""

from __future__ import annotations

import keyword
from collections import Counter
from typing import TYPE_CHECKING

from trialsim.spec.vary.where import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trialsim.spec.vary.axis import Axis


def shown_names(axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """Return the names of axes as they are shown: their own, else their path."""
    return tuple(axis.as_ or path for path, axis in axes.items())


def names_in_conditions(axes: Mapping[str, Axis]) -> dict[str, int]:
    """Return the number of the axis that each name stands for in a condition.

    An axis without a name of its own is called by the last part of its path, if that is a word that no other has.
    """
    names = [axis.as_ or path.rpartition(".")[2] for path, axis in axes.items()]
    own = {axis.as_ for axis in axes.values()}
    times = Counter(names)
    return {
        name: number
        for number, (name, axis) in enumerate(zip(names, axes.values(), strict=True))
        if axis.as_ is not None or (times[name] == 1 and name not in own and _is_usable(name))
    }


def check_names(axes: Mapping[str, Axis]) -> None:
    """Check that names differ and that paths can be read.

    Raises
    ------
    ValueError
        "path | problem".
    """
    shown = shown_names(axes)
    for number, (path, axis) in enumerate(axes.items()):
        if axis.as_ is not None and not _is_usable(axis.as_):
            raise ValueError(f'{path}.as | "{axis.as_}" means something else in a condition; choose another name')
        if shown[number] in shown[:number]:
            raise ValueError(f'{path}.as | the name "{shown[number]}" is used twice; give each axis its own')
        for where, dotted in ((path, path), *((f"{path}.also", other) for other in axis.also)):
            if not all(part.strip() for part in dotted.split(".")):
                raise ValueError(f'{where} | "{dotted}" is no dotted path; a part of it is empty')


def _is_usable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in (*FUNCTIONS, "true", "false")
