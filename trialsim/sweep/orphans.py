"""Worker processes that end with the program that started them, even if it was killed and could not tell them."""

from __future__ import annotations

import functools
import os
import threading
import time
from typing import TYPE_CHECKING

from trialsim.sweep.work import compute

if TYPE_CHECKING:
    from trialsim.sweep.work import Outcome, Task

LOOK_EVERY_S = 0.5


def compute_for(starter: int, task: Task) -> list[Outcome]:
    """Compute the cells of a task as long as the process `starter`, whose child this one is, lives.

    Joblib's workers would finish what is in their queue, hours perhaps, and then wait five minutes for more.
    """
    _end_with(starter)
    return compute(task)


@functools.cache
def _end_with(starter: int) -> None:
    """Let this process end when it is no longer the child of `starter`; once is enough."""
    if os.name == "posix" and (os.getppid() == starter or not _lives(starter)):
        threading.Thread(target=_watch, args=(starter,), daemon=True).start()


def _watch(starter: int) -> None:
    while os.getppid() == starter:
        time.sleep(LOOK_EVERY_S)
    os._exit(1)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
