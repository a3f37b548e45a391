"""`analyse`: real data under a design."""

from __future__ import annotations

import click

from trialsim.verbs.completion import designs, files
from trialsim.verbs.options import FORMATS, emit


@click.command()
@click.argument("design", shell_complete=designs)
@click.option(
    "--observed",
    multiple=True,
    required=True,
    metavar="[ARM=]X/N,…",
    help="Responses/patients of an arm, from the start, at each look it took part in, or at its end only; "
    "a pair may name its look (LOOK:X/N). Repeat for each arm.",
)
@click.option("--null-rate", type=float, metavar="P", help="Null rate of the P values; default: the design's.")
@click.option("--level", type=float, metavar="L", help="Confidence level; default: the design's.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change any field of the design.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
)
@click.option("--out", metavar="PATH", shell_complete=files, help="Write the analysis there instead of to stdout.")
def analyse(
    design: str,
    observed: tuple[str, ...],
    null_rate: float | None,
    level: float | None,
    overrides: tuple[str, ...],
    format_: str | None,
    out: str | None,
) -> None:
    """Estimates, intervals and P values of observed data, given that DESIGN could have stopped an arm.

    \b
    Examples:
      python -m trialsim analyse gist-imatinib --observed "400 mg=36/73" --observed "600 mg=43/74"
      python -m trialsim analyse gist-imatinib --observed "400 mg=3/18,6/73"
      python -m trialsim analyse simon-1989-20-40 --observed 5/17,12/35 --format json
    """
    from trialsim.analysis.answers import analyse as analyse_data
    from trialsim.files import check_writable
    from trialsim.report.analysis import rendered
    from trialsim.report.formats import format_of
    from trialsim.spec.load import load_design

    if out is not None:
        check_writable(out, "--out")
    chosen = format_ or format_of(out)
    analysis = analyse_data(load_design(design, overrides), observed, null_rate, level)
    emit(rendered(analysis, chosen), out)
