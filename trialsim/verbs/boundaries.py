"""`boundaries`: the decision table of a design, and its picture."""

from __future__ import annotations

import click

from trialsim.verbs.completion import files, sources
from trialsim.verbs.options import FORMATS, emit


@click.command()
@click.argument("source", metavar="DESIGN", shell_complete=sources)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="As for run.")
@click.option("--out", metavar="PATH", shell_complete=files, help="Write it there instead of to stdout.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
)
def boundaries(source: str, overrides: tuple[str, ...], format_: str | None, out: str | None) -> None:
    """Print what a design's rules compile to, for the protocol: at each look, who stops and what is a success.

    DESIGN is a design or a scenario, by file or by the name under which it ships. HTML holds the picture too.

    \b
    Examples:
      python -m trialsim boundaries designs/gist-imatinib.yaml
      python -m trialsim boundaries simon-1989-20-40 --out boundaries.html
    """
    from trialsim.files import check_writable
    from trialsim.report.boundary_document import rendered
    from trialsim.report.formats import format_of
    from trialsim.spec.load import kind_of, load_design, load_scenario

    if out is not None:
        check_writable(out, "--out")
    if kind_of(source) == "design":
        design = load_design(source, overrides)
        plans = [(design.name, design)]
    else:
        plans = [*load_scenario(source, overrides).designs()]
    emit(rendered(plans, format_ or format_of(out)), out)
