"""`search calibrate`."""

from __future__ import annotations

from typing import Any

import click

from trialsim.verbs.completion import sources
from trialsim.verbs.search.options import output_options, rate, show


@click.command()
@click.argument("source", metavar="DESIGN_OR_SCENARIO", shell_complete=sources)
@click.option("--field", required=True, metavar="PATH", help="The number to set: a dotted path as for --set.")
@click.option("--from", "start", type=float, required=True, metavar="X", help="Smallest value of the field.")
@click.option("--to", "stop", type=float, required=True, metavar="X", help="Largest value of the field.")
@click.option(
    "--measure", required=True, metavar="NAME", help="What shall meet the target: p_reject, n_mean, day_mean…"
)
@click.option("--target", type=float, required=True, metavar="X", help="What the measure shall be.")
@click.option(
    "--sense", default="nearest", show_default=True, metavar="WHICH", help="nearest, at-most or at-least the target."
)
@click.option("--at-rate", callback=rate, metavar="RATE", help="True response rate of every arm.")
@click.option("--truth", metavar="NAME", help="A truth of the scenario, instead of --at-rate.")
@click.option("--arm", metavar="NAME", help="Of the measure; or pooled.")
@click.option("--look", metavar="NAME", help="Of the measure.")
@click.option("--given", metavar="WHICH", help="Of the measure: continue, stop or all_continue.")
@click.option("--value", type=float, metavar="X", help="Of the measure: the point of a distribution.")
@click.option("--variant", metavar="NAME", help="Of the measure: an interval, an estimator.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Other changes; repeatable.")
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="WHICH",
    help="auto: exact where the exact engine has the measure, else the calendar; or exact, calendar.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), metavar="S", help="Seed of the random numbers.")
@click.option("--n-sims", type=click.IntRange(1, 10**9), metavar="N", help="Calendar trials for each value.")
@click.option("--jobs", type=int, default=-1, metavar="J", help="Threads for the simulation; -1 for one per core.")
@output_options
def calibrate(
    source: str,
    field: str,
    start: float,
    stop: float,
    measure: str,
    target: float,
    sense: Any,
    at_rate: float | None,
    truth: str | None,
    overrides: tuple[str, ...],
    engine: Any,
    seed: int | None,
    n_sims: int | None,
    jobs: int,
    format_: str | None,
    out: str | None,
    save: str | None,
    **of: Any,
) -> None:
    """Set any number of a design, or of a scenario, so that a measure meets a target.

    \b
    Examples:
      python -m trialsim search calibrate simon-1989-20-40 --field "looks.second stage.success_if.rule.at_least" \\
        --from 5 --to 20 --measure p_reject --at-rate 0.2 --target 0.05 --sense at-most
      python -m trialsim search calibrate gist-calendar-sweep --field conduct.enrolment.per_month \\
        --from 5 --to 40 --measure day_mean --truth active --target 700 --n-sims 500
    """
    from trialsim.search.calibrate import calibrate as search
    from trialsim.search.trying import Which
    from trialsim.verbs.options import check_jobs

    check_jobs(jobs)
    found = search(
        source,
        field,
        start,
        stop,
        Which(measure, **of),
        target,
        sense=sense,
        at_rate=at_rate,
        truth=truth,
        overrides=overrides,
        engine=engine,
        seed=seed,
        n_sims=n_sims,
        n_jobs=jobs,
    )
    show(found, format_, out, save)
