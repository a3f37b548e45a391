"""From a design to a plan: rules become numbers, looks become the tree of everything that can happen.

The only file that knows both the protocol's words and the engines' arrays. The definition it follows is
docs/ideal-conduct.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from trialsim.errors import InputError
from trialsim.plan import NEVER, ArmCells, Draws, Endings, Nodes, Plan, PooledCells
from trialsim.spec.allocation.sharing import share_out
from trialsim.spec.looks import per_arm_sizes

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from trialsim.spec.design import Design
    from trialsim.spec.looks import Look

MAX_NODES = 200_000
MAX_CELLS = 20_000_000
CONTINUE, FUTILITY, EFFICACY = 0, 1, 2

Sizes = tuple[int, ...]
_Array = TypeVar("_Array", bound="NDArray[Any]")


@dataclass(frozen=True)
class Path:
    """What has happened so far; -1 where something has not."""

    n: Sizes
    """Patients of each arm."""
    stop_look: tuple[int, ...]
    """The look at which each arm stopped."""
    nodes: tuple[int, ...]
    """The node at which each look took place."""

    @property
    def in_trial(self) -> tuple[int, ...]:
        """Arms still in the trial."""
        return tuple(arm for arm, look in enumerate(self.stop_look) if look < 0)


@dataclass
class Node:
    """A node of the tree while it is being built; the fields are those of `plan.Nodes`."""

    look: int
    path: Path
    added: Sizes
    stop_low: list[int]
    stop_high: list[int]
    success: list[int]
    pooled_stop_low: int = -1
    pooled_stop_high: int = int(NEVER)
    pooled_success: int = int(NEVER)
    stride: list[int] = field(default_factory=list)
    pooled_code: tuple[int, int] = (0, 0)
    is_ending: bool = False
    children: list[int] = field(default_factory=list)


def compile_design(design: Design) -> Plan:
    """Return the plan of a design.

    Raises
    ------
    InputError
        If a rule cannot be written as a number of responses, two rules of a look contradict each other, or the
        design has more paths than can be listed.
    """
    nodes = _grow(design)
    draws: dict[tuple[int, int], int] = {}
    for node in nodes:
        for arm, added in enumerate(node.added):
            if added:
                draws.setdefault((arm, added), len(draws))
    endings = [node for node in nodes if node.is_ending]
    arm_cells, arm_offset = _arm_cells(design, endings)
    pooled_cells, pooled_offset = _pooled_cells(design, endings)
    return Plan(
        _node_arrays(nodes, draws, arm_offset, pooled_offset),
        Draws(*(_ints([draw[part] for draw in draws]) for part in (0, 1))),
        Endings(
            _ints([node.path.n for node in endings]),
            _ints([node.path.stop_look for node in endings]),
            _ints([node.path.nodes for node in endings]),
        ),
        arm_cells,
        pooled_cells,
    )


# --- the tree -----------------------------------------------------------------------------------------------------


def _grow(design: Design) -> list[Node]:
    """Return the nodes, every child after its parent."""
    n_arms = len(design.arms)
    boundaries = _Boundaries(design)
    start = Path((0,) * n_arms, (-1,) * n_arms, (-1,) * len(design.looks))
    nodes = [_next_node(design, boundaries, 0, 0, start)]
    waiting = deque([0])
    while waiting:
        node = nodes[waiting.popleft()]
        if node.is_ending:
            continue
        for decisions in _decisions(node):
            node.children.append(len(nodes))
            waiting.append(len(nodes))
            nodes.append(_next_node(design, boundaries, len(nodes), node.look + 1, _after(design, node, decisions)))
            if len(nodes) > MAX_NODES:
                raise InputError(
                    f"design {design.name}: its {n_arms} arms and {len(design.looks)} looks can follow more than "
                    f"{MAX_NODES:,} different paths; use fewer arms or fewer looks at which an arm can stop."
                )
    return nodes


def _next_node(design: Design, boundaries: _Boundaries, number: int, look: int, path: Path) -> Node:
    """Return node `number`: the next look that takes place, from `look` on, or the ending if no arm is left."""
    n_arms, n_looks = len(design.arms), len(design.looks)
    if not path.in_trial:
        last = max(path.stop_look)
        return Node(
            last, path, (0,) * n_arms, [-1] * n_arms, [int(NEVER)] * n_arms, [int(NEVER)] * n_arms, is_ending=True
        )
    sizes = None
    while sizes is None:
        sizes = _sizes_at(design, design.looks[look], path)
        look += sizes is None
    added = tuple(new - old for new, old in zip(sizes, path.n, strict=True))
    path = Path(sizes, path.stop_look, (*path.nodes[:look], number, *path.nodes[look + 1 :]))
    node = Node(
        look, path, added, [-1] * n_arms, [int(NEVER)] * n_arms, [int(NEVER)] * n_arms, is_ending=look == n_looks - 1
    )
    boundaries.write(node)
    return node


def _sizes_at(design: Design, look: Look, path: Path) -> Sizes | None:
    """Return the patients per arm when the look falls on this path; None if it cannot take place."""
    caps = caps_now(design, path.n, path.in_trial)
    if look.at == "full_enrolment":
        wanted = caps
    elif look.at.per_arm is not None:
        wanted = per_arm_sizes(look.at, design.arm_names)
    else:
        assert look.at.total is not None
        open_caps = tuple(caps[arm] if arm in path.in_trial else path.n[arm] for arm in range(len(caps)))
        return share_out(max(look.at.total - sum(path.n), 0), design.ratio, path.n, open_caps)
    return tuple(max(n, wanted[arm]) if arm in path.in_trial else n for arm, n in enumerate(path.n))


def caps_now(design: Design, n: Sizes, in_trial: tuple[int, ...]) -> Sizes:
    """Return the cap of each arm in the trial now that the others have stopped with `n` patients."""
    caps = list(design.caps)
    if design.enrolment.when_arm_stops == "refill":
        unused = sum(caps[arm] - n[arm] for arm in range(len(caps)) if arm not in in_trial)
        shares = share_out(unused, [design.ratio[arm] for arm in in_trial])
        assert shares is not None  # nothing caps the shares
        for arm, share in zip(in_trial, shares, strict=True):
            caps[arm] += share
    return tuple(caps)


def _decisions(node: Node) -> list[tuple[int, ...]]:
    """Return the decision of every arm for each decision code, and set the node's strides and pooled codes."""
    in_trial, n_arms = node.path.in_trial, len(node.path.n)
    radix = 3 if any(high < NEVER for high in node.stop_high) else 2 if any(low >= 0 for low in node.stop_low) else 1
    node.stride = [0] * n_arms
    for place, arm in enumerate(in_trial):
        node.stride[arm] = radix**place if radix > 1 else 0
    if radix ** len(in_trial) > MAX_NODES:
        raise InputError(
            f"{n_arms} arms that can stop at one look make more than {MAX_NODES:,} outcomes; use fewer arms."
        )
    codes = []
    for digits in product(range(radix), repeat=len(in_trial)):
        decision = [CONTINUE] * n_arms
        for arm, digit in zip(reversed(in_trial), digits, strict=True):
            decision[arm] = digit
        codes.append(tuple(decision))
    node.pooled_code = (len(codes), len(codes) + 1)
    if node.pooled_stop_low >= 0 or node.pooled_stop_high < NEVER:
        for verdict in (FUTILITY, EFFICACY):
            codes.append(tuple(verdict if arm in in_trial else CONTINUE for arm in range(n_arms)))
    return codes


