"""Progress on stderr: a bar with the time left once work takes longer than a second; silent when nobody watches."""

from __future__ import annotations

import sys
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

    from trialsim.sweep.run import Step

DELAY_S = 1.0


class ProgressBar:
    """Counts replicates; used as a context. The bar appears after `DELAY_S` seconds, on a terminal only."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._is_preparing = True
        self._bar: Progress | None = None
        self._timer = Timer(DELAY_S, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._bar is not None:
            self._bar.stop()

    def advance(self, n_trials: int) -> None:
        """Count finished replicates; 0 says that something is being prepared."""
        self.done += n_trials
        self._is_preparing = n_trials == 0
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.done, description=self._doing())

    def _doing(self) -> str:
        return "preparing (the first run compiles its kernels)" if self._is_preparing else "simulating"

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials, time left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        bar.add_task(self._doing(), total=self.total, completed=self.done)
        bar.start()
        self._bar = bar


LINE_S = 15.0
"""Without a terminal, a line this often."""


class SweepProgress:
    """Cells done, rate, time left, largest standard error so far; used as a context."""

    def __init__(self) -> None:
        self.n_done = 0
        self._began = self._told = monotonic()
        self._first: int | None = None
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, step: Step) -> None:
        """Show how far the sweep has come: a bar on a terminal, else a line every `LINE_S` seconds."""
        now, self.n_done = monotonic(), step.n_done
        if self._first is None:
            self._first = step.n_done
        if sys.stderr.isatty():
            if self._bar is None and now - self._began > DELAY_S:
                self._bar = _sweep_bar(step.n_cells)
            if self._bar is not None:
                self._bar.update(self._bar.task_ids[0], completed=step.n_done, description=self._words(step, now))
        elif now - self._told > LINE_S:
            self._told = now
            print(f"{step.n_done:,} of {step.n_cells:,} {self._words(step, now)}", file=sys.stderr, flush=True)

    def _words(self, step: Step, now: float) -> str:
        rate = (step.n_done - (self._first or 0)) / max(now - self._began, 1e-9)
        words = f"cells, {rate:,.1f} per second"
        if rate > 0:
            words += f", {_duration((step.n_cells - step.n_done) / rate)} left"
        if step.worst_mcse > 0:
            words += f", largest MCSE of a probability {step.worst_mcse:.2g}"
        return words + (f", {step.n_failed:,} failed" if step.n_failed else "")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _sweep_bar(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task("cells", total=total)
    bar.start()
    return bar
