"""The plan: a design compiled to read-only arrays. It says everything the engines need and holds no word.

A plan is the tree of everything that can happen at the looks under ideal conduct (docs/ideal-conduct.md). A *node* is
a look as it is reached on one path: it fixes how many patients each arm has by then, and from which number of
responses on each decision falls. An *ending* is a node after which nothing is decided. All are counts of patients.

Dimensions: N nodes, A arms, E endings, D draws, C children.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int64]
    Int32s: TypeAlias = NDArray[np.int32]
    Bools: TypeAlias = NDArray[np.bool_]

CONTINUE, FUTILITY, EFFICACY, TOXICITY = 0, 1, 2, 3
"""The decisions about an arm; the first three are digits of a decision code, `Nodes.toxic_digit` is the last one's."""

WENT_ON = -1
"""The stop look of an arm that took part in the final look."""

NEVER = np.int32(2**30)
"""A number of responses that is never reached."""


class Nodes(NamedTuple):
    """What is drawn, compared and decided at each node. A kernel walks it; boundaries are inclusive."""

    look: Ints
    """(N,) the look, from 0."""
    n: Ints
    """(N, A) patients of each arm so far, stopped arms included."""
    draw: Ints
    """(N, A) which draw gives the responses of the patients added since the last look; -1: none were added."""
    stop_low: Int32s
    """(N, A) the arm stops for futility at this many responses or fewer; -1: never."""
    stop_high: Int32s
    """(N, A) the arm stops for efficacy at this many responses or more; NEVER."""
    success: Int32s
    """(N, A) the arm meets the success criterion at this many responses or more; NEVER."""
    pooled_stop_low: Int32s
    """(N,) all arms stop for futility at this many responses in all arms or fewer; -1: never."""
    pooled_stop_high: Int32s
    """(N,) all arms stop for efficacy at this many responses in all arms or more; NEVER."""
    pooled_success: Int32s
    """(N,) the pooled success criterion is met at this many responses in all arms or more; NEVER."""
    toxic_least: Int32s
    """(N, A) the arm is too toxic at this many patients with toxicity or more; NEVER."""
    toxic_digit: Ints
    """(N,) the digit of "too toxic" in the decision code, which goes before the others; 0: no rule for toxicity."""
    stride: Int32s
    """(N, A) what an arm's decision (0 continue, 1 futility, 2 efficacy) is multiplied by in the decision code."""
    pooled_code: Int32s
    """(N, 2) decision codes of the pooled stops, for futility and for efficacy."""
    n_codes: Ints
    """(N,) how many decision codes the node has; 0 at an ending."""
    first_child: Ints
    """(N,) index into `children` of decision code 0."""
    children: Ints
    """(C,) node that follows each decision code."""
    ending: Ints
    """(N,) which ending the node is; -1: none."""
    arm_offset: Ints
    """(E, A) where, in the arm tally, the entry for 0 responses of this arm at this ending is."""
    pooled_offset: Ints
    """(E,) the same in the pooled tally."""


class Draws(NamedTuple):
    """The binomial draws of the plan, each needed once per truth."""

    arm: Ints
    """(D,) whose responses."""
    size: Ints
    """(D,) of how many patients."""


class Endings(NamedTuple):
    """How the trial can end."""

    n: Ints
    """(E, A) final patients of each arm."""
    stop_look: Ints
    """(E, A) the look at which the arm stopped; -1: it went on to the final look."""
    node: Ints
    """(E, L) the node at which each look took place on the way there; -1: it did not."""
    toxic: Bools
    """(E, A) the arm was too toxic: it stopped for that or, at the final look, is not accepted for it."""


class ArmCells(NamedTuple):
    """The entries of the arm tally: final responses of an arm, split by how it ended. One row per entry."""

    arm: Ints
    n: Ints
    x: Ints
    went_on: Bools
    all_went_on: Bools
    success: Bools
    """Whether these responses meet the arm's final success criterion."""


class PooledCells(NamedTuple):
    """The entries of the pooled tally: final responses of all arms together. One row per entry."""

    n: Ints
    """(P, A) final patients of each arm."""
    x: Ints
    all_went_on: Bools
    success: Bools


class Schemes(NamedTuple):
    """How each arm could have stopped on the way to each entry of the arm tally: what inference after stopping needs.

    A scheme is the looks at which an arm can stop, with its patients by then, on one path. Empty where an arm's stops
    are not functions of its own responses (pooled stops, toxicity). Dimensions: S schemes, K looks, B blocks of
    entries.
    """

    looks: Int32s
    """(S, K, 3) patients, stop_low and stop_high of each look, in order; 0 patients: no further look."""
    n_final: Ints
    """(S,) the arm's patients at the final analysis, if it goes on."""
    start: Ints
    """(B,) the first entry of the arm tally that belongs to the block; blocks are in order and leave no gap."""
    scheme: Ints
    """(B,) which scheme the arm was under."""
    stage: Ints
    """(B,) the look of the scheme at which the arm stopped; the number of its looks: it did not."""


class Plan(NamedTuple):
    """A compiled design.

    Where the final look has a rule for toxicity, its node is no ending: the endings after it, at the same look, say
    which arms were too toxic.
    """

    nodes: Nodes
    draws: Draws
    endings: Endings
    arm_cells: ArmCells
    pooled_cells: PooledCells
    schemes: Schemes


def watches_toxicity(plan: Plan) -> bool:
    """Return whether a rule for toxicity can be met, so that trials are simulated and solved with toxicity."""
    return bool((plan.nodes.toxic_digit > 0).any())
