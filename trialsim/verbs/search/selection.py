"""`search selection`."""

from __future__ import annotations

from typing import Any

import click

from trialsim.verbs.search.options import n_max_option, output_options, rate, show


@click.command()
@click.option("--arms", type=int, required=True, metavar="K", help="Number of arms.")
@click.option("--low-rate", callback=rate, required=True, metavar="RATE", help="Rate of all arms but the best.")
@click.option("--difference", callback=rate, required=True, metavar="RATE", help="By how much the best arm is ahead.")
@click.option(
    "--probability", callback=rate, default=0.90, show_default=True, metavar="P", help="Of selecting the best arm."
)
@click.option(
    "--margin",
    callback=rate,
    default=0.0,
    show_default=True,
    metavar="RATE",
    help="An arm wins alone if its observed rate is ahead by more than this.",
)
@click.option(
    "--ties",
    default="random",
    show_default=True,
    metavar="WHICH",
    help="Of several arms within the margin: random selects one by lot, none selects none.",
)
@n_max_option(200)
@output_options
def selection(
    arms: int,
    low_rate: float,
    difference: float,
    probability: float,
    margin: float,
    ties: Any,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """Pick the winner among arms (Simon, Wittes and Ellenberg 1985): patients per arm to select the best arm.

    \b
    Example:
      python -m trialsim search selection --arms 3 --low-rate 0.2 --difference 0.15 --probability 0.9
    """
    from trialsim.search.selection import selection as search

    found = search(arms, low_rate, difference, probability, margin=margin, ties=ties, n_max=n_max)
    show(found, format_, out, save)
