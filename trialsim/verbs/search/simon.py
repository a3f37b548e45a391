"""`search simon`."""

from __future__ import annotations

import click

from trialsim.verbs.search.options import error_options, n_max_option, output_options, rate_options, show


@click.command()
@rate_options
@error_options
@n_max_option(100)
@output_options
def simon(
    null_rate: float,
    target_rate: float,
    alpha: float,
    beta: float,
    n_max: int,
    format_: str | None,
    out: str | None,
    save: str | None,
) -> None:
    """Two stages with a stop for futility: optimal, minimax (Simon 1989) and admissible (Jung 2004).

    The feasible set (the best design of each size) is in JSON, and drawn with --format html.

    \b
    Examples:
      python -m trialsim search simon --null-rate 0.05 --target-rate 0.20 --alpha 0.05 --beta 0.10
      python -m trialsim search simon --null-rate 1/5 --target-rate 2/5 --alpha 0.1 --out simon.html --save designs
    """
    from trialsim.search.simon import simon as search

    show(search(null_rate, target_rate, alpha, beta, n_max), format_, out, save)
