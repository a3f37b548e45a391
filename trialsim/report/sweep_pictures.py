"""Which picture of a sweep is wanted, in the words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError
from trialsim.report.sweep_measures import selector_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from trialsim.report.plots.pareto import Goal
    from trialsim.sweep.cells import SweepResult


class Picture(NamedTuple):
    """A picture that is wanted."""

    kind: str
    measure: str | None = None
    x: str | None = None
    y: str | None = None
    by: str | None = None
    minimise: tuple[str, ...] = ()
    maximise: tuple[str, ...] = ()
    at: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a picture that lacks something.

        Raises
        ------
        InputError
            With the options that are missing, or do not go with the kind.
        """
        if self.kind == "pareto":
            if len(self.minimise) + len(self.maximise) != 2:
                raise InputError(
                    "--plot pareto: name two measures with --minimise and --maximise, for example "
                    "--minimise n_mean --maximise p_arms_continuing[2]"
                )
        elif self.measure is None or self.x is None or (self.kind == "heat-map" and self.y is None):
            wanted = "--measure, --x and --y" if self.kind == "heat-map" else "--measure and --x (and --by for lines)"
            raise InputError(f"--plot {self.kind}: it needs {wanted}; axes are the names of what the sweep varies")
        for text in (*self.minimise, *self.maximise, *([self.measure] if self.measure is not None else [])):
            selector_of(text)
        self.levels()

    def levels(self) -> dict[str, object]:
        """Return the levels at which other axes are fixed.

        Raises
        ------
        InputError
            If one is not written as AXIS=LEVEL.
        """
        found: dict[str, object] = {}
        for text in self.at:
            axis, equals, level = text.partition("=")
            if not equals or not axis.strip() or not level.strip():
                raise InputError(f"--at {text[:80]}: write it as AXIS=LEVEL, for example --at n_max=147")
            found[axis.strip()] = level.strip()
        return found

    def drawn(self, result: SweepResult, n_sims: int | None = None) -> go.Figure:
        """Return the picture of a sweep, whose cells are read once; `n_sims` are the replicates of each.

        Raises
        ------
        InputError
            If a measure, an axis or a level does not fit the sweep.
        """
        if self.kind == "pareto":
            from trialsim.report.plots.pareto import pareto

            goals: list[tuple[str, Goal]] = [(name, "min") for name in self.minimise]
            goals += [(name, "max") for name in self.maximise]
            return pareto(result, goals[0][0], goals[1][0], (goals[0][1], goals[1][1]), at=self.levels(), n_sims=n_sims)
        assert self.measure is not None
        assert self.x is not None
        if self.kind == "curves":
            from trialsim.report.plots.sweep_curves import sweep_curves

            return sweep_curves(result, self.measure, self.x, self.by, at=self.levels(), n_sims=n_sims)
        from trialsim.report.plots.heat_map import heat_map

        assert self.y is not None
        return heat_map(result, self.measure, self.x, self.y, at=self.levels(), n_sims=n_sims)
