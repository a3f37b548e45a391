"""`search precision`."""

from __future__ import annotations

from typing import Any

import click

from trialsim.verbs.search.options import n_max_option, output_options, rate, show


@click.command()
@click.option("--target", type=float, required=True, metavar="WIDTH", help="Largest width, as a rate: 0.084 is ±8.4 %.")
@click.option(
    "--width",
    default="half-width",
    show_default=True,
    metavar="WHICH",
    help="half-width; distance (from the estimate to the further limit); expected (mean half-width at --at-rate).",
)
@click.option("--interval", default="clopper-pearson", show_default=True, metavar="NAME", help="Any of the library's.")
@click.option("--level", type=float, default=0.95, show_default=True, metavar="P", help="Two-sided confidence level.")
@click.option("--at-rate", callback=rate, metavar="RATE", help="Assumed rate. Default: the worst outcome.")
@n_max_option(20_000)
@output_options
def precision(
    target: float,
    width: Any,
    interval: str,
    level: float,
    at_rate: float | None,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """The smallest n for the width of a confidence interval, and the smallest from which all larger n hold.

    \b
    Example:
      python -m trialsim search precision --target 0.0842 --width distance
    """
    from trialsim.search.precision import precision as search

    show(search(target, width, interval, level, at_rate=at_rate, n_max=n_max), format_, out, save)
