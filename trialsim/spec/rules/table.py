"""The user's own decision table."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from trialsim.spec.fields import MAX_PATIENTS, Part, Patients, Responses

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked

_WORDS = "a mapping from patients to the fewest responses, such as {10: 1, 20: 4}"
_SHOWN = 8
_MOST_DIGITS = 20


def _whole_keys(value: Any) -> Any:
    """Return the mapping with whole numbers as keys; those of JSON, and of `--set`, are written as words."""
    if not isinstance(value, dict):
        raise ValueError(_WORDS)
    for key in value:
        is_number = str(key).strip().isdecimal() and len(str(key)) <= _MOST_DIGITS
        if not (is_number and 1 <= int(key) <= MAX_PATIENTS):
            raise ValueError(f'the row "{str(key)[:40]}" must be for a whole number of patients from 1')
    return dict(sorted((int(key), least) for key, least in value.items()))


def _rises(rows: dict[int, int]) -> dict[int, int]:
    possible = [(n, least) for n, least in rows.items() if least <= n]
    for (n, least), (later, fewer) in pairwise(possible):
        if fewer < least:
            raise ValueError(
                f"the table asks for {least} responses of {n} patients, but for {fewer} of {later}; "
                "the responses needed must not fall as patients are added"
            )
    return rows


if TYPE_CHECKING:
    Rows: TypeAlias = dict[int, int]
else:
    Rows = Annotated[
        dict[Patients, Responses],
        BeforeValidator(_whole_keys),
        Field(min_length=1, max_length=MAX_PATIENTS),
        AfterValidator(_rises),
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MAX_PATIENTS},
                "description": _WORDS,
            }
        ),
    ]


class TableRule(Part):
    """Met when the responses reach the row of a decision table that was worked out elsewhere.

    `at_least` gives the fewest responses for each number of patients; more responses than patients: none is enough. It
    may name a CSV file beside the design, with the columns n and at_least.

    >>> from trialsim.spec.rules.asked import Asked
    >>> TableRule(kind="table", at_least={10: 1, 17: 2, 21: 3}).boundary(Asked("treatment", 17, 36))
    2
    """

    bound: ClassVar[str] = "at_least"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["table"]
    at_least: Rows
    """Fewest responses, by the number of patients."""
    other_n: Literal["refuse", "row_below"] = "refuse"
    """A number of patients without a row: an error, or the row of the next smaller number (or else the first)."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            If the table has no row for the number of patients.
        """
        row = asked.n
        if row not in self.at_least:
            if self.other_n == "refuse":
                near = sorted(sorted(self.at_least, key=lambda n: abs(n - row))[:2])
                raise ValueError(
                    f"the table has no row for n = {row}, the nearest {'is' if len(near) == 1 else 'are'} for "
                    f"n = {' and '.join(map(str, near))}; add one, or set other_n: row_below"
                )
            row = max((n for n in self.at_least if n < row), default=min(self.at_least))
        return min(self.at_least[row], asked.n + 1)

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        rows = [f"{least} of {n}" for n, least in self.at_least.items()]
        shown = rows if len(rows) <= _SHOWN else [*rows[: _SHOWN - 1], "…", rows[-1]]
        return f"at least {', '.join(shown)} patients respond"
