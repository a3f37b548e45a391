"""`replay`: one simulated trial, patient by patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trialsim.errors import InputError
from trialsim.verbs.completion import files, sources
from trialsim.verbs.options import emit, load

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario

FINDS = ("median", "longest", "shortest", "false-go", "false-stop", "disagree")


@click.command()
@click.argument("scenario", shell_complete=sources)
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
@click.option("--out", metavar="PATH", shell_complete=files, help="Write the trial there instead of to stdout.")
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
    emit(_replayed(load(scenario, overrides, seed, None), number, find, truth, plan, chosen), out)


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
