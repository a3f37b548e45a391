"""`results`: what the store holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trialsim.errors import InputError
from trialsim.verbs.completion import files
from trialsim.verbs.options import DEFAULT_STORE
from trialsim.verbs.sweep import Wanted, check_wanted, picture_options
from trialsim.verbs.sweep import show as show_sweep

if TYPE_CHECKING:
    from datetime import datetime

    from trialsim.store import Store, Sweep

_store = click.option(
    "--store", default=DEFAULT_STORE, show_default=True, metavar="PATH", shell_complete=files, help="The store."
)


@click.group()
def results() -> None:
    """List, show, export and prune the results that run and sweep have kept.

    \b
    Examples:
      python -m trialsim results list
      python -m trialsim results show gist-sweep
      python -m trialsim results export gist-sweep --out gate.parquet
      python -m trialsim results prune --before 2026-01-31
    """


@results.command("list")
@_store
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(store: str, format_: str) -> None:
    """One line per run and sweep.

    \b
    Example:
      python -m trialsim results list
    """
    import json

    from trialsim.report.render import table_as_text
    from trialsim.report.table import Table
    from trialsim.store import open_store

    with open_store(store, read_only=True) as opened:
        found = opened.sweeps()
    if format_ == "json":
        click.echo(
            json.dumps([{key: value for key, value in each._asdict().items() if key != "scenario"} for each in found])
        )
        return
    if not found:
        click.echo(f"{store} holds no results yet.")
        return
    rows = [_line(each) for each in found]
    click.echo(
        table_as_text(Table("Results", ["id", "name", "varied", "cells", "begun (UTC)", "trialsim"], 3, rows)), nl=False
    )


@results.command()
@click.argument("name")
@_store
@picture_options
def show(name: str, store: str, wanted: Wanted) -> None:
    """Show the run or sweep with this id (its beginning will do) or, of several, the latest of this name.

    \b
    Example:
      python -m trialsim results show gist-sweep --plot curves --measure "p_stop[400 mg]" --x response_rate \\
        --by responses_needed --at n_gate=18 --plot-out gate.html
    """
    _shown(name, store, wanted)


@results.command()
@click.argument("name")
@_store
@click.option(
    "--out",
    metavar="PATH",
    shell_complete=files,
    help="A .csv, .json or .parquet file; without it, CSV goes to stdout.",
)
@click.option("--format", "format_", type=click.Choice(["csv", "json", "parquet"]))
def export(name: str, store: str, out: str | None, format_: str | None) -> None:
    """Write all rows of a run or sweep: one per measure and cell.

    \b
    Example:
      python -m trialsim results export gist-sweep --out gate.csv
    """
    chosen = format_ or ("csv" if out is None else None)
    _shown(name, store, Wanted(out, chosen))


@results.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
@_store
@click.option("--before", metavar="DATE", help="Runs and sweeps begun before this day (2026-01-31).")
@click.option("--unused", is_flag=True, help="Results that belong to no run or sweep any more.")
@click.option("--other-versions", is_flag=True, help="Results of other versions of trialsim or of its random numbers.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def prune(
    names: tuple[str, ...], store: str, before: str | None, unused: bool, other_versions: bool, dry_run: bool
) -> None:
    """Drop results that are no longer wanted, and make the file smaller.

    \b
    Example:
      python -m trialsim results prune gist-sweep
    """
    from trialsim._version import __version__
    from trialsim.kernels.stream import STREAM
    from trialsim.store import open_store

    if not (names or before or unused or other_versions):
        raise InputError("results prune: say what is to go: a name or id, --before, --unused or --other-versions")
    with open_store(store, must_exist=True) as opened:
        dropped = opened.prune(
            sweeps=[opened.sweep(name).id for name in names],
            before=None if before is None else _day(before),
            unused=unused,
            streams=[STREAM] if other_versions else None,
            versions=[__version__] if other_versions else None,
            dry_run=dry_run,
        )
    verb = "would go" if dry_run else "dropped"
    freed = "" if dry_run else f"; the file is {dropped.n_bytes:,} bytes smaller"
    click.echo(f"{dropped.n_sweeps:,} runs and sweeps and {dropped.n_results:,} results {verb}{freed}.")


def _line(sweep: Sweep) -> list[str]:
    failed = f" ({sweep.n_failed:,} failed)" if sweep.n_failed else ""
    cells = f"{sweep.n_kept:,} of {sweep.n_cells:,}{failed}"
    return [sweep.id[:8], sweep.name, ", ".join(sweep.axes), cells, sweep.created[:16].replace("T", " "), sweep.version]


def _shown(name: str, store: str, wanted: Wanted) -> None:
    from trialsim.store import open_store

    check_wanted(wanted, "")
    with open_store(store, read_only=True) as opened:
        found = opened.sweep(name)
        if found.axes or wanted != Wanted():
            show_sweep(opened, found.id, wanted)
        else:
            click.echo(_run_again(opened, found), nl=False)


def _run_again(store: Store, found: Sweep) -> str:
    """Return what `run` printed: from the tallies that were kept, so nothing is simulated again."""
    from trialsim.api import run
    from trialsim.report.formats import rendered
    from trialsim.sweep.single import engine_of, kept_scenario, kept_tallies

    scenario, engine = kept_scenario(found), engine_of(found)
    return rendered(run(scenario, engine, kept=kept_tallies(store, scenario, engine)), "text", full=False)


def _day(text: str) -> datetime:
    from datetime import UTC, datetime

    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InputError(f"--before {text[:40]}: a day such as 2026-01-31 is wanted") from None
