"""Results kept in one file, so that nothing is computed twice."""

from trialsim.store.kinds import Done, Finding, KeptCell, Key, Level, Pruned, ResultLine, Sweep
from trialsim.store.layouts import NUMBERS, WORDS, Layout, Words, joined, split
from trialsim.store.store import Store, open_store

__all__ = [
    "NUMBERS",
    "WORDS",
    "Done",
    "Finding",
    "KeptCell",
    "Key",
    "Layout",
    "Level",
    "Pruned",
    "ResultLine",
    "Store",
    "Sweep",
    "Words",
    "joined",
    "open_store",
    "split",
]
