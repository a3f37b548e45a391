"""One axis of a sweep: the values that a path runs through, as a list, with labels, or as a range."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from trialsim.errors import CONTROLS, nearest
from trialsim.spec.fields import Name, Part

Scalar: TypeAlias = bool | int | float | str
"""A value that is shown as it is."""

MAX_WORD = 200
"""Characters of a word in a list of values."""

_FORMS = "a list such as [1, 2, 3], a range such as {from: 10, to: 30}, or {levels: {label: value}}"
_PLAIN = "a number, a word, true or false; any other value gets a label, as in levels: {label: value}"
_LABEL = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")


def parse_scalar(value: Any) -> Scalar:
    """Return a plain value.

    Raises
    ------
    ValueError
        If it is none: nothing, a list, a mapping, not finite, no readable word.
    """
    if isinstance(value, str) and 0 < len(value) <= MAX_WORD and value.isprintable():
        return value
    if isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ValueError(_PLAIN)


def parse_end(value: Any) -> int | float:
    """Return a number of a range; whole numbers stay whole.

    Raises
    ------
    ValueError
        If it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("a finite number")
    return value


def parse_name(value: Any) -> str:
    """Return the name of an axis.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(value, str) or not _LABEL.match(value):
        raise ValueError("a word of letters, digits and _ that begins with a letter, such as n_gate")
    return value


def parse_levels(value: Any) -> Any:
    """Return labelled values.

    Raises
    ------
    ValueError
        If it is no mapping.
    """
    if not isinstance(value, dict) or not value:
        raise ValueError("a mapping of label to value")
    return value


_JsonNumber = WithJsonSchema({"type": "number"})
if TYPE_CHECKING:
    PlainValue: TypeAlias = Scalar
    End: TypeAlias = int | float
    AxisName: TypeAlias = str
    DottedPath: TypeAlias = str
else:
    PlainValue = Annotated[
        Any, BeforeValidator(parse_scalar), WithJsonSchema({"type": ["boolean", "number", "string"]})
    ]
    End = Annotated[Any, BeforeValidator(parse_end), _JsonNumber]
    AxisName = Annotated[
        str, BeforeValidator(parse_name), WithJsonSchema({"type": "string", "pattern": _LABEL.pattern})
    ]
    DottedPath = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=rf"^[^{CONTROLS}]+$")]


class Axis(Part):
    """What a path of a sweep runs through: exactly one of values, levels and from/to."""

    as_: AxisName | None = Field(default=None, alias="as")
    """The name that is shown, and used in `where`; none: the path."""
    values: Annotated[tuple[PlainValue, ...], Field(min_length=1)] | None = None
    """Numbers or words. A list alone is short for it."""
    levels: Annotated[dict[Name, Any], BeforeValidator(parse_levels), Field(min_length=1)] | None = None
    """Values of any kind, by the label that is shown; a label that reads as a number is one."""
    from_: End | None = Field(default=None, alias="from")
    """First number of a range."""
    to: End | None = None
    """Last number of a range, included."""
    step: End | None = None
    """None: 1 between whole numbers; between decimals (0.0 to 1.0), every number, which only samples can take."""
    scale: Literal["linear", "log"] = "linear"
    """log: samples of the range are spread evenly on the scale of the logarithm."""
    also: Annotated[tuple[DottedPath, ...], Field(max_length=20)] = ()
    """Further paths that take the same value."""

    @property
    def is_range(self) -> bool:
        """Whether the axis is given by its ends."""
        return self.from_ is not None

    @property
    def is_whole(self) -> bool:
        """Whether the axis is a range of whole numbers."""
        return self.is_range and all(isinstance(end, int) for end in (self.from_, self.to, self.step or 1))

    @property
    def is_continuous(self) -> bool:
        """Whether the axis is a range that takes every number between its ends."""
        return self.is_range and self.step is None and not self.is_whole

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, data: Any) -> Any:
        if isinstance(data, list | tuple):
            return {"values": data}
        if isinstance(data, Axis):
            return data
        if not isinstance(data, dict):
            raise ValueError(_FORMS)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in data:
            if key not in known:
                raise ValueError(f'{key} | unknown field "{key}"; {nearest(str(key), known)}')
        return data

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        forms = [name for name in ("values", "levels") if getattr(self, name) is not None]
        forms += ["from"] if self.from_ is not None or self.to is not None else []
        if len(forms) > 1:
            raise ValueError(f"{forms[1]} | {forms[0]} says already what is varied; leave one out")
        if not forms:
            raise ValueError(_FORMS)
        if forms == ["from"]:
            self._check_range()
        for name, is_given in (("step", self.step is not None), ("scale", self.scale != "linear")):
            if forms != ["from"] and is_given:
                raise ValueError(f"{name} | only a range from … to … has a {name}; leave it out")
        return self

    def _check_range(self) -> None:
        for name, end, other in (("from", self.from_, "to"), ("to", self.to, "from")):
            if end is None:
                raise ValueError(f'the field "{name}" must not be missing where "{other}" is given')
        assert self.from_ is not None
        assert self.to is not None
        if self.from_ > self.to:
            raise ValueError(f"from | {self.from_} is above to ({self.to}); a range goes upwards")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step | found {self.step}; accepted: more than 0")
        if self.scale == "log" and self.step is not None:
            raise ValueError("scale | a range with a step has no logarithmic scale; leave out one of the two")
        if self.scale == "log" and self.from_ <= 0:
            raise ValueError(f"from | {self.from_} has no logarithm; with scale: log, accepted: more than 0")
