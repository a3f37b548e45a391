"""Every calendar measure with each group of trials left out in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from trialsim.comparison.left_out import Key, quantile_left_out
from trialsim.endings import CalendarTally, ColumnSums
from trialsim.oc.calendar import MONTH_DAYS, SCALE, CalendarSetting, calendar_measures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.comparison.calendar_groups import CalendarGroups
    from trialsim.oc.entry import Entry

    Floats: TypeAlias = NDArray[Any]


def calendar_left_out(setting: CalendarSetting, of: CalendarGroups) -> dict[Key, Floats]:
    """Return each measure of `calendar_measures` with each group left out: (G,) values, nan where not defined."""
    found: dict[Key, Floats] = {}
    toxicity = [i for i, column in enumerate(of.whole.sums.columns) if column.quantity == "toxicities"][:1]
    for index, column in enumerate(of.whole.sums.columns):
        is_decision = column.quantity in ("look_decision", "stop_look")
        entries = list(calendar_measures(setting, _only(of.whole, [index, *toxicity] if is_decision else [index])))
        if is_decision:  # the column of toxicities is there to say that arms can stop for toxicity
            entries = [entry for entry in entries if entry.measure == "p_stop_toxicity"]
        if entries:
            sums = _without_each(of, index)
            with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is nan: not defined
                found |= {entry.key: _of_entry(entry, sums, of.quantiles) for entry in entries}
    return found


def _only(whole: CalendarTally, chosen: list[int]) -> CalendarTally:
    """Return the tally with some columns alone."""
    sums = ColumnSums([whole.sums.columns[index] for index in chosen])
    for name in ("n", "total", "squares", "histogram"):
        setattr(sums, name, [getattr(whole.sums, name)[index] for index in chosen])
    return CalendarTally(whole.n_trials, sums, whole.endings, whole.outcomes, whole.pooled, whole.criteria)


class _Sums(NamedTuple):
    """A column without each group: (G,) trials, those with a value, sums of deviations and of their squares."""

    n_trials: Floats
    n: Floats
    total: Floats
    squares: Floats
    below: Floats
    """(K, G)"""
    share_below: Floats
    """(K,) of all trials with a value."""
    centre: float
    scale: float


def _without_each(of: CalendarGroups, index: int) -> _Sums:
    columns = of.columns

    def without(part: Floats) -> Floats:
        found: Floats = part.sum(axis=-1, keepdims=True) - part
        return found

    n, below = columns.n[:, index], columns.below[:, :, index]
    return _Sums(
        without(of.n_trials),
        without(n),
        without(columns.total[:, index]),
        without(columns.squares[:, index]),
        without(below),
        below.sum(axis=1) / max(int(n.sum()), 1),
        float(columns.centre[index]),
        SCALE[of.whole.sums.columns[index].unit],
    )


def _of_entry(entry: Entry, sums: _Sums, quantiles: tuple[float, ...]) -> Any:
    """Return what an entry of a column becomes without each group; the ending of its name says what it is."""
    measure, inside = entry.measure, sums.below[-1] - sums.below[-2]
    if measure == "p_takes_place" or measure.endswith("_known"):
        return sums.n / sums.n_trials
    if measure == "p_stop_toxicity":
        return inside / sums.n_trials
    if measure.startswith("p_logrank_"):
        return (sums.n - inside) / sums.n
    average = sums.total / sums.n
    if measure.endswith("_mean"):
        return (average + sums.centre) * sums.scale / (MONTH_DAYS if measure == "months_mean" else 1.0)
    if measure.endswith("_sd"):
        return np.sqrt(np.maximum(sums.squares / sums.n - average**2, 0.0)) * sums.scale
    assert measure.endswith("_quantile"), measure
    assert entry.value is not None
    if entry.estimate.value is None:
        return np.full(len(sums.n), np.nan)
    point = quantiles.index(entry.value)
    return quantile_left_out(entry.estimate, sums.below[point] / sums.n, sums.share_below[point])
