"""What is known of a design exactly, as figures, sentences and tables: Explore asks for all of it, Compare for some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from app.service.truths import EXPLORED
from trialsim.curves import AT_TRUTH, Curves, curves, joint, same_rate, widths
from trialsim.report.cards import Card, cards
from trialsim.report.plots import joint_map, operating_curves, sample_size, width_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.report.plots.drawing import Drawing
    from trialsim.report.table import Table
    from trialsim.spec.design import Design


class Measure(NamedTuple):
    """A number under each truth, for a table."""

    label: str
    values: tuple[float | None, ...]
    is_patients: bool


class Exact:
    """The exact answers about a design; they depend on nothing else."""

    def moving(self, design: Design, rates: tuple[float, ...]) -> tuple[Curves, Curves, list[str]]:
        """Return the curves of `curves` and those of `at_truths`, found in one go and with fewer measures."""
        truths, names = self._truths(design, rates)
        along = same_rate(rates)
        found = curves(design, [*along, *truths])
        parts = (slice(len(along)), slice(len(along), None))
        first, last = (
            found._replace(truths=found.truths[part], values={key: own[part] for key, own in found.values.items()})
            for part in parts
        )
        return first, last, names

    def curves(self, design: Design, rates: tuple[float, ...]) -> Curves:
        """Return a design over all true rates of response, at the toxicity of the rates explored."""
        return curves(design, same_rate(rates))

    def at_truths(self, design: Design, rates: tuple[float, ...]) -> tuple[Curves, list[str]]:
        """Return a design at its null and target rates and at the rates explored, and the names of these."""
        truths, names = self._truths(design, rates)
        return curves(design, truths, AT_TRUTH), names

    def _truths(self, design: Design, rates: tuple[float, ...]) -> tuple[list[tuple[float, ...]], list[str]]:
        if design.hypotheses is None:
            return [rates], [EXPLORED]
        ends = (design.hypotheses.null_rate, design.hypotheses.target_rate)
        return [*((end,) * len(design.arms) for end in ends), rates], ["null", "target", EXPLORED]

    def operating_figure(self, found: Curves, rates: tuple[float, ...]) -> Drawing:
        """Return the operating characteristics over the true rate."""
        return operating_curves.drawing(found, rates)

    def operating_lines(self, found: Curves) -> list[list[float]]:
        """Return the heights of the curves of `operating_figure`, in order."""
        return [[round(value, 6) for value in line.values.tolist()] for line in operating_curves.lines(found)]

    def size_figure(self, found: Curves) -> Drawing:
        """Return the expected number of patients over the true rate."""
        return sample_size.expected_drawing(found)

    def distribution_figure(self, found: Curves, names: Sequence[str]) -> Drawing:
        """Return the distribution of the number of patients at a few truths."""
        return sample_size.distribution_drawing(found, names)

    def joint_figure(self, design: Design, which: str, rates: tuple[float, ...]) -> Drawing | None:
        """Return the map of two arms; None if there are not two."""
        found = joint(design, like=rates)
        known = {"both": "both", "one": "one", "none": "none"}
        return None if found is None else joint_map.drawing(found, known.get(which, "both"), rates)  # type: ignore[arg-type]

    def width_figure(self, design: Design) -> Drawing:
        """Return the widest interval by the number of patients."""
        return width_curve.drawing(widths(design))

    def decisions(self, design: Design, plan: Any) -> Table:
        """Return the decision table of a design."""
        from trialsim.report.boundaries import decision_table

        return decision_table(design, plan, design.name)

    def in_words(self, design: Design) -> str:
        """Return the design as a paragraph."""
        from trialsim.report.explain import paragraph

        return paragraph(design)

    def cards(self, found: Curves, names: Sequence[str]) -> list[Card]:
        """Return the numbers that a protocol quotes."""
        return cards(found, names)

    def measures(self, found: Curves, names: Sequence[str]) -> list[Measure]:
        """Return the measures at a few truths, one row each; what is the arm's and the trial's alike, once."""
        wanted = ("p_stop", "p_continue", "p_arms_continuing", "p_success", "p_reject", "pet", "n_mean", "n_sd")
        rows: dict[tuple[str, tuple[float, ...]], Measure] = {}
        for key, values in found.values.items():
            measure, arm, look, _, value, _ = key
            if measure not in wanted or (measure == "p_arms_continuing" and len(found.design.arms) == 1):
                continue
            label = _label(measure, arm, look, value, len(found.design.arms))
            own = tuple(float(values[number]) for number in range(len(names)))
            rows.setdefault((label, own), Measure(label, own, measure in ("n_mean", "n_sd")))
        return list(rows.values())


def _label(measure: str, arm: str | None, look: str | None, value: float | None, n_arms: int) -> str:
    """Return what a row of the table of measures is called."""
    who = arm if arm is not None and arm != "pooled" and n_arms > 1 else "the trial"
    at = f" at {look}" if look is not None else ""
    count = int(value or 0)
    several = {0: "no arm goes on", n_arms: "all arms go on", 1: "one arm only goes on"}
    how_many = several.get(count, f"{count} arms go on")
    words = {
        "p_stop": f"P({who} stops{at})",
        "p_continue": f"P({who} goes on{at})",
        "p_arms_continuing": f"P({how_many}{at})",
        "p_success": f"P(success of {who}{at})",
        "p_reject": f"P(null hypothesis of {who} rejected)",
        "pet": f"P({who} stops before the final look)",
        "n_mean": f"expected patients, {who}",
        "n_sd": f"SD of patients, {who}",
    }
    return words[measure]
