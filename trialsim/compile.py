"""From a design to a plan: the tree of everything that can happen, as read-only arrays.

The only file that knows both the protocol's words and the engines' arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from trialsim.errors import InputError
from trialsim.plan import ArmCells, Draws, Endings, Nodes, Plan, PooledCells, Schemes
from trialsim.schemes import ArmSchemes, are_own_stops
from trialsim.tree import grow

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from trialsim.spec.design import Design
    from trialsim.tree import Node, Sizes

MAX_CELLS = 20_000_000

_Array = TypeVar("_Array", bound="NDArray[Any]")


def compile_design(design: Design) -> Plan:
    """Return the plan of a design.

    Raises
    ------
    InputError
        If a rule cannot be written as a number of responses, two rules of a look contradict each other, or the
        design has more paths than can be listed.
    """
    nodes = grow(design)
    draws: dict[tuple[int, int], int] = {}
    for node in nodes:
        for arm, added in enumerate(node.added):
            if added:
                draws.setdefault((arm, added), len(draws))
    endings = [node for node in nodes if node.is_ending]
    arm_schemes = ArmSchemes(design, nodes) if are_own_stops(nodes) else None
    arm_cells, arm_offset, schemes = _arm_cells(design, endings, arm_schemes)
    pooled_cells, pooled_offset = _pooled_cells(design, endings)
    return Plan(
        _node_arrays(nodes, draws, arm_offset, pooled_offset),
        Draws(*(_ints([draw[part] for draw in draws]) for part in (0, 1))),
        Endings(
            _ints([node.path.n for node in endings]),
            _ints([node.path.stop_look for node in endings]),
            _ints([node.path.nodes for node in endings]),
            _frozen(np.array([node.path.toxic for node in endings], dtype=np.bool_)),
        ),
        arm_cells,
        pooled_cells,
        schemes,
    )


def _arm_cells(
    design: Design, endings: list[Node], arm_schemes: ArmSchemes | None
) -> tuple[ArmCells, list[list[int]], Schemes]:
    """Return the rows of the arm tally and, per ending and arm, where its rows begin. Like rows are shared."""
    starts: dict[tuple[int, int, bool, bool, int, tuple[int, int]], int] = {}
    size = 0
    offsets = []
    for node in endings:
        all_went_on = len(node.path.in_trial) == len(design.arms)
        row = []
        for arm, n in enumerate(node.path.n):
            way = arm_schemes.of(node, arm) if arm_schemes is not None else (-1, -1)
            key = (arm, n, arm in node.path.in_trial, all_went_on, node.success[arm], way)
            if key not in starts:
                starts[key] = size
                size = _grown(design, size, n)
            row.append(starts[key])
        offsets.append(row)
    sizes = [n + 1 for _, n, *_ in starts]
    x = np.concatenate([np.arange(size) for size in sizes])
    cell_arm, cell_n, went_on, all_on, success = (np.repeat([key[i] for key in starts], sizes) for i in range(5))
    masks = (_frozen(mask) for mask in (went_on.astype(bool), all_on.astype(bool), x >= success))
    cells = ArmCells(_frozen(cell_arm), _frozen(cell_n), _frozen(x), *masks)
    ways = [(start, *key[5]) for key, start in starts.items()] if arm_schemes is not None else []
    looks, n_final = arm_schemes.arrays() if arm_schemes is not None else (np.zeros((0, 0, 3)), [])
    return cells, offsets, Schemes(_int32s(looks), _ints(n_final), *(_ints([way[i] for way in ways]) for i in range(3)))


def _pooled_cells(design: Design, endings: list[Node]) -> tuple[PooledCells, list[int]]:
    """Return the rows of the pooled tally and, per ending, where its rows begin."""
    starts: dict[tuple[Sizes, bool, int], int] = {}
    size = 0
    offsets = []
    for node in endings:
        key = (node.path.n, len(node.path.in_trial) == len(design.arms), node.pooled_success)
        if key not in starts:
            starts[key] = size
            size = _grown(design, size, sum(node.path.n))
        offsets.append(starts[key])
    sizes = [sum(n) + 1 for n, _, _ in starts]
    x = np.concatenate([np.arange(size) for size in sizes])
    n, all_on, success = (np.repeat(np.array([key[i] for key in starts]), sizes, axis=0) for i in range(3))
    masks = (_frozen(mask) for mask in (all_on.astype(bool), x >= success))
    return PooledCells(_frozen(n), _frozen(x), *masks), offsets


def _grown(design: Design, size: int, n: int) -> int:
    if size + n + 1 > MAX_CELLS:
        raise InputError(
            f"design {design.name}: its endings hold more than {MAX_CELLS:,} outcomes; use fewer arms or looks."
        )
    return size + n + 1


def _node_arrays(
    nodes: list[Node], draws: dict[tuple[int, int], int], arm_offset: list[list[int]], pooled_offset: list[int]
) -> Nodes:
    endings = iter(range(len(nodes)))
    n_arms = len(nodes[0].path.n)
    n_children = np.array([len(node.children) for node in nodes])
    return Nodes(
        look=_ints([node.look for node in nodes]),
        n=_ints([node.path.n for node in nodes]),
        draw=_ints([[draws.get((arm, added), -1) for arm, added in enumerate(node.added)] for node in nodes]),
        stop_low=_int32s([node.stop_low for node in nodes]),
        stop_high=_int32s([node.stop_high for node in nodes]),
        success=_int32s([node.success for node in nodes]),
        pooled_stop_low=_int32s([node.pooled_stop_low for node in nodes]),
        pooled_stop_high=_int32s([node.pooled_stop_high for node in nodes]),
        pooled_success=_int32s([node.pooled_success for node in nodes]),
        toxic_least=_int32s([node.toxic_least for node in nodes]),
        toxic_digit=_ints([node.toxic_digit for node in nodes]),
        stride=_int32s([node.stride or [0] * n_arms for node in nodes]),
        pooled_code=_int32s([node.pooled_code for node in nodes]),
        n_codes=_ints(n_children),
        first_child=_ints(np.cumsum(n_children) - n_children),
        children=_ints([child for node in nodes for child in node.children]),
        ending=_ints([next(endings) if node.is_ending else -1 for node in nodes]),
        arm_offset=_ints(arm_offset),
        pooled_offset=_ints(pooled_offset),
    )


def _ints(values: object) -> NDArray[np.int64]:
    return _frozen(np.array(values, dtype=np.int64))


def _int32s(values: object) -> NDArray[np.int32]:
    return _frozen(np.array(values, dtype=np.int32))


def _frozen(array: _Array) -> _Array:
    array.setflags(write=False)
    return array
