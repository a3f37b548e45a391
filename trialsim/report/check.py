"""What `check` prints: the design in words, the numbers its rules compile to, and the defaults that were taken."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from trialsim.compile import compile_design
from trialsim.report.boundaries import decision_table
from trialsim.report.explain import defaults, paragraph, question
from trialsim.report.explain_conduct import conduct_paragraph
from trialsim.report.explain_sweep import sweep_paragraph
from trialsim.report.render import table_as_text
from trialsim.spec.narrative import speaks_of_nothing
from trialsim.spec.scenario import Scenario

if TYPE_CHECKING:
    from trialsim.spec.design import Design

WIDTH = 110


def explanation(checked: Scenario | Design) -> str:
    """Return the explanation of a valid scenario or design.

    Raises
    ------
    InputError
        If a rule cannot be compiled, or a condition of the sweep cannot be decided.
    """
    is_scenario = isinstance(checked, Scenario)
    design = checked.design if isinstance(checked, Scenario) else checked
    plans = checked.designs() if isinstance(checked, Scenario) else ((design.name, design),)
    kind = "scenario" if is_scenario else "design"
    parts = [f"{checked.name}: a valid {kind}.", "", fill(paragraph(design), WIDTH), ""]
    if isinstance(checked, Scenario):
        parts += [fill(question(checked), WIDTH), ""]
        if checked.conduct is not None:
            parts += [fill(conduct_paragraph(checked.conduct, design), WIDTH), ""]
        if checked.vary is not None:
            parts += [fill(sweep_paragraph(checked), WIDTH, break_on_hyphens=False), ""]
    parts += [table_as_text(decision_table(own, compile_design(own), name)) for name, own in plans]
    left = defaults(checked)
    parts += (
        ["Defaults taken:", *(f"  {line}" for line in left)]
        if left
        else ["No default was taken: the file says everything."]
    )
    if isinstance(checked, Scenario):
        unmatched = list(speaks_of_nothing(checked))
        parts += (
            ["", "The narrative speaks of what is not there:", *(f"  {line}" for line in unmatched)]
            if unmatched
            else []
        )
    return "\n".join(parts) + "\n"
