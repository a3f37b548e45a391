"""`search gehan`."""

from __future__ import annotations

from typing import Any

import click

from trialsim.verbs.search.options import n_max_option, output_options, rate, show


@click.command()
@click.option("--target-rate", callback=rate, required=True, metavar="RATE", help="Response rate not to be missed.")
@click.option(
    "--null-rate", callback=rate, metavar="RATE", help="Rate of no interest, for its early stops and patients."
)
@click.option(
    "--beta",
    metavar="RATE",
    type=str,
    callback=rate,
    default=0.05,
    show_default=True,
    help="Most probability of no response in the first stage.",
)
@click.option(
    "--standard-error",
    metavar="RATE",
    type=str,
    callback=rate,
    default=0.10,
    show_default=True,
    help="Wanted of the response rate at the end.",
)
@click.option(
    "--assumed",
    type=click.Choice(["clopper-pearson", "wald", "observed"]),
    default="clopper-pearson",
    show_default=True,
    help="Rate that the second stage is sized for: an upper 75 % limit, or the observed rate.",
)
@n_max_option(1000)
@output_options
def gehan(
    target_rate: float,
    null_rate: float | None,
    beta: float,
    standard_error: float,
    assumed: Any,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """A first stage that stops if nobody responds, then enough patients for a standard error (Gehan 1961).

    \b
    Example:
      python -m trialsim search gehan --target-rate 0.20 --beta 0.05 --standard-error 0.10
    """
    from trialsim.search.gehan import gehan as search

    show(
        search(target_rate, beta, standard_error, null_rate=null_rate, assumed=assumed, n_max=n_max), format_, out, save
    )
