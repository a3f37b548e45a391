"""The calendar kernel against its naive twin over thousands of random designs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agreement.calendar_designs import trials
from tests.agreement.test_calendar_twin import TRIALS_EACH, agree

pytestmark = pytest.mark.slow_statistics


@settings(max_examples=4000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(trials(), st.integers(0, 10**9))
def test_kernel_is_its_twin_over_thousands(trial: dict[str, Any], first: int) -> None:
    agree(trial, first, TRIALS_EACH)
