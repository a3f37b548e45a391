"""One row per replicate, to a Parquet file: block by block, complete or not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialsim.compile import compile_design
from trialsim.engines.montecarlo import RECORD_BLOCK, Study, record, record_jointly
from trialsim.files import replaced_when_complete
from trialsim.kernels.joint_counts import JointRecord
from trialsim.plan import NEVER, watches_toxicity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.kernels.counts import Record
    from trialsim.plan import Plan
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario


def write(scenario: Scenario, path: str, progress: Callable[[int], None]) -> None:
    """Write the trials of every plan and truth, in order. Memory holds one block.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    with replaced_when_complete(path) as temporary:
        try:
            for columns in _blocks(scenario):
                batch = pa.table(columns)
                if writer is None:
                    metadata = {"trialsim.scenario": scenario.id, "trialsim.seed": str(scenario.seed)}
                    writer = pq.ParquetWriter(temporary, batch.schema.with_metadata(metadata))
                writer.write_table(batch.cast(writer.schema))
                progress(len(batch))
        finally:
            if writer is not None:
                writer.close()


def _blocks(scenario: Scenario) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    for plan_name, design in scenario.designs():
        plan = compile_design(design)
        for truth in scenario.truths:
            study = Study(plan, truth.rates(design.arm_names), scenario.seed)
            for first in range(0, scenario.n_sims, RECORD_BLOCK):
                n = min(RECORD_BLOCK, scenario.n_sims - first)
                written = (record_jointly if watches_toxicity(plan) else record)(study, first, n)
                words = {
                    name: pa.DictionaryArray.from_arrays(np.zeros(n, np.int8), [word])
                    for name, word in (("plan", plan_name), ("truth", truth.name))
                }
                yield {**words, "trial": np.arange(first, first + n), **trial_columns(design, plan, written)}


def trial_columns(design: Design, plan: Plan, written: Record | JointRecord) -> dict[str, Any]:
    """Return the columns of a block: patients, responses and stop look of each arm, and each success criterion.

    With rules for toxicity also toxicities, and whether they were too many.
    """
    import pyarrow as pa

    ending = written.ending
    columns: dict[str, Any] = {}
    nodes_on_path = plan.endings.node[ending]
    last = np.where(nodes_on_path >= 0, np.arange(len(design.looks)), -1).max(axis=1)
    x = written.x[last, :, np.arange(len(ending))]
    for arm, name in enumerate(design.arm_names):
        stop = plan.endings.stop_look[ending, arm]
        columns[f"{name}: patients"] = plan.endings.n[ending, arm]
        columns[f"{name}: responses"] = x[:, arm]
        if isinstance(written, JointRecord):
            columns[f"{name}: toxicities"] = written.toxicities[last, arm, np.arange(len(ending))]
            columns[f"{name}: too toxic"] = plan.endings.toxic[ending, arm]
        columns[f"{name}: stopped at"] = pa.DictionaryArray.from_arrays(
            pa.array(stop, mask=stop < 0), list(design.look_names)
        )
    for look, name, met, known in criteria(design, plan, written):
        columns[f"{design.look_names[look]}: success of {name}"] = pa.array(met, mask=~known)
    return columns


def criteria(
    design: Design, plan: Plan, written: Record | JointRecord
) -> Iterator[tuple[int, str, np.ndarray, np.ndarray]]:
    """Yield per criterion: its look, its arm or "pooled", whether it was met, whether it was asked."""
    node = plan.endings.node[written.ending]
    for look, spec in enumerate(design.looks):
        if spec.success_if is None:
            continue
        took_place = node[:, look] >= 0
        at = np.maximum(node[:, look], 0)
        if spec.success_if.of == "pooled":
            least = plan.nodes.pooled_success[at]
            yield look, "pooled", took_place & (written.x[look].sum(axis=0) >= least), took_place
            continue
        for arm, name in enumerate(design.arm_names):
            stop = plan.endings.stop_look[written.ending, arm]
            asked = took_place & ((stop < 0) | (stop >= look))
            too_toxic = plan.endings.toxic[written.ending, arm] & (stop == look)
            least = np.where(too_toxic, NEVER, plan.nodes.success[at, arm])
            yield look, name, asked & (least < NEVER) & (written.x[look, arm] >= least), asked
