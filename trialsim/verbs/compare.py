"""`compare`: designs side by side on the same simulated patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trialsim.errors import DisagreementError, InputError
from trialsim.verbs.options import FORMATS, emit

if TYPE_CHECKING:
    from trialsim.comparison.designs import Comparison
    from trialsim.comparison.variants import Variant
    from trialsim.spec.overrides import Override
    from trialsim.spec.scenario import Scenario


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SCENARIO…")
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
@click.option(
    "--jobs",
    type=int,
    default=-1,
    metavar="J",
    help="Threads for the simulation; -1 for one per core. Changes no number.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "exact", "montecarlo"]),
    default="auto",
    show_default=True,
    help="auto: both, checked against each other.",
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: text, or what the suffix of --out says."
)
@click.option("--out", metavar="PATH", help="Write the comparison there instead of to stdout.")
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

    if jobs == 0 or jobs < -1:
        raise InputError(f"--jobs {jobs}: the number of threads is at least 1, or -1 for one per core.")
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
    sources: tuple[str, ...], overrides: tuple[str, ...], variants: tuple[str, ...], counts: tuple[str | None, ...]
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
    found = [(source, _load(source, [common], counts)) for source in sources]
    names = [scenario.name for _, scenario in found]
    labelled = [(s.name if names.count(s.name) == 1 else f"{s.name} ({source})", s) for source, s in found]
    more = [(f"{names[0]}, {variant.label}", _load(sources[0], [common, variant], counts)) for variant in made]
    return labelled + more


def _load(source: str, changes: list[Variant], counts: tuple[str | None, ...]) -> Scenario:
    """Load a scenario with changes; --n-sims is the number of calendar trials too, unless a change says another."""
    from trialsim.spec.load import load_scenario

    overrides = [override for variant in changes for override in variant.overrides()]
    seed, n_sims = counts
    overrides += [*_count("seed", "--seed", seed), *_count("n_sims", "--n-sims", n_sims)]
    loaded = load_scenario(source, overrides)
    if n_sims is None or loaded.conduct is None or any(item.path == ("conduct", "n_sims") for item in overrides):
        return loaded
    return load_scenario(source, [*overrides, *_count("conduct.n_sims", "--n-sims", n_sims)])


def _count(path: str, option: str, value: str | None) -> list[Override]:
    from trialsim.spec.overrides import override_of

    if value is None:
        return []
    override = override_of(f"{path}={value}")
    override.option, override.text = option, value
    return [override]


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
