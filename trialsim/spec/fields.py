"""The field types that every part of a protocol is made of, with their units and ranges."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

MAX_PATIENTS = 20_000
"""No phase 2 trial is larger; a larger number is a slip of the keyboard."""

MAX_SIMS = 1_000_000_000

_FRACTION = re.compile(r"^\s*(\d{1,9})\s*/\s*(\d{1,9})\s*$")
_RATE_WORDS = "a rate from 0 to 1, or a fraction such as 36/73"


class Part(BaseModel):
    """A part of a protocol: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


def parse_rate(value: Any) -> float:
    """Return a rate from a number or from a fraction of counts.

    Raises
    ------
    ValueError
        If the value is neither a number from 0 to 1 nor `a/b` with 0 <= a <= b and b > 0.

    >>> parse_rate("36/73") == 36 / 73
    True
    """
    if isinstance(value, str) and (match := _FRACTION.match(value)):
        count, total = int(match[1]), int(match[2])
        if total == 0 or count > total:
            raise ValueError(_RATE_WORDS)
        return count / total
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(_RATE_WORDS)
    return float(value)


def parse_whole(value: Any) -> int:
    """Return a whole number; 1e5 is one, true, 2.5 and "18" are not.

    Raises
    ------
    ValueError
        If the value is not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ValueError("a whole number")
    return int(value)


def parse_number(value: Any) -> float:
    """Return a number; true and "0.9" are not.

    Raises
    ------
    ValueError
        If the value is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    return float(value)


_Whole = BeforeValidator(parse_whole, json_schema_input_type=int)

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Text = Annotated[str, StringConstraints(max_length=20_000, strip_whitespace=True)]
Patients = Annotated[int, _Whole, Field(ge=1, le=MAX_PATIENTS)]
Responses = Annotated[int, _Whole, Field(ge=0, le=MAX_PATIENTS)]
Ratio = Annotated[int, _Whole, Field(ge=1, le=100)]
Replicates = Annotated[int, _Whole, Field(ge=1, le=MAX_SIMS)]
Seed = Annotated[int, _Whole, Field(ge=0, le=2**63 - 1)]
Digits = Annotated[int, _Whole, Field(ge=0, le=12)]
Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^\s*\d{1,9}\s*/\s*\d{1,9}\s*$"},
            ],
            "description": _RATE_WORDS,
        }
    ),
]
Probability = Annotated[float, BeforeValidator(parse_number, json_schema_input_type=float), Field(gt=0, lt=1)]
"""Strictly between 0 and 1: a confidence level, the probability of a quantile, a target width."""
Number = Annotated[float, BeforeValidator(parse_number, json_schema_input_type=float)]
