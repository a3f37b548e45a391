"""Progress on stderr: a bar with the time left once work takes longer than a second; silent when nobody watches."""

from __future__ import annotations

import sys
from threading import Timer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

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
