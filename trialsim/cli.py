"""The command line. Results go to stdout, everything else to stderr; heavy packages are imported where they are used.

Exit codes: 0 done; 2 the user's input is wrong; 3 a simulated value disagrees with its exact value; 1 anything else.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from trialsim._version import __version__
from trialsim.errors import DisagreementError, InputError, TrialsimError

if TYPE_CHECKING:
    from trialsim.api import Result
    from trialsim.spec.scenario import Scenario

FORMATS = ("text", "json", "csv", "markdown", "html")
FINDS = ("median", "longest", "shortest", "false-go", "false-stop", "disagree")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="trialsim")
def app() -> None:
    """Adaptive clinical trial designs: exact where possible, simulated where not, checked against each other.

    \b
    Example:
      python -m trialsim run scenarios/gist.yaml
    """


def _scenario_options(command: Any) -> Any:
    for option in (
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="PATH=VALUE",
            help="Change any field of scenario or design (design.…) before validation; repeatable.",
        ),
        click.option("--seed", metavar="S", help="Seed of the random numbers."),
        click.option("--n-sims", metavar="N", help="Number of simulated trials per plan and truth."),
    ):
        command = option(command)
    return command


@app.command()
@click.argument("scenario")
@_scenario_options
@click.option(
    "--jobs",
    type=int,
    default=-1,
    metavar="J",
    help="Threads for the simulation; -1 for one per core. Changes no number.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "exact", "montecarlo"]),
    default="auto",
    show_default=True,
    help="auto: both, checked against each other.",
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
)
@click.option("--out", metavar="PATH", help="Write the result there instead of to stdout.")
@click.option("--trials", metavar="FILE.parquet", help="Also write one row per simulated trial.")
@click.option(
    "--full", is_flag=True, help="Print every measure under every condition (JSON and CSV always hold them all)."
)
@click.option("--sensitivity", is_flag=True, help="Also try the other readings of the protocol that the conduct lists.")
@click.option("--save/--no-save", default=True, show_default=True, help="Keep the result document in results/.")
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
    save: bool,
) -> None:
    """Operating characteristics of SCENARIO (a YAML file, or the name of one that ships).

    \b
    Examples:
      python -m trialsim run scenarios/gist.yaml
      python -m trialsim run gist --engine exact --format csv --out gist.csv
      python -m trialsim run gist --set design.looks.proof-of-concept.continue_if.rule.at_least=4 --n-sims 1000000
    """
    from trialsim.files import check_writable, is_same_file
    from trialsim.report.formats import format_of, rendered

    if jobs == 0 or jobs < -1:
        raise InputError(f"--jobs {jobs}: the number of threads is at least 1, or -1 for one per core.")
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
    loaded = _load(scenario, overrides, seed, n_sims)
    result = _run_with_progress(loaded, engine, jobs, trials, sensitivity=sensitivity)
    _emit(rendered(result, chosen, full=full), out)
    if save:
        _save(result)
    if result.agreement is not None and result.agreement.failures:
        n_failures, n_judged = len(result.agreement.failures), result.agreement.n_judged
        raise DisagreementError(f"simulated and exact values disagree in {n_failures:,} of {n_judged:,} measures")


@app.command()
@click.argument("sources", nargs=-1, required=True, metavar="SCENARIO…")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="As for run.")
def check(sources: tuple[str, ...], overrides: tuple[str, ...]) -> None:
    """Validate scenarios or designs and explain them in plain language; runs nothing.

    \b
    Example:
      python -m trialsim check scenarios/gist.yaml
    """
    from trialsim.report.check import explanation
    from trialsim.spec.load import kind_of, load_design, load_scenario

    for source in sources:
        loaded = (load_design if kind_of(source) == "design" else load_scenario)(source, overrides)
        click.echo(explanation(loaded))


@app.command()
@click.argument("kind", type=click.Choice(["scenario", "design"]), default="scenario")
def schema(kind: str) -> None:
    """Print the JSON Schema of scenario (or design) files, for editors.

    \b
    Example:
      python -m trialsim schema design > design.schema.json
    """
    from trialsim.spec.schema import schema_text

    click.echo(schema_text(kind), nl=False)


@app.command("list")
def list_() -> None:
    """List the designs and scenarios that ship.

    \b
    Example:
      python -m trialsim list
    """
    from trialsim.spec.load import load_design, load_scenario
    from trialsim.spec.shipped import shipped_names

    for room, load in (("scenarios", load_scenario), ("designs", load_design)):
        click.echo(room)
        for name in shipped_names(room):
            click.echo(f"  {name:<28} {load(name).title}")


@app.command()
@click.option("--engine", type=click.Choice(["auto", "exact", "montecarlo"]), default="auto", show_default=True)
@click.option("--format", "format_", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.option("--n-sims", type=click.IntRange(1, 10**9), default=100_000, show_default=True, metavar="N")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, metavar="S")
def validate(engine: Any, format_: str, n_sims: int, seed: int) -> None:
    """Print every published number we know against the exact and the simulated one.

    \b
    Example:
      python -m trialsim validate
    """
    from trialsim.report.render import table_as_markdown, table_as_text
    from trialsim.spec.load import load_design
    from trialsim.spec.shipped import shipped_names
    from trialsim.validation import as_table, disagreements
    from trialsim.validation import validate as validate_design

    found = [
        item for name in shipped_names("designs") for item in validate_design(load_design(name), engine, n_sims, seed)
    ]
    table = as_table(found)
    click.echo(table_as_text(table) if format_ == "text" else table_as_markdown(table), nl=False)
    wrong = disagreements(found)
    if wrong:
        raise DisagreementError(f"{len(wrong)} of {len(found)} published values disagree: {', '.join(wrong)}")


@app.command()
@click.argument("scenario")
@click.option("--trial", metavar="K", help="Number of the trial, from 0.")
@click.option(
    "--find",
    type=click.Choice(FINDS),
    help="Choose a trial instead: by its duration, or the first with a wrong decision or with looks that disagree. "
    "Default, without --trial: median.",
)
@click.option("--truth", metavar="NAME", help="Default: that of conduct.match, or the first.")
@click.option("--plan", metavar="NAME", help="Default: that of conduct.match, or the first.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="As for run.")
@click.option("--seed", metavar="S", help="Seed of the random numbers.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "csv", "html"]),
    help="Default: text, or what the suffix of --out says.",
)
@click.option("--out", metavar="PATH", help="Write the trial there instead of to stdout.")
def replay(
    scenario: str,
    trial: str | None,
    find: str | None,
    truth: str | None,
    plan: str | None,
    overrides: tuple[str, ...],
    seed: str | None,
    format_: str | None,
    out: str | None,
) -> None:
    """One simulated trial of SCENARIO, patient by patient, the same as in the run.

    \b
    Examples:
      python -m trialsim replay scenarios/gist.yaml --trial 5
      python -m trialsim replay gist --trial 5 --out trial.html
      python -m trialsim replay gist --truth mixed --find false-stop
    """
    from trialsim.files import check_writable, is_same_file
    from trialsim.report.formats import format_of

    if trial is not None and find is not None:
        raise InputError("--trial and --find both choose the trial; leave one out.")
    number = None if trial is None else _trial_number(trial)
    if out is not None:
        check_writable(out, "--out")
        if is_same_file(out, scenario):
            raise InputError(f"--out {out}: is the scenario itself; choose another name")
    chosen = format_ or format_of(out)
    if chosen == "markdown":
        raise InputError(
            f"--out {out}: a trial is written as text, JSON, CSV or HTML; name another file, or say --format"
        )
    _emit(_replayed(_load(scenario, overrides, seed, None), number, find, truth, plan, chosen), out)


def _load(source: str, overrides: tuple[str, ...], seed: str | None, n_sims: str | None) -> Scenario:
    from trialsim.spec.load import load_scenario
    from trialsim.spec.overrides import override_of

    parsed = [override_of(text) for text in overrides]
    for option, field, value in (("--seed", "seed", seed), ("--n-sims", "n_sims", n_sims)):
        if value is not None:
            override = override_of(f"{field}={value}")
            override.option, override.text = option, value
            parsed.append(override)
    loaded = load_scenario(source, parsed)
    if n_sims is None or loaded.conduct is None or any(item.path == ("conduct", "n_sims") for item in parsed):
        return loaded
    also = override_of(f"conduct.n_sims={n_sims}")
    also.option, also.text = "--n-sims", n_sims
    return load_scenario(source, [*parsed, also])


def _trial_number(text: str) -> int:
    """Return the number of a trial.

    Raises
    ------
    InputError
        If it is none.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or int(digits) >= 2**63:
        raise InputError(f"--trial {text[:80]}: a trial is a whole number from 0 to {2**63 - 1}")
    return int(digits)


