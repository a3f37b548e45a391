"""One number per cell of a sweep, chosen by a small text: `p_stop[400 mg, proof-of-concept]`, `n_mean`.

A selector is the name of a measure and, in brackets, words that say which of its numbers: an arm, a look, a plan, a
truth, a condition (given), a variant or a value; `calendar` or `ideal` for the conduct. `field=word` says which one is
meant (`arm=none`: none of them), quotes keep a comma. What no word names is taken over the whole trial (all arms, all
looks, no condition) if the measure has such a number.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trialsim.api import Record
    from trialsim.sweep.cells import Level, SweepResult

WHOLE = ("arm", "look", "given", "value", "variant")
"""Fields that are null in a number over everything."""
FIELDS = (*WHOLE, "truth", "plan", "conduct")
MAX_CHOICES = 12
"""Names that an error lists of a field."""


class Selector(NamedTuple):
    """What a selector says."""

    text: str
    measure: str
    words: tuple[str, ...]


class Shown(NamedTuple):
    """A cell with the number that each selector chose in it."""

    number: int
    levels: tuple[Level, ...]
    records: tuple[Record | None, ...]
    """None: the cell failed, or has no such number."""
    error: str | None


class Selection(NamedTuple):
    """The chosen numbers of a sweep."""

    name: str
    axes: tuple[str, ...]
    cells: tuple[Shown, ...]
    labels: tuple[str, ...]
    """What each selector chose, in words."""
    notes: tuple[str, ...]
    """What differs between the cells although the selector is the same."""


def selector_of(text: str) -> Selector:
    """Return what a text selects.

    Raises
    ------
    InputError
        If it is no selector.

    >>> selector_of("p_stop[400 mg, truth=active]")
    Selector(text='p_stop[400 mg, truth=active]', measure='p_stop', words=('400 mg', 'truth=active'))
    """
    name, bracket, rest = text.strip().partition("[")
    if not name.strip() or (bracket and not rest.endswith("]")):
        raise InputError(
            f'measure "{text}": write it as a name with words in brackets, such as p_stop[400 mg, interim]'
        )
    words = next(csv.reader([rest[:-1]], skipinitialspace=True), [])
    return Selector(text.strip(), name.strip(), tuple(word.strip() for word in words if word.strip()))


def select(result: SweepResult, texts: Sequence[str]) -> Selection:
    """Return the numbers that the texts select, one of each per cell; the cells are read once.

    Raises
    ------
    InputError
        If a text is no selector, or none or several numbers of a cell match.
    """
    choices = [_Choice(selector_of(text)) for text in texts]
    cells: list[Shown] = []
    measures: dict[str, None] = {}
    for cell in result.cells:
        for record in cell.records:
            measures.setdefault(record.measure)
            for choice in choices:
                if record.measure == choice.selector.measure:
                    choice.see(len(cells), record)
        cells.append(Shown(cell.number, cell.levels, (), cell.error))
    if not measures:
        first = next((f"; the first: {cell.error}" for cell in cells if cell.error), "")
        n = f"{len(cells):,} cell{'s' if len(cells) != 1 else ''}"
        raise InputError(f"the sweep {result.name} has no numbers to show: none in {n}{first}")
    found = [choice.found(cells, measures) for choice in choices]
    shown = [cell._replace(records=tuple(records.get(place) for records in found)) for place, cell in enumerate(cells)]
    labels = tuple(label_of(list(records.values())) for records in found)
    notes = tuple(
        f"{choice.selector.text}: the {field} is not the same in all cells."
        for choice, records in zip(choices, found, strict=True)
        for field in ("arm", "look", "given", "variant", "truth")
        if len({value_of(record, field) for record in records.values()}) > 1
    )
    return Selection(result.name, result.axes, tuple(shown), labels, notes)


def value_of(record: Record, field: str) -> str | float | None:
    """Return a field of a record; `conduct` is "calendar" or "ideal"."""
    if field == "conduct":
        return "calendar" if record.engine == "calendar" else "ideal"
    value: str | float | None = getattr(record, field)
    return value


class _Match(NamedTuple):
    """How the words of a selector match a number."""

    named: frozenset[str]
    """The fields that they name."""
    extra: frozenset[str]
    """The fields in which it is not taken over the whole although no word asks for that."""

    def is_more_whole_than(self, other: _Match) -> bool:
        """Return whether this is the number over the whole of which the other is a part."""
        return self.named == other.named and self.extra < other.extra


class _Choice:
    """The records that match a selector, gathered cell by cell."""

    def __init__(self, selector: Selector) -> None:
        self.selector = selector
        self.matches: list[tuple[int, Record, _Match]] = []
        """With the number of the cell."""
        self.names: dict[str, dict[str, None]] = {field: {} for field in FIELDS}
        self.judged: dict[tuple[str | float | None, ...], _Match | None] = {}

    def see(self, cell: int, record: Record) -> None:
        """Keep the record if all words match it; remember its names in any case."""
        key = tuple([value_of(record, field) for field in FIELDS])
        if key not in self.judged:
            self.judged[key] = self._match(dict(zip(FIELDS, key, strict=True)))
        match = self.judged[key]
        if match is not None:
            self.matches.append((cell, record, match))

    def _match(self, values: dict[str, str | float | None]) -> _Match | None:
        """Return how the words match a number; None: they do not."""
        for field, value in values.items():
            if value is not None:
                self.names[field].setdefault(_text(value))
        named: set[str] = set()
        for word in self.selector.words:
            own = {field for field, value in values.items() if _matches(word, field, value)}
            if not own:
                return None
            named |= own
        return _Match(frozenset(named), frozenset(f for f in WHOLE if values[f] is not None and f not in named))

    def found(self, cells: Sequence[Shown], measures: Iterable[str]) -> dict[int, Record]:
        """Return the one record of each cell.

        Raises
        ------
        InputError
            If none or several match.
        """
        if not self.matches:
            raise InputError(self._nothing(measures))
        matches = {match for _, _, match in self.matches}
        kept = {match for match in matches if not any(other.is_more_whole_than(match) for other in matches)}
        found: dict[int, Record] = {}
        for cell, record, match in self.matches:
            if match not in kept:
                continue
            if cell in found:
                rivals = [other for place, other, its in self.matches if place == cell and its in kept]
                raise InputError(self._several(cells[cell].number, rivals))
            found[cell] = record
        return found

    def _nothing(self, measures: Iterable[str]) -> str:
        text, measure, words = self.selector
        if not any(self.names.values()):
            return f'no measure "{measure}" in the sweep: {nearest(measure, measures)}'
        known = list(dict.fromkeys(name for own in self.names.values() for name in own))
        for word in words:
            field, equals, rest = word.partition("=")
            if equals and field.strip() in FIELDS:
                if not any(_matches(word, field.strip(), name) for name in self.names[field.strip()]):
                    return f"{text}: no {measure} has this {field.strip()}; {nearest(rest, self.names[field.strip()])}"
            elif not any(_matches(word, "", name) for name in known):
                return f'{text}: no {measure} has "{word}"; {nearest(word, known)}'
        return f"{text}: no {measure} has all of these at once; there are {self._choices(FIELDS, self.names)}"

    def _several(self, cell: int, rivals: list[Record]) -> str:
        names = {
            field: dict.fromkeys(f"{field}=none" if value is None else _text(value) for value in values)
            for field in FIELDS
            if len(values := {value_of(record, field): None for record in rivals}) > 1
        }
        which = f"{self.selector.text}: {len(rivals)} numbers of cell {cell} match"
        return (
            f"{which}; name one of each: {self._choices(names, names)}"
            if names
            else f"{which} and no word tells them apart"
        )

    @staticmethod
    def _choices(fields: Iterable[str], names: dict[str, dict[str, None]]) -> str:
        parts = []
        for field in fields:
            own = list(names[field])
            more = ", …" if len(own) > MAX_CHOICES else ""
            parts += [f"{field} ({', '.join(own[:MAX_CHOICES])}{more})"] if own else []
        return ", ".join(parts)


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _matches(word: str, field: str, value: str | float | None) -> bool:
    """Return whether a word names this value of a field."""
    own, equals, rest = word.partition("=")
    if equals and own.strip() in FIELDS:
        is_none = value is None and rest.strip().casefold() == "none"
        return own.strip() == field and (is_none or _matches(rest, "", value))
    if value is None:
        return False
    if isinstance(value, str) and " ".join(word.split()).casefold() == " ".join(value.split()).casefold():
        return True
    try:
        return float(word) == float(value)
    except ValueError:
        return False


def label_of(records: Sequence[Record], fields: Iterable[str] = FIELDS) -> str:
    """Return what all these records of a measure have in common, in words; what differs is left out."""
    forms = {"given": "if {}", "value": "at {}", "conduct": "{} conduct", "truth": "truth {}"}
    parts = [records[0].measure]
    for field in fields:
        values = {value_of(record, field) for record in records}
        value = values.pop()
        if not values and value is not None and not (field == "conduct" and value == "ideal"):
            parts.append(forms.get(field, "{}").format(_text(value)))
    return ", ".join(parts)