def _after(design: Design, node: Node, decisions: tuple[int, ...]) -> Path:
    """Return the path after the decisions at a node."""
    stopped = [arm for arm in node.path.in_trial if decisions[arm] != CONTINUE]
    if stopped and design.enrolment.when_arm_stops == "stop_trial":
        stopped = list(node.path.in_trial)
    stop_look = tuple(node.look if arm in stopped else look for arm, look in enumerate(node.path.stop_look))
    return Path(node.path.n, stop_look, node.path.nodes)


# --- rules become numbers -----------------------------------------------------------------------------------------


class _Boundaries:
    """Evaluates each rule once for each number of patients at which it is asked."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.known: dict[tuple[int, str, str, int], int] = {}

    def write(self, node: Node) -> None:
        """Write the boundaries of a node that takes place."""
        look, in_trial = self.design.looks[node.look], node.path.in_trial
        all_arms = len(in_trial) == len(self.design.arms)
        total = sum(node.path.n)
        for arm in in_trial:
            name, n = self.design.arm_names[arm], node.path.n[arm]
            if look.continue_if is not None and look.continue_if.of == "arm":
                node.stop_low[arm] = self._least(node.look, "continue_if", name, n) - 1
            if look.success_if is not None and look.success_if.of == "arm":
                node.success[arm] = self._least(node.look, "success_if", name, n)
                if look.success_if.then == "stop":
                    node.stop_high[arm] = node.success[arm]
        if look.continue_if is not None and look.continue_if.of == "pooled":
            node.pooled_stop_low = self._least(node.look, "continue_if", "pooled", total) - 1
        if (
            look.success_if is not None
            and look.success_if.of == "pooled"
            and (all_arms or not look.success_if.requires_all_arms)
        ):
            node.pooled_success = self._least(node.look, "success_if", "pooled", total)
            if look.success_if.then == "stop":
                node.pooled_stop_high = node.pooled_success
        self._check(node)

    def _least(self, look: int, which: str, arm: str, n: int) -> int:
        key = (look, which, arm, n)
        if key not in self.known:
            criterion = getattr(self.design.looks[look], which)
            try:
                least = criterion.rule.boundary(n, arm)
            except ValueError as error:
                where = f"design {self.design.name}, looks.{self.design.looks[look].name}.{which}.rule"
                raise InputError(f"{where}: {error}.") from None
            self.known[key] = least if least <= n else int(NEVER)
        return self.known[key]

    def _check(self, node: Node) -> None:
        arms_clash = any(low >= high for low, high in zip(node.stop_low, node.stop_high, strict=True))
        if arms_clash or node.pooled_stop_low >= node.pooled_stop_high:
            raise InputError(
                f"design {self.design.name}, looks.{self.design.looks[node.look].name}: the same responses both stop "
                f"for futility and stop for efficacy; ask less of continue_if or more of success_if."
            )


# --- arrays -------------------------------------------------------------------------------------------------------


def _arm_cells(design: Design, endings: list[Node]) -> tuple[ArmCells, list[list[int]]]:
    """Return the rows of the arm tally and, per ending and arm, where its rows begin. Like rows are shared."""
    starts: dict[tuple[int, int, bool, bool, int], int] = {}
    blocks: list[tuple[int, int, bool, bool, int]] = []
    size = 0
    offsets = []
    for node in endings:
        all_went_on = len(node.path.in_trial) == len(design.arms)
        row = []
        for arm, n in enumerate(node.path.n):
            key = (arm, n, arm in node.path.in_trial, all_went_on, node.success[arm])
            if key not in starts:
                starts[key] = size
                blocks.append(key)
                size = _grown(design, size, n)
            row.append(starts[key])
        offsets.append(row)
    sizes = [n + 1 for _, n, *_ in blocks]
    x = np.concatenate([np.arange(size) for size in sizes])
    cell_arm, cell_n, went_on, all_on, success = (np.repeat([block[i] for block in blocks], sizes) for i in range(5))
    masks = (_frozen(mask) for mask in (went_on.astype(bool), all_on.astype(bool), x >= success))
    return ArmCells(_frozen(cell_arm), _frozen(cell_n), _frozen(x), *masks), offsets


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
