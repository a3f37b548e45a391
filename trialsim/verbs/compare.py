"""`compare`: designs side by side on the same simulated patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import DisagreementError, InputError
from trialsim.verbs.completion import sources
from trialsim.verbs.options import check_jobs, emit, engine_options, load

if TYPE_CHECKING:
    from trialsim.comparison.designs import Comparison
    from trialsim.spec.scenario import Scenario


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SCENARIO…", shell_complete=sources)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change a field of all designs, as for run; repeatable. With one SCENARIO and no --variant, each --set makes "
    "one more design instead.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar='"[NAME:] PATH=VALUE; …"',
    help="One more design: the first SCENARIO with these changes, separated by semicolons; repeatable.",
)
@click.option("--seed", metavar="S", help="Seed of the random numbers; default: that of the first design.")
@click.option("--n-sims", metavar="N", help="Simulated trials per plan and truth; default: those of the first design.")
@engine_options
@click.option("--full", is_flag=True, help="Print every measure (JSON and CSV always hold them all).")
def compare(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    variants: tuple[str, ...],
    seed: str | None,
    n_sims: str | None,
    jobs: int,
    engine: Any,
    format_: str | None,
    out: str | None,
    full: bool,
) -> None:
    """Two to eight designs side by side on the same simulated patients, with paired differences.

    The first design is A, the reference; each difference is that to A, with its Monte Carlo standard error and how many
    times more replicates independent runs would need for it. All designs are run with A's seed and replicates. Plans,
    truths, arms and looks are matched by name; the only plan of a design matches the only plan of another.

    \b
    Examples:
      python -m trialsim compare scenarios/gist.yaml mine.yaml
      python -m trialsim compare gist --set design.looks.proof-of-concept.continue_if.rule.at_least=4
      python -m trialsim compare gist --set conduct=null \\
        --variant "4 of 18: design.looks.proof-of-concept.continue_if.rule.at_least=4" \\
        --variant "5 of 24: design.looks.proof-of-concept.at.per_arm=24;
                   design.looks.proof-of-concept.continue_if.rule.at_least=5"

    The second example compares gist as it stands with gist after the change: with one SCENARIO and no --variant, each
    --set makes one more design. In the third, --set changes all three designs. A semicolon inside quotes or brackets
    belongs to its value, and so does every comma. The same design may be named twice.
    """
    from trialsim.files import check_writable, is_same_file
    from trialsim.report.comparison import rendered
    from trialsim.report.formats import format_of

    check_jobs(jobs)
    if out is not None:
        check_writable(out, "--out")
        for source in sources:
            if is_same_file(out, source):
                raise InputError(f"--out {out}: is one of the scenarios; choose another name")
    chosen = format_ or format_of(out)
    found = _compared(_designs(sources, overrides, variants, (seed, n_sims)), engine, jobs)
    emit(rendered(found, chosen, full=full), out)
    if found.agreement is not None and found.agreement.failures:
        n_judged = found.agreement.n_values + found.agreement.n_differences
        n_failures = len(found.agreement.failures)
        raise DisagreementError(f"simulated and exact values disagree in {n_failures:,} of {n_judged:,} measures")


def _designs(
    sources: tuple[str, ...],
    overrides: tuple[str, ...],
    variants: tuple[str, ...],
    counts: tuple[str | None, str | None],
) -> list[tuple[str, Scenario]]:
    """Return label and scenario of each design: the scenarios, then the variants of the first."""
    from trialsim.comparison.matching import MAX_DESIGNS
    from trialsim.comparison.variants import Variant, variant_of

    made = [variant_of(text) for text in variants]
    common = Variant("", overrides, "--set")
    if len(sources) == 1 and not variants:
        made, common = [Variant(text, (text,), "--set") for text in overrides], common._replace(changes=())
    n_designs = len(sources) + len(made)
    if n_designs < 2:
        raise InputError(
            "a comparison needs two designs or more: name another SCENARIO, or change this one with --set PATH=VALUE "
            'or --variant "PATH=VALUE; PATH=VALUE"'
        )
    if n_designs > MAX_DESIGNS:
        raise InputError(f"{n_designs} designs are asked for; up to {MAX_DESIGNS} can be compared at a time")
    found = [(source, load(source, common.overrides(), *counts)) for source in sources]
    names = [scenario.name for _, scenario in found]
    labelled = [(s.name if names.count(s.name) == 1 else f"{s.name} ({source})", s) for source, s in found]
    first, changes = sources[0], common.overrides()
    more = [(f"{names[0]}, {each.label}", load(first, [*changes, *each.overrides()], *counts)) for each in made]
    return labelled + more


def _compared(designs: list[tuple[str, Scenario]], engine: Any, jobs: int) -> Comparison:
    from trialsim.comparison.designs import compare as compare_designs
    from trialsim.progress import ProgressBar

    total = 0
    if engine != "exact":
        first = designs[0][1]
        for _, scenario in designs:
            n_cells = len(scenario.truths) * max(len(scenario.plans), 1)
            both = first.conduct is not None and scenario.conduct is not None
            total += n_cells * (first.n_sims + (first.conduct.n_sims if both and first.conduct is not None else 0))
    with ProgressBar(total) as bar:
        return compare_designs(designs, engine, n_jobs=jobs, progress=bar.advance)
