"""What several verbs share: options, loading a scenario, writing a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import InputError
from trialsim.verbs.completion import files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.spec.overrides import Override
    from trialsim.spec.scenario import Scenario

FORMATS = ("text", "json", "csv", "markdown", "html")
DEFAULT_STORE = "results/trialsim.sqlite"
store_option = click.option(
    "--store",
    default=DEFAULT_STORE,
    show_default=True,
    metavar="PATH",
    shell_complete=files,
    help="Where results are kept.",
)


def scenario_options(command: Any) -> Any:
    """Add --set, --seed and --n-sims to a command."""
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


def engine_options(command: Any) -> Any:
    """Add --engine, --jobs, --format and --out to a command."""
    for option in (
        click.option(
            "--out", metavar="PATH", shell_complete=files, help="Write the result there instead of to stdout."
        ),
        click.option(
            "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
        ),
        click.option(
            "--engine",
            type=click.Choice(["auto", "exact", "montecarlo"]),
            default="auto",
            show_default=True,
            help="auto: both, checked against each other.",
        ),
        click.option(
            "--jobs",
            type=int,
            default=-1,
            metavar="J",
            help="Threads for the simulation; -1 for one per core. Changes no number.",
        ),
    ):
        command = option(command)
    return command


def check_jobs(jobs: int) -> None:
    """Refuse a number of workers that is none.

    Raises
    ------
    InputError
        If it is 0 or below -1.
    """
    if jobs == 0 or jobs < -1:
        raise InputError(f"--jobs {jobs}: the number of workers is at least 1, or -1 for one per core.")


def load(source: str, overrides: Sequence[str | Override], seed: str | None, n_sims: str | None) -> Scenario:
    """Load a scenario with overrides; --n-sims also sets the calendar trials, unless an override does."""
    from trialsim.spec.load import load_scenario
    from trialsim.spec.overrides import override_of

    parsed = [override_of(item) if isinstance(item, str) else item for item in overrides]
    parsed += [*_count("seed", "--seed", seed), *_count("n_sims", "--n-sims", n_sims)]
    loaded = load_scenario(source, parsed)
    if n_sims is None or loaded.conduct is None or any(item.path == ("conduct", "n_sims") for item in parsed):
        return loaded
    return load_scenario(source, [*parsed, *_count("conduct.n_sims", "--n-sims", n_sims)])


def _count(path: str, option: str, value: str | None) -> list[Override]:
    from trialsim.spec.overrides import override_of

    if value is None:
        return []
    override = override_of(f"{path}={value}")
    override.option, override.text = option, value
    return [override]


def emit(text: str, out: str | None) -> None:
    """Write text to stdout, or to a file, whole or not at all."""
    from trialsim.files import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text, "--out")
        click.echo(f"Written to {out}.", err=True)
