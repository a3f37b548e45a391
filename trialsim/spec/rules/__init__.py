"""The stopping and success rules. To add one: write `rules/<rule>.py`, add its class to `RULES` and to `Rule`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trialsim.spec.rules.any_all import AllRule, AnyRule, leaves
from trialsim.spec.rules.bop2 import Bop2Rule
from trialsim.spec.rules.conditional_power import ConditionalPowerRule
from trialsim.spec.rules.confidence_limit import ConfidenceLimitRule
from trialsim.spec.rules.curtailment import CurtailmentRule
from trialsim.spec.rules.exact_test import ExactTestRule
from trialsim.spec.rules.posterior import PosteriorRule
from trialsim.spec.rules.predictive_probability import PredictiveProbabilityRule
from trialsim.spec.rules.responses import ResponsesRule
from trialsim.spec.rules.table import TableRule

__all__ = ["RULES", "Rule", "leaves"]

Rule = Annotated[
    ResponsesRule
    | ExactTestRule
    | ConfidenceLimitRule
    | PosteriorRule
    | PredictiveProbabilityRule
    | Bop2Rule
    | CurtailmentRule
    | ConditionalPowerRule
    | TableRule
    | AnyRule
    | AllRule,
    Field(discriminator="kind"),
]

RULES = (
    ResponsesRule,
    ExactTestRule,
    ConfidenceLimitRule,
    PosteriorRule,
    PredictiveProbabilityRule,
    Bop2Rule,
    CurtailmentRule,
    ConditionalPowerRule,
    TableRule,
    AnyRule,
    AllRule,
)

for _joined in (AnyRule, AllRule):
    _joined.model_rebuild(_types_namespace={"Rule": Rule})