def _replayed(
    scenario: Scenario, trial: int | None, find: str | None, truth: str | None, plan: str | None, format_: str
) -> str:
    from dataclasses import replace

    from trialsim.replay import find_trial
    from trialsim.replay import replay as replay_trial
    from trialsim.report.replay import rendered

    if trial is not None:
        return rendered(replay_trial(scenario, trial, truth, plan), format_)
    if find is None:
        click.echo("Neither --trial nor --find is given: --find median is taken.", err=True)
    found = find_trial(scenario, find or "median", truth, plan)
    return rendered(replace(replay_trial(scenario, found.trial, truth, plan), found=found), format_)


def _run_with_progress(
    scenario: Scenario, engine: Any, jobs: int, trials: str | None, *, sensitivity: bool = False
) -> Result:
    from trialsim.api import run as run_scenario
    from trialsim.api import write_trials
    from trialsim.progress import ProgressBar

    n_runs = (engine != "exact") + (trials is not None)
    n_cells = len(scenario.truths) * max(len(scenario.plans), 1)
    total = n_runs * scenario.n_sims * n_cells
    if scenario.conduct is not None and engine != "exact":
        n_readings = min(len(scenario.truths), 3) * (1 + len(scenario.conduct.sensitivity)) if sensitivity else 0
        total += scenario.conduct.n_sims * (n_cells + n_readings)
    with ProgressBar(total) as bar:
        result = run_scenario(scenario, engine, n_jobs=jobs, sensitivity=sensitivity, progress=bar.advance)
        if trials is not None:
            write_trials(scenario, trials, bar.advance)
    return result


