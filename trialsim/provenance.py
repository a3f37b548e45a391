"""What a result rests on: versions, seed, stream, time."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from trialsim._version import __version__

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario


def provenance(scenario: Scenario, *, simulated: bool, wall_s: float) -> dict[str, Any]:
    """Return the facts that let someone else repeat the run; those of the simulator are None if it did not run."""
    import numpy as np

    stream = numba_version = None
    if simulated:
        import numba

        from trialsim.kernels.stream import STREAM

        stream, numba_version = STREAM, numba.__version__
    return {
        "trialsim": __version__,
        "seed": scenario.seed if simulated else None,
        "n_sims": scenario.n_sims if simulated else None,
        "stream": stream,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba_version,
        "wall_s": round(wall_s, 3),
    }
