"""`check`, `schema`, `list`, `validate`: what is known before anything is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import DisagreementError
from trialsim.verbs.completion import designs, sources

if TYPE_CHECKING:
    from trialsim.validation import Validation


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SCENARIO…", shell_complete=sources)
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


@click.command()
@click.argument("kind", type=click.Choice(["scenario", "design"]), default="scenario")
def schema(kind: str) -> None:
    """Print the JSON Schema of scenario (or design) files, for editors.

    \b
    Example:
      python -m trialsim schema design > design.schema.json
    """
    from trialsim.spec.schema import schema_text

    click.echo(schema_text(kind), nl=False)


@click.command("list")
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


@click.command()
@click.argument("designs", nargs=-1, metavar="[DESIGN]…", shell_complete=designs)
@click.option("--engine", type=click.Choice(["auto", "exact", "montecarlo"]), default="auto", show_default=True)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "csv", "markdown"]),
    default="text",
    show_default=True,
)
@click.option("--n-sims", type=click.IntRange(1, 10**9), default=100_000, show_default=True, metavar="N")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, metavar="S")
def validate(designs: tuple[str, ...], engine: Any, format_: str, n_sims: int, seed: int) -> None:
    """Print every published number we know against the exact and the simulated one.

    Without DESIGN, all designs that ship; a DESIGN is a name of theirs or a file.

    \b
    Example:
      python -m trialsim validate
      python -m trialsim validate gist-imatinib --format json
    """
    from trialsim.spec.load import load_design
    from trialsim.spec.shipped import shipped_names
    from trialsim.validation import disagreements, summary
    from trialsim.validation import validate as validate_design

    found = [
        item
        for name in dict.fromkeys(designs or shipped_names("designs"))
        for item in validate_design(load_design(name), engine, n_sims, seed)
    ]
    click.echo(_validations(found, format_), nl=False)
    if format_ in ("text", "markdown"):
        click.echo(summary(found).sentence)
    wrong = disagreements(found)
    if wrong:
        raise DisagreementError(f"{len(wrong)} of {len(found)} published values disagree: {', '.join(wrong)}")


def _validations(found: list[Validation], format_: str) -> str:
    from trialsim.report.render import table_as_markdown, table_as_text
    from trialsim.validation import as_csv, as_json, as_table

    if format_ in ("json", "csv"):
        return as_json(found) if format_ == "json" else as_csv(found)
    return (table_as_text if format_ == "text" else table_as_markdown)(as_table(found)) + "\n" * (format_ == "markdown")
