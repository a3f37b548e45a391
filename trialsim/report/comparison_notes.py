"""What stands below a comparison of designs: what its columns mean, how the engines agree, what made the numbers."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from trialsim.oc.agreement import FAMILY_WISE_ERROR

if TYPE_CHECKING:
    from trialsim.comparison.designs import Comparison, Judged

MAX_FAILURES = 10
"""Of more values, or differences, that disagree, the worst are shown."""

MAX_MCSE_ERROR = 0.2
"""Relative; that of an MCSE to which only some six replicates contribute."""


def footnotes(found: Comparison) -> list[str]:
    """Return what the columns mean, how the engines agree, and what made the numbers."""
    return [*_legend(found), *_verdict(found), _provenance_line(found)]


def _legend(found: Comparison) -> list[str]:
    if found.n_groups is None:
        return []
    counts = [found.n_groups, *([found.n_calendar_groups] if found.n_calendar_groups is not None else [])]
    groups = " and, as conducted, ".join(f"{n}" for n in dict.fromkeys(counts))
    errors = " and ".join(f"{100 * mcse_error(n):.0f} %" for n in dict.fromkeys(counts) if n > 1)
    return [
        "In brackets the Monte Carlo standard error (MCSE); without brackets exact. alike: the difference is the same "
        "in every group of replicates. –: too few replicates to tell.",
        "B − A, C − A, …: simulated on common random numbers (replicate k sees the same patients under every design). "
        f"Their MCSE is a jackknife over groups of replicates ({groups}); its own relative error is about {errors}.",
        "replicates: how many times more of them independent runs of the two designs would need for the same MCSE; "
        f"few: so few ended differently that the MCSE is rough (relative error above {100 * MAX_MCSE_ERROR:g} %).",
    ]


def mcse_error(n_groups: int) -> float:
    """Return the relative standard error of an MCSE that rests on so many groups."""
    return 1 / sqrt(2 * (n_groups - 1))


def _verdict(found: Comparison) -> list[str]:
    """Return what the check of the engines against each other found."""
    lines = [f"Not solved exactly, {found.why_not}"] if found.why_not is not None else []
    agreement = found.agreement
    if agreement is None:
        only = "Exact values only; nothing was simulated." if found.engine == "exact" else "Simulated values only."
        return [*lines, only]
    worst = abs(agreement.worst.z) if agreement.worst is not None else 0.0
    what = f"{agreement.n_values:,} values and {agreement.n_differences:,} paired differences judged"
    rule = f"limit {agreement.limit:.2f}: family-wise error {FAMILY_WISE_ERROR:g}, Bonferroni"
    n_failures = len(agreement.failures)
    end = "The engines agree." if not n_failures else f"{n_failures} DISAGREE:"
    lines.append(f"Simulated against exact: {what}, largest |z| {worst:.2f} ({rule}). {end}")
    for is_difference in (False, True):
        own = [judged for judged in agreement.failures if judged.is_difference == is_difference]
        own.sort(key=lambda judged: -abs(judged.z))
        lines += [_failure(found, judged) for judged in own[:MAX_FAILURES]]
    return lines


def _failure(found: Comparison, judged: Judged) -> str:
    row, letter = judged.row, found.sides[judged.design].letter
    which = ", ".join(str(part) for part in (*row[:2], *row[3:8]) if part is not None)
    record, difference = row.values[judged.design], row.differences[judged.design - 1]
    if judged.is_difference:
        assert difference is not None
        letter, numbers = f"{letter} − A", (difference.value, difference.mcse, difference.exact)
    else:
        assert record is not None
        numbers = (record.estimate, record.mcse, record.exact)
    simulated, mcse, exact = (0.0 if number is None else number for number in numbers)
    shown = f"simulated {simulated:.6g}, MCSE {mcse:.2g}, exact {exact:.6g}"
    return f"  {letter}: {row.measure} ({which}): {shown}, z {judged.z:.2f}"


def _provenance_line(found: Comparison) -> str:
    facts, ids = found.provenance, ", ".join(f"{side.letter} {side.scenario.id}" for side in found.sides)
    simulated = (
        f", {facts['n_sims']:,} replicates, seed {facts['seed']}, stream {facts['stream']}" if facts["stream"] else ""
    )
    return f"Scenarios {ids}; trialsim {facts['trialsim']}{simulated}; {facts['wall_s']:.2f} s."
