"""What is said at the end of every test run."""

from __future__ import annotations

from typing import Any

NOT_RUN = "no browser answers here"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one sentence, where nobody overlooks it, that the tests in a browser were not run."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if NOT_RUN in str(one.longrepr)]
    if skipped:
        sentence = f"NOT RUN: {len(skipped)} tests in a browser, for {NOT_RUN}; run `make browser`."
        terminalreporter.write_sep("!", sentence, red=True, bold=True)
