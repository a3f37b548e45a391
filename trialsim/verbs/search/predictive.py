"""`search predictive`."""

from __future__ import annotations

import click

from trialsim.verbs.search.options import error_options, n_max_option, output_options, rate_options, show


@click.command()
@rate_options
@error_options
@click.option("--n-min", type=int, default=10, show_default=True, metavar="N", help="Fewest patients of a design.")
@n_max_option(50)
@click.option("--first-look", type=int, default=10, show_default=True, metavar="N", help="Patients at the first look.")
@click.option("--cohort", type=int, default=1, show_default=True, metavar="N", help="Patients between looks.")
@click.option("--theta-l", type=float, metavar="P", help="Keep to this theta_L. Default: as large as the power allows.")
@click.option(
    "--theta-u",
    type=float,
    default=1.0,
    show_default=True,
    metavar="P",
    help="Stop for efficacy when the predictive probability reaches it; 1: never.",
)
@click.option(
    "--prior",
    type=(float, float),
    metavar="A B",
    help="Beta prior, worth A responses and B non-responses. Default: the null rate and its complement.",
)
@output_options
def predictive(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float,
    n_min: int,
    n_max: int,
    first_look: int,
    cohort: int,
    theta_l: float | None,
    theta_u: float,
    prior: tuple[float, float] | None,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """Predictive probability design (Lee and Liu 2008): n, theta_T and theta_L, with the plateaus of both.

    \b
    Example:
      python -m trialsim search predictive --null-rate 0.2 --target-rate 0.4 --alpha 0.1 --beta 0.1
    """
    from trialsim.search.predictive import predictive as search

    found = search(
        null_rate,
        target_rate,
        alpha,
        beta,
        n_min=n_min,
        n_max=n_max,
        first_look=first_look,
        cohort=cohort,
        theta_u=theta_u,
        theta_l=theta_l,
        prior=prior,
    )
    show(found, format_, out, save)
