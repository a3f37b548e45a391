"""`sweep`: a scenario over the grid in its `vary` block."""

from __future__ import annotations

import functools
import shlex
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from trialsim.errors import DisagreementError, InputError, TrialsimError
from trialsim.verbs.completion import files, sources
from trialsim.verbs.options import check_jobs, load, scenario_options, store_option

if TYPE_CHECKING:
    from trialsim.report.sweep_pictures import Picture
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Store
    from trialsim.sweep.run import Settings, Summary

EXPORTS = ("csv", "json", "parquet")
KINDS = ("heat-map", "curves", "pareto")


class Wanted(NamedTuple):
    """What is to be shown of a sweep."""

    out: str | None = None
    format_: str | None = None
    picture: Picture | None = None
    plot_out: str | None = None


_PICTURE = ("measure", "x", "y", "by", "minimise", "maximise", "at")


def picture_options(command: Any) -> Any:
    """Add what is shown of a sweep; the command gets it as `wanted`."""

    @functools.wraps(command)
    def with_wanted(*args: Any, **options: Any) -> Any:
        out, format_ = options.pop("out"), options.pop("format_")
        kind, plot_out = options.pop("plot"), options.pop("plot_out")
        words = {name: options.pop(name) for name in _PICTURE}
        if kind is None and (plot_out is not None or any(words.values())):
            raise InputError(f"--plot-out, --measure and the like describe a picture: add --plot {'|'.join(KINDS)}")
        picture = _picture(kind, words) if kind is not None else None
        return command(*args, wanted=Wanted(out, format_, picture, plot_out), **options)

    for option in (
        click.option(
            "--plot-out",
            metavar="PATH",
            shell_complete=files,
            help="Where it goes: .html; .png, .svg and .pdf if kaleido is there.",
        ),
        click.option("--at", multiple=True, metavar="AXIS=LEVEL", help="Fix an axis that the picture does not show."),
        click.option("--maximise", multiple=True, metavar="MEASURE", help="Of pareto: larger is better."),
        click.option("--minimise", multiple=True, metavar="MEASURE", help="Of pareto: smaller is better."),
        click.option("--by", metavar="AXIS", help="Of curves: one line for each of its levels."),
        click.option("--y", metavar="AXIS", help="Of a heat map."),
        click.option("--x", metavar="AXIS", help="Of a heat map or curves."),
        click.option(
            "--measure", metavar="MEASURE", help='Such as n_mean, or "p_stop[400 mg]" where there are several.'
        ),
        click.option("--plot", type=click.Choice(KINDS), help="Draw a picture."),
        click.option(
            "--out", metavar="PATH", shell_complete=files, help="Write all rows there; its suffix says the format."
        ),
        click.option("--format", "format_", type=click.Choice(["text", *EXPORTS]), help="Of stdout, or of --out."),
    ):
        with_wanted = option(with_wanted)
    return with_wanted


@click.command()
@click.argument("scenario", shell_complete=sources)
@scenario_options
@click.option("--engine", type=click.Choice(["auto", "exact", "montecarlo"]), default="auto", show_default=True)
@click.option("--jobs", type=int, default=-1, metavar="J", help="Workers; -1 for one per core. Changes no number.")
@click.option(
    "--backend",
    type=click.Choice(["threads", "processes", "dask"]),
    default="threads",
    show_default=True,
    help="Where the work is done. Changes no number.",
)
@click.option("--scheduler", metavar="ADDRESS", help="An existing Dask cluster, such as tcp://host:8786.")
@store_option
@click.option("--strict", is_flag=True, help="End at the first cell that fails, instead of keeping it with its error.")
@click.option("--target-mcse", "targets", multiple=True, metavar="[MEASURE=]X", help="As for run, in every cell.")
@click.option("--max-sims", type=click.IntRange(1, 10**9), metavar="N", help="With --target-mcse: at most so many.")
@picture_options
def sweep(
    scenario: str,
    overrides: tuple[str, ...],
    seed: str | None,
    n_sims: str | None,
    engine: Any,
    jobs: int,
    backend: Any,
    scheduler: str | None,
    store: str,
    strict: bool,
    targets: tuple[str, ...],
    max_sims: int | None,
    wanted: Wanted,
) -> None:
    """Every cell of the grid in SCENARIO's vary block, in parallel, kept in a store and resumable.

    \b
    Examples:
      python -m trialsim sweep scenarios/gist-sweep.yaml --engine exact --out gate.csv
      python -m trialsim sweep gist-calendar-sweep --jobs 2
      python -m trialsim sweep gist-sweep --engine exact --plot heat-map --measure "p_stop[400 mg]" \\
        --x n_gate --y responses_needed --at response_rate=0.3 --plot-out gate.html
    """
    from trialsim.effort import MAX_SIMS, target_of
    from trialsim.store import open_store
    from trialsim.sweep.run import Settings

    check_jobs(jobs)
    if scheduler is not None and backend == "processes":
        raise InputError("--scheduler: it goes with --backend dask, not processes.")
    target = target_of(targets, max_sims or MAX_SIMS)
    if target is not None and engine == "exact":
        raise InputError("--target-mcse: exact values have no standard error; leave out --engine exact.")
    check_wanted(wanted, scenario)
    loaded = load(scenario, overrides, seed, n_sims)
    settings = Settings(engine, "dask" if scheduler is not None else backend, jobs, scheduler, strict, target)
    with open_store(store) as opened:
        try:
            summary = _run(loaded, opened, settings, store)
        except KeyboardInterrupt:
            click.echo(f"Stopped. What is finished is kept in {store}; go on with\n  {_this_command()}", err=True)
            raise
        click.echo(_told(summary, store), err=True)
        show(opened, summary.sweep_id, wanted)
    _judge(summary)


