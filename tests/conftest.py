"""Which tests run beside which, and what is said at the end of every test run."""

from __future__ import annotations

import os
from typing import Any

import pytest

NOT_RUN = "no browser answers here"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` means: one more than cores, for tests in a browser mostly wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and all that need a browser, which keeps two cores busy, in the first."""
    for item in items:
        is_browser = item.get_closest_marker("browser") is not None
        item.add_marker(pytest.mark.xdist_group("browser" if is_browser else item.path.stem))
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one sentence, where nobody overlooks it, that the tests in a browser were not run."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if NOT_RUN in str(one.longrepr)]
    if skipped:
        sentence = f"NOT RUN: {len(skipped)} tests in a browser, for {NOT_RUN}; run `make browser`."
        terminalreporter.write_sep("!", sentence, red=True, bold=True)
