"""What is imported before the threads of jobs begin.

Drawing a figure looks for pandas and pyarrow among the modules that are loaded, and takes what it finds to be whole.
Writing Parquet loads both, in the thread of a job: another job's figure then met half of pandas and failed.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

SOUGHT = ("pyarrow.parquet", "pandas")
"""The second only where somebody has installed it: it is no dependency, but pyarrow takes it if it is there."""


def import_early() -> None:
    """Import what drawing looks for, as far as it can be imported."""
    for name in SOUGHT:
        with suppress(Exception):  # whatever is wrong with it, pyarrow goes without it as well
            import_module(name)
