"""Which tests run beside which, and what is said at the end of every test run."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOT_RUN = "no browser answers here"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` means: one more than cores, for tests in a browser mostly wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests in one process, and all files with tests in a browser, which alone fills a core, in one."""
    from xdist.scheduler import LoadFileScheduling

    class _OneBrowser(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "browser" if _has_browser(file) else file

    return _OneBrowser(config, log) if config.getvalue("dist") == "loadfile" else None


@functools.cache
def _has_browser(file: str) -> bool:
    path = ROOT / file
    return path.name.startswith("test_") and "mark.browser" in path.read_text(encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests in a browser, which take longest."""
    items.sort(key=lambda item: not _has_browser(item.nodeid.partition("::")[0]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one sentence, where nobody overlooks it, that the tests in a browser were not run."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if NOT_RUN in str(one.longrepr)]
    if skipped:
        sentence = f"NOT RUN: {len(skipped)} tests in a browser, for {NOT_RUN}; run `make browser`."
        terminalreporter.write_sep("!", sentence, red=True, bold=True)
