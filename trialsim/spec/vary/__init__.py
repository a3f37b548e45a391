"""The sweep of a scenario: which of its fields are varied, how their values are combined, which cells are kept.

    vary:
      design.looks.proof-of-concept.at.per_arm: {as: n_gate, from: 10, to: 30}
      truths.varied.response_rate: [0.05, 0.30]
      where: n_gate != 13

A key is a dotted path, as `--set` takes it, or one of the words that say how (`RESERVED`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from trialsim.errors import nearest
from trialsim.spec.fields import Name, Part, Replicates
from trialsim.spec.overrides import Override, path_of
from trialsim.spec.vary.axis import Axis, DottedPath
from trialsim.spec.vary.checks import SAMPLED, check_block
from trialsim.spec.vary.names import names_in_conditions, shown_names
from trialsim.spec.vary.points import Points
from trialsim.spec.vary.rows import Product, Zip
from trialsim.spec.vary.where import MAX_LENGTH, Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from trialsim.spec.vary.points import Point

RESERVED = ("where", "combine", "samples", "max_cells", "measures")
"""Keys that are no path."""

FIRST_PARTS = ("design", "plans", "truths", "intervals", "quantiles", "conduct", "seed", "n_sims")
"""What a path can begin with: the fields of a scenario on which its results depend."""

MAX_AXES = 40

_parts = lru_cache(1_000)(path_of)


def parse_conditions(value: Any) -> Any:
    """Return conditions as a list; one may stand alone.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple):
        raise ValueError("a condition such as n_gate < 20, or a list of them")
    return value


if TYPE_CHECKING:
    Conditions: TypeAlias = tuple[str, ...]
else:
    _Condition = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH, strip_whitespace=True)]
    Conditions = Annotated[tuple[_Condition, ...], BeforeValidator(parse_conditions), Field(max_length=20)]


class Vary(Part):
    """The grid of a sweep: an axis for each dotted path, how they are combined, which cells are kept."""

    axes: Annotated[dict[DottedPath, Axis], Field(min_length=1, max_length=MAX_AXES)]
    """By path; in the file the paths are keys of the block itself."""
    where: Conditions = ()
    """Conditions on the names of axes; cells that do not meet all of them are left out."""
    combine: Literal["product", "zip", "random", "latin-hypercube", "sobol"] = "product"
    """product: every value with every other; zip: first with first, second with second; the others draw samples."""
    samples: Replicates | None = None
    """How many cells are drawn."""
    max_cells: Replicates = 1_000_000
    """A larger grid is refused."""
    measures: tuple[Name, ...] = ()
    """The measures that are kept; none: all."""

    @property
    def is_sampled(self) -> bool:
        """Whether the points are drawn."""
        return self.combine in SAMPLED

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes as they are shown: their own, else their path."""
        return shown_names(self.axes)

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The dotted paths that each axis sets."""
        return tuple((path, *axis.also) for path, axis in self.axes.items())

    def points(self) -> tuple[Points, ...]:
        """Return the points of each axis."""
        return tuple(Points(axis) for axis in self.axes.values())

    def conditions(self) -> tuple[Condition, ...]:
        """Return the conditions, ready to be asked.

        Raises
        ------
        ValueError
            "path | problem", if one is none.
        """
        names, paths = names_in_conditions(self.axes), ["where"]
        if len(self.where) > 1:
            paths = [f"where.{number}" for number in range(len(self.where))]
        return tuple(Condition(text, names, path) for text, path in zip(self.where, paths, strict=False))

    def rows(self) -> Product | Zip:
        """Return the rows of a grid whose points are listed."""
        return (Zip if self.combine == "zip" else Product)(self.points(), self.conditions())

    def overrides(self, points: Mapping[int, Point]) -> list[Override]:
        """Return what these points, by the number of their axis, change in the scenario: another design comes first."""
        paths = self.paths
        changes = [
            Override(_parts(dotted), point.value, f"{dotted}={point.level!r}", "vary")
            for axis, point in points.items()
            for dotted in paths[axis]
        ]
        return sorted(changes, key=lambda change: change.path != ("design",))

    @model_validator(mode="before")
    @classmethod
    def _axes_apart(cls, data: Any) -> Any:
        """Put the paths among the keys into `axes`."""
        if not isinstance(data, dict):
            return data
        axes = {key: axis for key, axis in data.items() if key not in RESERVED}
        for key in map(str, axes):
            first = key.partition(".")[0]
            if first not in FIRST_PARTS:
                known = FIRST_PARTS if "." in key else (*RESERVED, *FIRST_PARTS)
                raise ValueError(f'{key} | the path does not exist: unknown field "{first}"; {nearest(first, known)}')
        if not axes:
            raise ValueError("a dotted path and its values, such as n_sims: [1000, 10000]")
        return {"axes": axes, **{key: value for key, value in data.items() if key in RESERVED}}

    @model_serializer(mode="wrap")
    def _axes_among_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data = handler(self)
        return {**data.pop("axes"), **data}

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_block(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema of the block as it is written: the paths are keys."""
        written = handler.resolve_ref_schema(handler(schema))
        (axis,) = written["properties"].pop("axes")["patternProperties"].values()
        listed = {"type": "array", "items": {"type": ["boolean", "number", "string"]}, "minItems": 1}
        written["properties"]["where"] = {"anyOf": [{"type": "string"}, written["properties"]["where"]]}
        written["required"] = [name for name in written["required"] if name != "axes"]
        written["patternProperties"] = {rf"^({'|'.join(FIRST_PARTS)})(\.|$)": {"anyOf": [listed, axis]}}
        return written