def _emit(text: str, out: str | None) -> None:
    from trialsim.files import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text, "--out")
        click.echo(f"Written to {out}.", err=True)


def _save(result: Result) -> None:
    """Keep the result document; where that cannot be done, say so and go on."""
    from trialsim.files import write_text
    from trialsim.report.document import as_json

    path = os.path.join("results", f"{result.scenario.name}-{result.scenario.id}-{result.engine}.json")
    try:
        os.makedirs("results", exist_ok=True)
        write_text(path, as_json(result))
    except (OSError, InputError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        click.echo(f"trialsim: the result was not kept in results/ ({reason}).", err=True)
    else:
        click.echo(f"Saved as {path}.", err=True)


def main() -> None:
    """Run the command line; a user's mistake is one sentence and an exit code, never a traceback."""
    # Importing makes many objects that live to the end; looking for garbage among them is a tenth of a short run.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "±" shows "?" instead of a traceback
    try:
        app.main(standalone_mode=False)
        sys.stdout.flush()
    except TrialsimError as error:
        click.echo(f"trialsim: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("trialsim: stopped; no file is left half-written.", err=True)
        sys.exit(1)
    except OSError as error:
        # Nobody must complain at exit that stdout cannot be flushed. Whoever read it has gone (| head): no error.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            click.echo(f"trialsim: the system refused ({error.strerror or error}).", err=True)
            sys.exit(1)
