"""The field types that every part of a protocol is made of, with their units and ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

from trialsim.errors import CONTROLS

MAX_PATIENTS = 20_000
"""No phase 2 trial is larger; a larger number is a slip of the keyboard."""

MAX_SIMS = 1_000_000_000

MAX_DAYS = 36_525
"""The horizon of a trial: a hundred years."""

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
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 300 digits
        raise ValueError("a number") from None


def _whole(least: int, most: int) -> Any:
    """Return the type of a whole number within limits."""
    schema = WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})
    return Annotated[int, BeforeValidator(parse_whole), Field(ge=least, le=most), schema]


def _number(least: float, most: float) -> Any:
    """Return the type of a number within limits."""
    schema = WithJsonSchema({"type": "number", "minimum": least, "maximum": most})
    return Annotated[float, BeforeValidator(parse_number), Field(ge=least, le=most), schema]


def per_arm(one: Any) -> Any:
    """Return the type of one value for all arms, or one for each arm by its name."""
    tagged = Annotated[one, Tag("one")] | Annotated[dict[Name, one], Tag("each")]
    return Annotated[tagged, Discriminator(lambda value: "each" if isinstance(value, dict) else "one")]


Name = Annotated[
    str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=rf"^[^{CONTROLS}]+$")
]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
LINES = r"\x00-\x08\x0b-\x1f" + CONTROLS.removeprefix(r"\x00-\x1f")
"""The same for text of several lines."""
Text = Annotated[str, StringConstraints(max_length=20_000, strip_whitespace=True, pattern=rf"^[^{LINES}]*$")]
if TYPE_CHECKING:
    Patients: TypeAlias = int
    Responses: TypeAlias = int
    Ratio: TypeAlias = int
    Replicates: TypeAlias = int
    Seed: TypeAlias = int
    Digits: TypeAlias = int
    Probability: TypeAlias = float
    Number: TypeAlias = float
    Rate: TypeAlias = float
    OddsRatio: TypeAlias = float
    Hazard: TypeAlias = float
    Days: TypeAlias = float
    Hours: TypeAlias = float
    HazardPerArm: TypeAlias = float | dict[str, float]
    PatientsPerArm: TypeAlias = int | dict[str, int]
    ResponsesPerArm: TypeAlias = int | dict[str, int]
    RatePerArm: TypeAlias = float | dict[str, float]
else:
    Patients = _whole(1, MAX_PATIENTS)
    Responses = _whole(0, MAX_PATIENTS)
    Ratio = _whole(1, 100)
    Replicates = _whole(1, MAX_SIMS)
    Seed = _whole(0, 2**63 - 1)
    Digits = _whole(0, 12)
    Probability = Annotated[
        float,
        BeforeValidator(parse_number),
        Field(gt=0, lt=1),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
    ]
    """Strictly between 0 and 1: a confidence level, the probability of a quantile, a target width."""
    Number = Annotated[float, BeforeValidator(parse_number), WithJsonSchema({"type": "number"})]
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
    OddsRatio = _number(0.0001, 10_000)
    Hazard = _number(0, 1000)
    """Events, or patients, per month."""
    Days = _number(0, MAX_DAYS)
    Hours = _number(0, 24 * MAX_DAYS)
    HazardPerArm = per_arm(Hazard)
    PatientsPerArm = per_arm(Patients)
    ResponsesPerArm = per_arm(Responses)
    RatePerArm = per_arm(Rate)
