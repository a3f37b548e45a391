"""The stopping and success rules. To add one: write `rules/<rule>.py`, add its class to `RULES`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trialsim.spec.rules.confidence_limit import ConfidenceLimitRule
from trialsim.spec.rules.responses import ResponsesRule

RULES = (ResponsesRule, ConfidenceLimitRule)

Rule = Annotated[ResponsesRule | ConfidenceLimitRule, Field(discriminator="kind")]