def _picture(kind: str, words: dict[str, Any]) -> Picture:
    from trialsim.report.sweep_pictures import Picture

    return Picture(kind, **words)


def check_wanted(wanted: Wanted, source: str) -> None:
    """Refuse outputs that cannot work, before any time is spent.

    Raises
    ------
    InputError
        If a path cannot be written, a format is none, or a picture is not worded as it should be.
    """
    from trialsim.files import check_writable, is_same_file

    for option, path in (("--out", wanted.out), ("--plot-out", wanted.plot_out)):
        if path is not None:
            check_writable(path, option)
            if is_same_file(path, source):
                raise InputError(f"{option} {path}: is the scenario itself; choose another name")
    _format(wanted)
    if wanted.picture is not None:
        wanted.picture.check()
        if wanted.plot_out is None:
            raise InputError("--plot: say where the picture goes, for example --plot-out sweep.html")


def show(store: Store, sweep_id: str, wanted: Wanted) -> None:
    """Print a sweep, or write its rows and its picture."""
    from trialsim.report.sweep_html import write_picture
    from trialsim.report.sweep_text import summary as in_words
    from trialsim.sweep.export import write_export
    from trialsim.sweep.run import replicates_of, result_of

    format_, n_sims = _format(wanted), replicates_of(store, sweep_id)
    if format_ == "text" and (wanted.picture is None or wanted.format_ is not None):
        click.echo(in_words(result_of(store, sweep_id), n_sims=n_sims), nl=False)
    elif format_ != "text":
        write_export(result_of(store, sweep_id), wanted.out, format_)
    if wanted.out is not None:
        click.echo(f"Written to {wanted.out}.", err=True)
    if wanted.picture is not None and wanted.plot_out is not None:
        write_picture(wanted.picture.drawn(result_of(store, sweep_id), n_sims), wanted.plot_out)
        click.echo(f"Drawn in {wanted.plot_out}.", err=True)


def _format(wanted: Wanted) -> Any:
    suffix = wanted.out.rpartition(".")[2].lower() if wanted.out is not None and "." in wanted.out else ""
    found = wanted.format_ or (suffix if wanted.out is not None else "text")
    if found not in (*EXPORTS, "text") or (found == "text" and wanted.out is not None):
        raise InputError(
            f"--out {wanted.out}: a sweep is written as CSV, JSON or Parquet; name such a file, or say --format"
        )
    if found == "parquet" and wanted.out is None:
        raise InputError("--format parquet: Parquet is no text for the terminal; name a file with --out")
    return found


def _run(scenario: Scenario, store: Store, settings: Settings, path: str) -> Summary:
    from trialsim.progress import SweepProgress
    from trialsim.sweep.run import sweep as run_sweep

    with SweepProgress() as progress:
        try:
            return run_sweep(scenario, store, settings, progress.advance)
        except TrialsimError as error:
            if progress.n_done:
                click.echo(f"What is finished is kept in {path}; go on with\n  {_this_command()}", err=True)
            raise error from None


def _this_command() -> str:
    return shlex.join(["python", "-m", "trialsim", *sys.argv[1:]])


def _told(summary: Summary, path: str) -> str:
    parts = [f"{summary.n_computed:,} computed"]
    parts += [f"{summary.n_reused:,} already there"] if summary.n_reused else []
    parts += [f"{summary.n_failed:,} failed"] if summary.n_failed else []
    return f"{summary.n_cells:,} cells: {', '.join(parts)}. Kept in {path} as {summary.sweep_id[:8]}."


def _judge(summary: Summary) -> None:
    from trialsim.oc.agreement import z_limit

    if summary.n_judged and summary.worst_z > (limit := z_limit(summary.n_judged)):
        raise DisagreementError(
            f"simulated and exact values disagree: |z| {summary.worst_z:.1f} among {summary.n_judged:,} measures "
            f"(at most {limit:.1f})"
        )
