"""`search bop2`."""

from __future__ import annotations

import click

from trialsim.errors import InputError
from trialsim.verbs.search.options import output_options, rate, rate_options, show


def _looks(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:  # noqa: ARG001
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise InputError(f"--looks {value}: whole numbers with commas between are needed, such as 10,20,40") from None


@click.command()
@rate_options
@click.option("--alpha", callback=rate, default=0.10, show_default=True, help="One-sided type I error.")
@click.option(
    "--beta", callback=rate, help="1 - power at the target rate: also find the design that expects the fewest patients."
)
@click.option(
    "--looks", callback=_looks, required=True, metavar="N,N,…", help="Patients at each look; the last is the final one."
)
@click.option("--gamma-max", type=float, default=1.0, show_default=True, metavar="G", help="Largest gamma tried.")
@click.option(
    "--prior",
    type=(float, float),
    metavar="A B",
    help="Beta prior, worth A responses and B non-responses. Default: the null rate and its complement.",
)
@output_options
def bop2(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float | None,
    looks: tuple[int, ...],
    gamma_max: float,
    prior: tuple[float, float] | None,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """BOP2 design (Zhou, Lee and Yuan 2017): lambda and gamma with the most power that keep alpha.

    \b
    Example:
      python -m trialsim search bop2 --null-rate 0.2 --target-rate 0.4 --alpha 0.1 --looks 10,15,20,25,30,35,40
    """
    from trialsim.search.bop2 import bop2 as search

    found = search(null_rate, target_rate, alpha, beta, looks=looks, gamma_max=gamma_max, prior=prior)
    show(found, format_, out, save)
