"""`search toxicity`."""

from __future__ import annotations

from math import isfinite
from typing import Any

import click

from trialsim.errors import InputError
from trialsim.verbs.search.options import output_options, rate, show


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:  # noqa: ARG001
    if value is None:
        return None
    try:
        found = tuple(float(part) for part in value.replace(",", " ").split())
    except ValueError:
        found = ()
    if not found or not all(map(isfinite, found)):
        raise InputError(f"{param.opts[0]} {value}: is not a list of numbers such as 10,20,30")
    return found


@click.command("toxicity")
@click.option(
    "--toxicity-rate", callback=rate, required=True, metavar="RATE", help="Toxicity rate that is still acceptable."
)
@click.option("--n", type=int, required=True, metavar="N", help="Most patients.")
@click.option(
    "--alpha", callback=rate, default=0.05, show_default=True, help="Most chance of ever stopping at that rate."
)
@click.option("--unacceptable-rate", callback=rate, metavar="RATE", help="A rate that ought to stop the trial.")
@click.option("--looks", callback=_numbers, metavar="N,N,…", help="Patients at each look. Default: after each patient.")
@click.option(
    "--shape",
    type=click.Choice(["pocock", "posterior"]),
    default="pocock",
    show_default=True,
    help="An exact test at one level, or a posterior probability at one cut.",
)
@click.option("--prior", callback=_numbers, metavar="A,B", help="Beta prior of the posterior shape.")
@output_options
def toxicity(
    toxicity_rate: float,
    n: int,
    alpha: float,
    unacceptable_rate: float | None,
    looks: Any,
    shape: Any,
    prior: Any,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """A boundary for toxicity watched after each patient (Ivanova, Qaqish and Schell 2005).

    \b
    Example:
      python -m trialsim search toxicity --toxicity-rate 0.2 --n 30 --alpha 0.05 --unacceptable-rate 0.4
    """
    from trialsim.search.toxicity import toxicity as search

    if looks is not None and any(look != int(look) for look in looks):
        raise InputError("--looks: patients are whole numbers, such as 10,20,30")
    if prior is not None and len(prior) != 2:
        raise InputError(f"--prior: two numbers such as 0.2,0.8 are needed, not {len(prior)}")
    found = search(
        toxicity_rate,
        n,
        alpha,
        shape=shape,
        unacceptable_rate=unacceptable_rate,
        looks=None if looks is None else [int(look) for look in looks],
        prior=prior,
    )
    show(found, format_, out, save)
