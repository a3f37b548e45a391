"""`search bryant-day`."""

from __future__ import annotations

import click

from trialsim.verbs.search.options import n_max_option, output_options, rate, rate_options, show


@click.command("bryant-day")
@rate_options
@click.option(
    "--toxicity-null-rate", callback=rate, required=True, metavar="RATE", help="Toxicity rate that is unacceptable."
)
@click.option(
    "--toxicity-target-rate", callback=rate, required=True, metavar="RATE", help="Toxicity rate that is acceptable."
)
@click.option(
    "--alpha", callback=rate, default=0.10, show_default=True, help="Acceptance at the null rate, toxicity acceptable."
)
@click.option(
    "--alpha-toxicity",
    callback=rate,
    help="Acceptance with unacceptable toxicity, at the target rate. Default: as --alpha.",
)
@click.option("--beta", callback=rate, default=0.10, show_default=True, help="No acceptance where both rates are good.")
@click.option("--odds-ratio", type=float, default=1.0, show_default=True, help="Of response and toxicity in a patient.")
@n_max_option(60)
@output_options
def bryant_day(
    null_rate: float,
    target_rate: float,
    toxicity_null_rate: float,
    toxicity_target_rate: float,
    alpha: float,
    alpha_toxicity: float | None,
    beta: float,
    odds_ratio: float,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """Two stages for response and toxicity: optimal and minimax (Bryant and Day 1995).

    \b
    Example:
      python -m trialsim search bryant-day --null-rate 0.3 --target-rate 0.5 \\
        --toxicity-null-rate 0.4 --toxicity-target-rate 0.2 --alpha 0.15 --beta 0.15
    """
    from trialsim.search.bryant_day import bryant_day as search

    found = search(
        null_rate,
        target_rate,
        toxicity_null_rate,
        toxicity_target_rate,
        alpha,
        beta,
        alpha_toxicity=alpha_toxicity,
        odds_ratio=odds_ratio,
        n_max=n_max,
    )
    show(found, format_, out, save)
