"""What other designs with the same error rates would do in the same scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.curves import curves
from trialsim.errors import NotSolvableError
from trialsim.report.explain import joined
from trialsim.report.numbers import formatted, percent
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points, Words
from trialsim.report.regulatory.competitors import BELOW, BEYOND, DIGITS, N_MAX, competitors, rules_of
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.curves import Curves
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.competitors import Competitor, Rule
    from trialsim.report.regulatory.material import Material
    from trialsim.search.found import Found
    from trialsim.spec.design import Design

_HEADER = ("design", "rule", "most patients", "EN, null", "EN, target", "PET, null", "alpha", "power")


def blocks(material: Material) -> Iterator[Block]:
    """Yield, for each rule of the design, the competitors with its error rates, and all of them under the truths."""
    plan, design, _ = material.plans[0]
    if design.hypotheses is None and design.watches_toxicity:
        yield Words(
            "The rules of the design are for toxicity alone; designs for response have no errors in common with it."
        )
        return
    if design.hypotheses is None:
        yield Missing(
            "The null and the target rate, without which no other design has the same errors", "design.hypotheses"
        )
        return
    try:
        rules = rules_of(design)
    except NotSolvableError as error:
        yield Words(f"No benchmark: the error rates of the design are not known exactly ({str(error).rstrip('.')}).")
        return
    if not rules:
        yield Words("No benchmark: the design stops no arm and rejects nothing, so that it has no error rates to keep.")
        return
    yield Words(_what_is_compared(rules, design))
    for rule in rules:
        if rule.alpha <= 0.0 or rule.power >= 1.0 or rule.alpha >= rule.power:
            yield Words(f"{_of(rule)}: {_odd(rule)}, so that there is no other design to compare with.")
            continue
        if len(rules) > 1:
            yield Heading(_of(rule))
        yield from _compared(material, plan, rule)


def _what_is_compared(rules: list[Rule], design: Design) -> str:
    only = "" if len(design.arms) == 1 else "The competitors are designs of one arm, each arm being taken by itself. "
    toxicity = (
        "What they attain is with the acceptable rate of toxicity, which the competitors do not watch. "
        if design.watches_toxicity
        else ""
    )
    if rules[0].what == "reject":
        whose = "all arms together reject" if rules[0].arms == ("pooled",) else "the design rejects"
        if rules[0].arms == ("pooled",) and len(design.arms) > 1:
            only = "The competitors are designs of one arm, into which the patients of all arms are put. "
        return (
            "Compared are designs with the error rates that the design itself attains, exactly: alpha, the probability "
            f"that {whose} at the null rate, and beta, that of not rejecting at the target rate. {only}{toxicity}"
            f"{_limits()}"
        )
    return (
        "The design has no criterion of success at the end, so that it rejects nothing and has neither a type I error "
        "nor a power. What is compared in its place is the rule by which an arm goes on: alpha is the probability of "
        f"going on at the null rate, beta that of stopping at the target rate. {only}{toxicity}A competitor does what "
        "that rule does, and no more: whoever it lets go on would then enrol as the design has it, so that its "
        f"patients are those of the decision and not of the trial. {_limits()}"
    )


def _limits() -> str:
    return (
        f"Error rates are rounded up at the {DIGITS}th decimal. Single-stage and Simon designs of up to {N_MAX} "
        "patients were searched completely; predictive probability designs (futility only, Beta prior with the mean at "
        f"the null rate) from {BELOW} patients fewer to {BEYOND} more than the single-stage design has, so that the "
        "optimal one is optimal among these."
    )


def _of(rule: Rule) -> str:
    return "All arms together" if rule.arms == ("pooled",) else joined(list(rule.arms))


def _odd(rule: Rule) -> str:
    return f"alpha is {rule.alpha:.6f} and the power {rule.power:.6f}"


def _compared(material: Material, plan: str, rule: Rule) -> Iterator[Block]:
    found, said = competitors(rule)
    alpha, beta = rule.errors
    names = _of(rule)
    act = "rejecting" if rule.what == "reject" else "going on"
    title = (
        f"{plan}, {names}: designs for {percent(rule.null_rate)} against {percent(rule.target_rate)} with alpha "
        f"{alpha:.6f} and beta {beta:.6f}"
    )
    table = Table(title, list(_HEADER), 2)
    own_rule = "as the protocol has it" if rule.what == "reject" else "the rule for going on"
    numbers = (rule.en_null, rule.en_target, rule.pet_null, rule.alpha, rule.power)
    table.rows.append(["this design", own_rule, f"{rule.n}", *_figures(*numbers)])
    for one in found:
        table.rows.append(
            [one.name, _rule_in_words(one.found, rule), f"{one.found.looks[-1]}", *_figures(*_five(one.found))]
        )
    notes = [
        f"EN: expected number of patients at the null or target rate; PET: probability of stopping early; power: "
        f"probability of {act} at the target rate."
    ]
    yield Grid(table, "exact", tuple(notes))
    if said:
        yield Points(tuple(said))
    if found:
        yield Words(_cheapest(rule, found))
        yield from _under_truths(material, rule, found)


def _five(found: Found) -> tuple[float, float, float, float, float]:
    m = found.measures
    return m["en_null"], m["en_target"], m["pet_null"], m["alpha"], m["power"]


def _figures(en_null: float, en_target: float, pet_null: float, alpha: float, power: float) -> list[str]:
    return [f"{en_null:.4f}", f"{en_target:.4f}", f"{pet_null:.6f}", f"{alpha:.6f}", f"{power:.6f}"]


def _rule_in_words(found: Found, rule: Rule) -> str:
    """Return a found design in a line: "stop at 3 or fewer of 17; succeed at 11 or more of 37"."""
    *early, last = zip(found.looks, found.stop_at_or_below, strict=True)
    stops = [f"{most} or fewer of {n}" for n, most in early if most >= 0]
    if len(stops) > 3:
        stops = [stops[0], "…", stops[-1], f"{len(stops)} looks in all"]
    n, most = last
    goal = "succeed" if rule.what == "reject" else "go on"
    return (f"stop at {', '.join(stops)}; " if stops else "") + f"{goal} at {most + 1} or more of {n}"


def _cheapest(rule: Rule, found: list[Competitor]) -> str:
    best = min(found, key=lambda one: one.found.measures["en_null"])
    expected, n = best.found.measures["en_null"], best.found.looks[-1]
    than = "this design" if rule.what == "reject" else "the rule of this design"
    fewer = rule.en_null - expected
    words = f"{abs(fewer):.2f} {'fewer' if fewer >= 0 else 'more'} than {than}"
    return (
        f"Of these competitors, {best.name} expects the fewest patients at the null rate, {expected:.2f} ({words}, "
        f"which expects {rule.en_null:.2f}); it needs up to {n}, {than} up to {rule.n}."
    )


class _Row(NamedTuple):
    """Arms with the same true rate under a truth, and what the design itself does with them."""

    truth: str
    arms: str
    rate: float
    p: str
    en: str


def _under_truths(material: Material, rule: Rule, found: list[Competitor]) -> Iterator[Block]:
    """Yield the probability and the expected number of patients of each design at the true rates of the truths."""
    cases = _cases(material, rule)
    rates = list(dict.fromkeys(case.rate for case in cases))
    each = [curves(one.design, [(rate,) for rate in rates], ("p_reject", "n_mean")) for one in found]
    header = ["truth", "of", "true rate", "this design", *(one.name for one in found)]
    act = "rejecting" if rule.what == "reject" else "going on"
    for words, measure in ((f"probability of {act}", "p_reject"), ("expected number of patients", "n_mean")):
        table = Table(f"{words}, under the truths of the scenario", header, 3)
        for case in cases:
            others = [_at(one, measure, rates.index(case.rate)) for one in each]
            own = case.p if measure == "p_reject" else case.en
            table.rows.append([case.truth, case.arms, percent(case.rate), own, *others])
        of_rule = measure == "n_mean" and rule.what == "go on"
        yield Grid(table, "exact", ("Of this design: patients of an arm at the rule for going on.",) if of_rule else ())


def _cases(material: Material, rule: Rule) -> list[_Row]:
    """Return the true rates under each truth; pooled rules only under truths with the same rate in all arms."""
    names = material.scenario.design.arm_names
    found: dict[_Row, list[str]] = {}
    for truth in material.scenario.truths:
        own = tuple(truth.rates(names))
        if rule.arms == ("pooled",):
            whose = [("all arms", "pooled", own[0])] if len(set(own)) == 1 else []
        else:
            whose = [(arm, arm, own[names.index(arm)]) for arm in rule.arms]
        for words, arm, rate in whose:
            found.setdefault(_Row(truth.name, "", rate, *_own(material, rule, truth.name, arm)), []).append(words)
    return [row._replace(arms=joined(arms)) for row, arms in found.items()]


def _own(material: Material, rule: Rule, truth: str, arm: str) -> tuple[str, str]:
    """Return what the design itself does under a truth, from the records of the run."""
    plan, design, _ = material.plans[0]

    def of(measure: str, whose: str | None, look: str | None = None) -> Record | None:
        return material.records.get((plan, truth, measure, whose, look, None, None, None))

    if rule.what == "go on":
        gates = [look.name for look in design.looks[:-1] if look.continue_if is not None]
        p, en = of("p_continue", arm, gates[-1]), f"{rule.n:.4f}" if len(gates) == 1 else "–"
    else:
        p, n = of("p_reject", arm), of("n_mean", None if arm == "pooled" else arm) or of("n_mean", None)
        en = "–" if n is None or n.exact is None else formatted(n, "exact")
    return "–" if p is None or p.exact is None else formatted(p, "exact"), en


def _at(found: Curves, measure: str, place: int) -> str:
    arm = found.design.arm_names[0]
    values = found.of(measure, arm)
    values = found.of(measure) if values is None else values
    return "–" if values is None else f"{values[place]:.{4 if measure == 'n_mean' else 6}f}"
