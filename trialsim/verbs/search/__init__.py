"""`search FAMILY`: one file per family. To add one: write `verbs/search/<family>.py` and add its command below."""

from __future__ import annotations

import click

from trialsim.verbs.search import (
    bop2,
    bryant_day,
    calibrate,
    fleming,
    gehan,
    precision,
    predictive,
    selection,
    simon,
    single_stage,
    toxicity,
)

FAMILIES = (
    simon.simon,
    single_stage.single_stage,
    gehan.gehan,
    fleming.fleming,
    predictive.predictive,
    bop2.bop2,
    bryant_day.bryant_day,
    precision.precision,
    selection.selection,
    calibrate.calibrate,
    toxicity.toxicity,
)
"""The families, as commands."""


@click.group()
def search() -> None:
    """Find designs that keep given error rates, exactly.

    \b
    Examples:
      python -m trialsim search simon --null-rate 0.05 --target-rate 0.20 --alpha 0.05 --beta 0.10
      python -m trialsim search single-stage --null-rate 0.05 --target-rate 0.20 --alpha 0.05 --beta 0.10
    """


for _family in FAMILIES:
    search.add_command(_family)
