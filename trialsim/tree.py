"""The tree of everything that can happen at the looks, and the numbers that the rules compile to on each path.

The definition it follows is docs/ideal-conduct.md, section 1.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

from trialsim.errors import InputError
from trialsim.plan import CONTINUE, EFFICACY, FUTILITY, NEVER, TOXICITY
from trialsim.spec.allocation.sharing import share_out
from trialsim.spec.looks import per_arm_sizes

if TYPE_CHECKING:
    from trialsim.spec.design import Design
    from trialsim.spec.looks import Look

MAX_NODES = 200_000

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Path:
    """What has happened so far; -1 where something has not."""

    n: Sizes
    """Patients of each arm."""
    stop_look: tuple[int, ...]
    """The look at which each arm stopped."""
    nodes: tuple[int, ...]
    """The node at which each look took place."""
    toxic: tuple[bool, ...]
    """Whether each arm was too toxic."""

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
    toxic_least: list[int]
    toxic_digit: int = 0
    pooled_stop_low: int = -1
    pooled_stop_high: int = int(NEVER)
    pooled_success: int = int(NEVER)
    stride: list[int] = field(default_factory=list)
    pooled_code: tuple[int, int] = (0, 0)
    is_ending: bool = False
    children: list[int] = field(default_factory=list)


def grow(design: Design) -> list[Node]:
    """Return the nodes of a design, every child after its parent.

    Raises
    ------
    InputError
        As `compile.compile_design`.
    """
    n_arms = len(design.arms)
    boundaries = _Boundaries(design)
    start = Path((0,) * n_arms, (-1,) * n_arms, (-1,) * len(design.looks), (False,) * n_arms)
    nodes = [_next_node(design, boundaries, 0, 0, start)]
    waiting = deque([0])
    while waiting:
        node = nodes[waiting.popleft()]
        if node.is_ending:
            continue
        is_final = node.look == len(design.looks) - 1
        for decisions in _decisions(node):
            number, path = len(nodes), _after(design, node, decisions)
            node.children.append(number)
            waiting.append(number)
            nodes.append(
                _ending_of(node, number, path)
                if is_final
                else _next_node(design, boundaries, number, node.look + 1, path)
            )
            if len(nodes) > MAX_NODES:
                raise InputError(
                    f"design {design.name}: its {n_arms} arms and {len(design.looks)} looks can follow more than "
                    f"{MAX_NODES:,} different paths; use fewer arms or fewer looks at which an arm can stop."
                )
        if is_final:
            node.success = [int(NEVER)] * n_arms  # the endings after it have the criterion
    return nodes


def _ending_of(final: Node, number: int, path: Path) -> Node:
    """Return ending `number` after a final look with a rule for toxicity: who is too toxic has no success."""
    path = replace(path, nodes=(*path.nodes[:-1], number))
    n_arms, never = len(path.n), [int(NEVER)] * len(path.n)
    success = [int(NEVER) if toxic else least for toxic, least in zip(path.toxic, final.success, strict=True)]
    return Node(final.look, path, (0,) * n_arms, [-1] * n_arms, never, success, never, is_ending=True)


def _next_node(design: Design, boundaries: _Boundaries, number: int, look: int, path: Path) -> Node:
    """Return node `number`: the next look that takes place, from `look` on, or the ending if no arm is left."""
    n_arms, n_looks = len(design.arms), len(design.looks)
    if not path.in_trial:
        last, never = max(path.stop_look), [int(NEVER)] * n_arms
        return Node(last, path, (0,) * n_arms, [-1] * n_arms, never, never, never, is_ending=True)
    sizes = None
    while sizes is None:
        sizes = _sizes_at(design, design.looks[look], path)
        look += sizes is None
    added = tuple(new - old for new, old in zip(sizes, path.n, strict=True))
    path = replace(path, n=sizes, nodes=(*path.nodes[:look], number, *path.nodes[look + 1 :]))
    never = [int(NEVER)] * n_arms
    node = Node(look, path, added, [-1] * n_arms, never.copy(), never.copy(), never.copy())
    boundaries.write(node)
    node.is_ending = look == n_looks - 1 and min(node.toxic_least) >= int(NEVER)
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
    if min(node.toxic_least) < NEVER:
        node.toxic_digit = radix
        radix += 1
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
            decision[arm] = TOXICITY if 0 < node.toxic_digit == digit else digit
        codes.append(tuple(decision))
    node.pooled_code = (len(codes), len(codes) + 1)
    if node.pooled_stop_low >= 0 or node.pooled_stop_high < NEVER:
        for verdict in (FUTILITY, EFFICACY):
            codes.append(tuple(verdict if arm in in_trial else CONTINUE for arm in range(n_arms)))
    return codes


def _after(design: Design, node: Node, decisions: tuple[int, ...]) -> Path:
    """Return the path after the decisions at a node."""
    toxic = tuple(too or new == TOXICITY for too, new in zip(node.path.toxic, decisions, strict=True))
    if node.look == len(design.looks) - 1:
        return replace(node.path, toxic=toxic)
    stopped = [arm for arm in node.path.in_trial if decisions[arm] != CONTINUE]
    if stopped and design.enrolment.when_arm_stops == "stop_trial":
        stopped = list(node.path.in_trial)
    stop_look = tuple(node.look if arm in stopped else look for arm, look in enumerate(node.path.stop_look))
    return replace(node.path, stop_look=stop_look, toxic=toxic)


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
            if look.toxic_if is not None:
                node.toxic_least[arm] = self._least(node.look, "toxic_if", name, n)
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
                ask = self.design.asked_of_toxicity if which == "toxic_if" else self.design.asked
                least = criterion.rule.boundary(ask(arm, n))
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
