"""Analyses at the trigger beside those of all who had entered, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.records import bound_of
from trialsim.report.calendar_tables import with_error
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.oc.mcse import Estimate
    from trialsim.replay.overrun import AskedAgain

HEADER = (
    "look",
    "of",
    "trials",
    "counted",
    "had entered",
    "rate at the trigger",
    "rate of all who had entered",
    "difference of rates",
    "criterion",
    "met at the trigger",
    "met by all",
    "answers differ",
)


def overrun_table(found: tuple[AskedAgain, ...], title: str) -> Table:
    """Return each look at its trigger beside the same look of all who had entered by that day."""
    table = Table(title, list(HEADER), 2)
    for one in found:
        asked = (one.p_met, one.p_met_by_all, one.p_differs)
        table.rows.append(
            [
                one.look,
                one.of,
                f"{one.n_trials:,}",
                with_error(one.counted.value, one.counted.mcse, 1),
                with_error(one.entered.value, one.entered.mcse, 1),
                *(with_error(rate.value, rate.mcse, 4) for rate in (one.rate, one.rate_of_all, one.difference)),
                one.criterion or "–",
                *(_share(share) if one.criterion else "–" for share in asked),
            ]
        )
    return table


def overrun_notes(found: tuple[AskedAgain, ...]) -> Iterator[str]:
    """Yield how to read the table."""
    if found:
        yield (
            f"The first {found[0].n_looked_at:,} trials were looked at; trials: those in which the look took place and "
            "the arm was still in the trial. Means over these, in brackets MCSE."
        )
    yield (
        "At the trigger, a counted patient whose response is not yet settled has none. Of all who had entered by that "
        "day everything known by the data cut-off is taken."
    )
    if any(not one.criterion for one in found):
        yield (
            "A criterion of a fixed number of responses is not asked again: it was not made for another number of "
            "patients."
        )


def _share(share: Estimate) -> str:
    """Return a share of trials with its MCSE; where none or all were seen, with its 95 % limit."""
    bound = bound_of(share)
    if bound is None or share.value is None:
        return with_error(share.value, share.mcse, 4)
    return f"{share.value:.4f} ({f'< {bound:.2g}' if share.value == 0 else f'> {bound:.4g}'})"
