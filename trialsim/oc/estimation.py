"""The observed response rate as an estimator: mean, bias and RMSE, unconditional and given the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.oc.entry import Entry, outcomes
from trialsim.oc.mcse import mean, root_mean_square

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import Tally
    from trialsim.oc.entry import Setting


def estimation(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield rate_mean, rate_bias and rate_rmse of the observed rate (`variant` "mle"), per arm and pooled."""
    for found in outcomes(setting, tally.arm, tally.pooled):
        observed = found.x / found.n
        error = observed - found.rate
        yield Entry("rate_mean", mean(observed, found.weight), found.arm, given=found.given, variant="mle")
        yield Entry("rate_bias", mean(error, found.weight), found.arm, given=found.given, variant="mle")
        yield Entry("rate_rmse", root_mean_square(error, found.weight), found.arm, given=found.given, variant="mle")
