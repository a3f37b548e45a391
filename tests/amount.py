"""How much of a list of cases `make test` takes; the others run in `make verify`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few(cases: Iterable[Any], n: int = 3) -> list[Any]:
    """Return the cases with all but `n`, spread over them, marked as long."""
    found = list(cases)
    kept = {round(k * (len(found) - 1) / max(n - 1, 1)) for k in range(n)}
    return [case if i in kept else pytest.param(case, marks=pytest.mark.long) for i, case in enumerate(found)]
