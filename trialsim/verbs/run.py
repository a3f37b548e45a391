"""`run`: the operating characteristics of a scenario."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import DisagreementError, InputError
from trialsim.verbs.completion import files, sources
from trialsim.verbs.options import check_jobs, emit, engine_options, load, scenario_options, store_option

if TYPE_CHECKING:
    from trialsim.api import Result
    from trialsim.effort import Target
    from trialsim.kept import Kept
    from trialsim.spec.scenario import Scenario


@click.command()
@click.argument("scenario", shell_complete=sources)
@scenario_options
@engine_options
@click.option("--trials", metavar="FILE.parquet", shell_complete=files, help="Also write one row per simulated trial.")
@click.option(
    "--full", is_flag=True, help="Print every measure under every condition (JSON and CSV always hold them all)."
)
@click.option("--sensitivity", is_flag=True, help="Also try the other readings of the protocol that the conduct lists.")
@click.option(
    "--target-mcse",
    "targets",
    multiple=True,
    metavar="[MEASURE=]X",
    help="Simulate until the standard error of every probability (or of a named measure) is at most X; repeatable.",
)
@click.option("--max-sims", type=click.IntRange(1, 10**9), metavar="N", help="With --target-mcse: at most so many.")
@store_option
@click.option("--save/--no-save", default=True, show_default=True, help="Keep the result, and go on from kept ones.")
def run(
    scenario: str,
    overrides: tuple[str, ...],
    seed: str | None,
    n_sims: str | None,
    jobs: int,
    engine: Any,
    format_: str | None,
    out: str | None,
    trials: str | None,
    full: bool,
    sensitivity: bool,
    targets: tuple[str, ...],
    max_sims: int | None,
    store: str,
    save: bool,
) -> None:
    """Operating characteristics of SCENARIO (a YAML file, or the name of one that ships).

    \b
    Examples:
      python -m trialsim run scenarios/gist.yaml
      python -m trialsim run gist --engine exact --format csv --out gist.csv
      python -m trialsim run gist --set design.looks.proof-of-concept.continue_if.rule.at_least=4 --n-sims 1000000
      python -m trialsim run gist --target-mcse 0.001 --target-mcse n_mean=0.05
    """
    from trialsim.effort import MAX_SIMS, target_of
    from trialsim.files import check_writable, is_same_file
    from trialsim.kept import Kept
    from trialsim.report.formats import format_of, rendered

    check_jobs(jobs)
    for option, path in (("--out", out), ("--trials", trials)):
        if path is not None:
            check_writable(path, option)
            if is_same_file(path, scenario):
                raise InputError(f"{option} {path}: is the scenario itself; choose another name")
    if trials is not None and not trials.endswith(".parquet"):
        raise InputError(f"--trials {trials}: trials are written as Parquet; name a file that ends in .parquet")
    if out is not None and trials is not None and is_same_file(out, trials):
        raise InputError(f"--out and --trials both name {out}; give each its own file")
    chosen = format_ or format_of(out)
    if trials is not None and engine == "exact":
        raise InputError("--trials: the exact engine simulates no trials; leave out --engine exact.")
    target = target_of(targets, max_sims or MAX_SIMS)
    if max_sims is not None and target is None:
        raise InputError("--max-sims: it limits --target-mcse, which is not given; --n-sims sets the number itself.")
    if target is not None and engine == "exact":
        raise InputError("--target-mcse: exact values have no standard error; leave out --engine exact.")
    if target is not None and (trials is not None or sensitivity):
        raise InputError("--target-mcse: goes with neither --trials nor --sensitivity; run once more with --n-sims.")
    loaded = load(scenario, overrides, seed, n_sims)
    if loaded.vary is not None:
        click.echo("The scenario varies fields; run takes it as it stands (sweep runs its grid).", err=True)
    kept = _kept(loaded, engine, store) if save else Kept()
    result = run_with_progress(loaded, engine, jobs, trials, kept, target, sensitivity=sensitivity)
    emit(rendered(result, chosen, full=full), out)
    if save:
        save_result(result, kept, store)
    if result.agreement is not None and result.agreement.failures:
        n_failures, n_judged = len(result.agreement.failures), result.agreement.n_judged
        raise DisagreementError(f"simulated and exact values disagree in {n_failures:,} of {n_judged:,} measures")


def run_with_progress(
    scenario: Scenario,
    engine: Any,
    jobs: int,
    trials: str | None,
    kept: Kept,
    target: Target | None,
    *,
    sensitivity: bool = False,
) -> Result:
    """Run a scenario with a bar on stderr."""
    from trialsim.api import run as run_scenario
    from trialsim.api import write_trials
    from trialsim.effort import run_until
    from trialsim.progress import ProgressBar

    n_runs = (engine != "exact") + (trials is not None)
    n_cells = len(scenario.truths) * max(len(scenario.plans), 1)
    total = n_runs * scenario.n_sims * n_cells
    if scenario.conduct is not None and engine != "exact":
        n_readings = min(len(scenario.truths), 3) * (1 + len(scenario.conduct.sensitivity)) if sensitivity else 0
        total += scenario.conduct.n_sims * (n_cells + n_readings)
    with ProgressBar(total) as bar:
        if target is not None:
            tell = functools.partial(click.echo, err=True)
            return run_until(scenario, target, engine, n_jobs=jobs, kept=kept, progress=bar.advance, tell=tell)
        result = run_scenario(scenario, engine, n_jobs=jobs, sensitivity=sensitivity, kept=kept, progress=bar.advance)
        if trials is not None:
            write_trials(scenario, trials, bar.advance)
    return result


def _kept(scenario: Scenario, engine: Any, path: str) -> Kept:
    """Return what an earlier, shorter run left in the store; nothing if there is no store, or none that can be read."""
    from trialsim.kept import Kept
    from trialsim.store import open_store
    from trialsim.sweep.single import kept_tallies

    if engine == "exact" or not os.path.exists(path):
        return Kept()
    with contextlib.suppress(InputError, ValueError), open_store(path, read_only=True) as store:
        return kept_tallies(store, scenario, engine)
    return Kept()


def save_result(result: Result, kept: Kept, path: str) -> None:
    """Keep the result; where that cannot be done, say so and go on."""
    from trialsim.store import open_store
    from trialsim.sweep.single import keep_run

    try:
        with open_store(path) as store:
            run_id = keep_run(store, result, kept)
    except InputError as error:
        click.echo(f"trialsim: the result was not kept ({error}).", err=True)
    else:
        click.echo(f"Kept in {path} as {run_id[:8]} (trialsim results show {run_id[:8]}).", err=True)
