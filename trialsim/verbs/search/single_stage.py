"""`search single-stage`."""

from __future__ import annotations

import click

from trialsim.verbs.search.options import error_options, n_max_option, output_options, rate_options, show


@click.command("single-stage")
@rate_options
@error_options
@n_max_option(200)
@output_options
def single_stage(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """One stage, exactly: the smallest n, and the smallest from which all larger n hold (A'Hern 2001).

    \b
    Example:
      python -m trialsim search single-stage --null-rate 0.05 --target-rate 0.20 --alpha 0.05 --beta 0.10
    """
    from trialsim.search.single_stage import single_stage as search

    show(search(null_rate, target_rate, alpha, beta, n_max), format_, out, save)
