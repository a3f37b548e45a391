"""The conditional unbiased estimator, for arms that went on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from trialsim.inference.estimators.mle import mle
from trialsim.inference.estimators.umvue import shares
from trialsim.inference.sequential import path_counts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]


def conditional_umvue(scheme: Scheme, stage: int) -> Floats:
    """Return the estimate that is unbiased given that the arm went on to the final analysis.

    The last patient's response, averaged over all orders of responses that lead to the outcome: that patient was only
    enrolled because the arm had gone on (Pepe, Feng, Longton and Koopmeiners, Stat Med 2009;28:762-779; for two stages
    written out in Porcher and Desseaux, BMC Med Res Methodol 2012;12:117). An arm that stopped has the observed rate,
    and so has one that got no patient after its last look.
    """
    passed, n = scheme.passed(stage), scheme.n_at(stage)
    if stage < len(scheme.looks) or (passed and passed[-1].n == n):
        return mle(scheme, stage)
    return shares(path_counts(passed, n, "last"), path_counts(passed, n))
