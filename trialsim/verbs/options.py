"""What several verbs share: options, loading a scenario, writing a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario

FORMATS = ("text", "json", "csv", "markdown", "html")
DEFAULT_STORE = "results/trialsim.sqlite"


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


def load(source: str, overrides: tuple[str, ...], seed: str | None, n_sims: str | None) -> Scenario:
    """Load a scenario with overrides; --n-sims also sets the calendar trials, unless an override does."""
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


def emit(text: str, out: str | None) -> None:
    """Write text to stdout, or to a file, whole or not at all."""
    from trialsim.files import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text, "--out")
        click.echo(f"Written to {out}.", err=True)
