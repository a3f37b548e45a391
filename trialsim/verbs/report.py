"""`report`: the simulation report of a scenario."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from trialsim.errors import DisagreementError, InputError
from trialsim.verbs.completion import files, sources
from trialsim.verbs.options import check_jobs, emit, load, scenario_options, store_option
from trialsim.verbs.reported import Asked, from_scenario, from_store, opened, say_that_it_varies

if TYPE_CHECKING:
    from trialsim.report.regulatory.blocks import Document
    from trialsim.report.regulatory.material import Material
    from trialsim.verbs.reported import Reported

FORMATS = ("html", "markdown", "docx", "pdf")
SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".docx": "docx", ".pdf": "pdf"}


@click.command()
@click.argument("scenario", required=False, shell_complete=sources)
@scenario_options
@click.option("--from", "from_", metavar="ID", help="Report a stored run or sweep (id or name) instead.")
@click.option(
    "--out", metavar="PATH", shell_complete=files, help="Where it goes: .html, .md, .docx or .pdf; without it, stdout."
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: html, or what the suffix of --out says."
)
@click.option("--jobs", type=int, default=-1, metavar="J", help="Threads for the simulation; -1 for one per core.")
@click.option("--target-mcse", "targets", multiple=True, metavar="[MEASURE=]X", help="As for run.")
@click.option("--max-sims", type=click.IntRange(1, 10**9), metavar="N", help="With --target-mcse: at most so many.")
@click.option(
    "--null-tolerance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="X",
    help="How close bounds of error rates over the null region come to a rate that is reached. Default: 0.0001.",
)
@click.option(
    "--null-sims",
    type=click.IntRange(1, 10**7),
    metavar="N",
    help="Also bound error rates over the null region by simulation, with N replicates per tile.",
)
@store_option
@click.option("--save/--no-save", default=True, show_default=True, help="Keep the result, and go on from kept ones.")
def report(
    scenario: str | None,
    overrides: tuple[str, ...],
    seed: str | None,
    n_sims: str | None,
    from_: str | None,
    out: str | None,
    format_: str | None,
    jobs: int,
    targets: tuple[str, ...],
    max_sims: int | None,
    null_tolerance: float | None,
    null_sims: int | None,
    store: str,
    save: bool,
) -> None:
    """The simulation report of SCENARIO: what a regulator asks for, filled from the run itself.

    After a stored run nothing is simulated again. The file carries its scenario: `run report.html` repeats it.

    \b
    Examples:
      python -m trialsim report scenarios/gist.yaml --out report.html
      python -m trialsim report gist --n-sims 5000 --out report.md
      python -m trialsim report --from gist --out report.html
    """
    from trialsim.effort import MAX_SIMS, target_of

    check_jobs(jobs)
    chosen = _checked(scenario, out, format_)
    target = target_of(targets, max_sims or MAX_SIMS)
    if max_sims is not None and target is None:
        raise InputError("--max-sims: it limits --target-mcse, which is not given; --n-sims sets the number itself.")
    if (scenario is None) == (from_ is None):
        raise InputError("report: name a scenario, or a stored run with --from, and not both.")
    if from_ is not None:
        if overrides or seed or n_sims or target:
            raise InputError("--from: a stored run is reported as it is; name its scenario to change it.")
        found = from_store(from_, store)
    else:
        loaded = load(scenario or "", overrides, seed, n_sims)
        say_that_it_varies(loaded)
        found = from_scenario(loaded, Asked(jobs, store, save, target))
    material = replace(
        _material(found, scenario or ""), target=target, null_tolerance=null_tolerance, null_sims=null_sims or 0
    )
    _write(_document(material, Asked(jobs, store, save and from_ is None, target)), chosen, out)
    agreement = found.result.agreement
    if agreement is not None and agreement.failures:
        raise DisagreementError(
            f"simulated and exact values disagree in {len(agreement.failures):,} of {agreement.n_judged:,} measures"
        )


def _checked(scenario: str | None, out: str | None, format_: str | None) -> str:
    """Return the format, once everything that can be refused beforehand has been."""
    from trialsim.errors import nearest
    from trialsim.files import check_writable, is_same_file
    from trialsim.report.regulatory.convert import check_converter

    suffix = os.path.splitext(out)[1].lower() if out is not None else ""
    if format_ is None and suffix and suffix not in SUFFIXES:
        raise InputError(f"--out {out}: what format is {suffix}? {nearest(suffix, SUFFIXES)}; or say --format")
    chosen = format_ or SUFFIXES.get(suffix, "html")
    if out is not None:
        check_writable(out, "--out")
        if scenario is not None and is_same_file(out, scenario):
            raise InputError(f"--out {out}: is the scenario itself; choose another name")
    elif chosen in ("docx", "pdf"):
        raise InputError(f"--format {chosen}: this is no text for the terminal; name a file with --out")
    if chosen in ("docx", "pdf"):
        check_converter(chosen)
    return chosen


def _document(material: Material, asked: Asked) -> Document:
    """Return the report, with what its sections simulate beside the run kept in the store."""
    from trialsim.report.regulatory.contents import document_of
    from trialsim.sweep.readings import kept_or_simulated

    with opened(asked) as store:
        return document_of(replace(material, read=lambda case: kept_or_simulated(case, store, asked.jobs)))


def _write(document: Document, format_: str, out: str | None) -> None:
    from trialsim.report.regulatory.convert import write_converted
    from trialsim.report.regulatory.html import as_html
    from trialsim.report.regulatory.markdown import as_markdown

    if format_ in ("docx", "pdf"):
        assert out is not None
        write_converted(document, format_, out)
        click.echo(f"Written to {out}.", err=True)
    else:
        emit(as_html(document) if format_ == "html" else as_markdown(document), out)


def _material(found: Reported, source: str) -> Material:
    from datetime import date

    from trialsim.report.regulatory.material import Material

    return Material(
        found.result,
        command=shlex.join(["python", "-m", "trialsim", *sys.argv[1:]]),
        date=date.today().isoformat(),
        stored=found.stored,
        alerts=found.alerts,
        source=source,
        extra=found.extra,
    )
