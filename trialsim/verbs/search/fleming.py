"""`search fleming`."""

from __future__ import annotations

import click

from trialsim.verbs.search.options import error_options, n_max_option, output_options, patients, rate_options, show


@click.command()
@rate_options
@error_options
@n_max_option(100)
@click.option("--stages", type=int, default=2, show_default=True, metavar="K", help="Equal stages; N is searched.")
@click.option("--looks", callback=patients, metavar="N,N,…", help="Patients at each look instead; nothing is searched.")
@click.option(
    "--early-rejection/--no-early-rejection",
    default=True,
    show_default=True,
    help="Whether a look may stop for success.",
)
@output_options
def fleming(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float,
    n_max: int,
    stages: int,
    looks: tuple[int, ...] | None,
    early_rejection: bool,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """Several looks that can stop for futility or for success (Fleming 1982), with exact error rates.

    \b
    Examples:
      python -m trialsim search fleming --null-rate 0.2 --target-rate 0.4 --beta 0.2 --looks 15,25
      python -m trialsim search fleming --null-rate 0.05 --target-rate 0.20 --stages 3
    """
    from trialsim.search.fleming import fleming as search

    found = search(
        null_rate, target_rate, alpha, beta, n_max, stages=stages, looks=looks, rejects_early=early_rejection
    )
    show(found, format_, out, save)
