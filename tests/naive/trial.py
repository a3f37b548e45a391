"""One trial at a time, one patient at a time: the naive twin of the counts kernel (docs/ideal-conduct.md)."""

from fractions import Fraction
from functools import cache
from math import comb
from typing import Any, NamedTuple

Design = dict[str, Any]
Look = dict[str, Any]
Rule = tuple[Any, ...]
SuccessRow = tuple[bool | None, ...]

WORD = 2**64
ROTATIONS = (16, 42, 12, 31, 16, 32, 24, 21)
PARITY = 0x1BD11BDAA9FC1A22
RESPONSES = 1  # the purpose of section 2 under which responses are drawn

WENT_ON = "went on"
CONTINUE = "CONTINUE"
FUTILITY = "FUTILITY"
EFFICACY = "EFFICACY"
WITH_THE_TRIAL = "with the trial"


class Trial(NamedTuple):
    """What became of one trial, arms by position (section 1)."""

    patients: tuple[int, ...]
    responses: tuple[int, ...]
    stop_look: tuple[int, ...]  # counted from 0; -1 for an arm that has not stopped
    reasons: tuple[str, ...]
    success: tuple[SuccessRow, ...]  # per look: one entry per arm, then one for pooled


# ---------------------------------------------------------------- section 2: the stream


def threefry2x64(counter: tuple[int, int], key: tuple[int, int], rounds: int = 13) -> tuple[int, int]:
    """Threefry-2x64 of Salmon et al., SC11 (section 2)."""
    schedule = (key[0], key[1], PARITY ^ key[0] ^ key[1])
    left = (counter[0] + schedule[0]) % WORD
    right = (counter[1] + schedule[1]) % WORD
    for n_done in range(1, rounds + 1):
        turn = ROTATIONS[(n_done - 1) % 8]
        left = (left + right) % WORD
        right = (right << turn) % WORD | right >> (64 - turn)
        right = right ^ left
        if n_done % 4 == 0:
            injection = n_done // 4
            left = (left + schedule[injection % 3]) % WORD
            right = (right + schedule[(injection + 1) % 3] + injection) % WORD
    return left, right


def response_word(seed: int, replicate: int, look: int, arm: int) -> int:
    """The word that arm `arm` reads at look `look` (section 2, responses of a stage)."""
    index = look * 2**32 + arm // 2
    words = threefry2x64((replicate, index), (seed, RESPONSES))
    return words[arm % 2]


@cache
def cumulative_table(m: int, p: Fraction) -> tuple[Fraction, ...]:
    """P(X <= x) for x = 0 … m, X binomial (m, p), exactly."""
    table = []
    so_far = Fraction(0)
    for x in range(m + 1):
        so_far += comb(m, x) * p**x * (1 - p) ** (m - x)
        table.append(so_far)
    return tuple(table)


def binomial_draw(word: int, m: int, p: Fraction) -> int:
    """The smallest x for which P(X <= x) > word / 2**64 (section 2, responses of a stage)."""
    for x, at_most_x in enumerate(cumulative_table(m, p)):
        if at_most_x.numerator * WORD > word * at_most_x.denominator:
            return x
    raise ValueError(f"word {word} is not below 2**64")


# ---------------------------------------------------------------- section 1: sizes


def next_arm(patients: list[int], ratio: list[int], is_open: list[bool]) -> int | None:
    """The open arm furthest behind, the one listed first of equals; None if no arm is open (section 1, caps)."""
    chosen = None
    for arm in range(len(ratio)):
        if not is_open[arm]:
            continue
        if chosen is None or Fraction(patients[arm], ratio[arm]) < Fraction(patients[chosen], ratio[chosen]):
            chosen = arm
    return chosen


def shared_out(n: int, ratio: list[int], in_trial: list[bool]) -> list[int]:
    """`n` patients dealt one at a time, starting from zero, among the arms in the trial (section 1, caps)."""
    shares = [0] * len(ratio)
    for _ in range(n):
        arm = next_arm(shares, ratio, in_trial)
        assert arm is not None
        shares[arm] += 1
    return shares


def planned_caps(design: Design) -> list[int]:
    """The cap of each arm while no arm has stopped (section 1, caps)."""
    if isinstance(design["cap"], int):
        return shared_out(design["cap"], design["ratio"], [True] * len(design["ratio"]))
    return list(design["cap"])


def caps_now(design: Design, patients: list[int], in_trial: list[bool]) -> list[int]:
    """The caps given which arms have stopped and with how many patients (section 1, an arm that stops).

    `refill` is read as one sharing: all that all stopped arms leave unused of their planned caps is dealt afresh, from
    zero, to the arms now in the trial, and added to their planned caps.
    """
    caps = planned_caps(design)
    if design["when_arm_stops"] != "refill" or not any(in_trial):
        return caps
    unused = sum(caps[arm] - patients[arm] for arm in range(len(caps)) if not in_trial[arm])
    shares = shared_out(unused, design["ratio"], in_trial)
    return [cap + share for cap, share in zip(caps, shares, strict=True)]


def next_size(design: Design, look: Look, patients: list[int], in_trial: list[bool]) -> list[int] | None:
    """Patients per arm at the look, None if it does not take place (section 1, when a look falls).

    A look that does not take place adds nobody.
    """
    caps = caps_now(design, patients, in_trial)
    sizes = list(patients)
    arms = range(len(sizes))
    if not any(in_trial):
        return None
    kind = look["at"][0]
    if kind == "per_arm":
        for arm in arms:
            while in_trial[arm] and sizes[arm] < look["at"][1][arm] and sizes[arm] < caps[arm]:
                sizes[arm] += 1
    elif kind == "total":
        while sum(sizes) < look["at"][1]:
            is_open = [in_trial[arm] and sizes[arm] < caps[arm] for arm in arms]
            chosen = next_arm(sizes, design["ratio"], is_open)
            if chosen is None:
                return None
            sizes[chosen] += 1
    elif kind == "full_enrolment":
        for arm in arms:
            while in_trial[arm] and sizes[arm] < caps[arm]:
                sizes[arm] += 1
    else:
        raise ValueError(f"unknown kind of look: {kind}")
    return sizes


# ---------------------------------------------------------------- section 1: rules and decisions


def probability_at_least(x: int, n: int, rate: Fraction) -> Fraction:
    """P(X >= x), X binomial (n, rate)."""
    return sum((comb(n, y) * rate**y * (1 - rate) ** (n - y) for y in range(x, n + 1)), Fraction(0))


def probability_at_most(x: int, n: int, rate: Fraction) -> Fraction:
    """P(X <= x), X binomial (n, rate)."""
    return sum((comb(n, y) * rate**y * (1 - rate) ** (n - y) for y in range(x + 1)), Fraction(0))


@cache
def rule_met(rule: Rule, x: int, n: int) -> bool:
    """Whether x responses of n patients meet the rule; a Clopper-Pearson limit is compared through its tail."""
    if rule[0] == "responses":
        return bool(x >= rule[1])
    tail = (1 - Fraction(str(rule[1]))) / 2
    rate = Fraction(str(rule[2]))
    if rule[0] == "lower_limit":
        return x > 0 and probability_at_least(x, n, rate) < tail
    if rule[0] == "upper_limit":
        return (x == n and rate < 1) or probability_at_most(x, n, rate) > tail
    raise ValueError(f"unknown rule: {rule[0]}")


def success_at(look: Look, patients: list[int], responses: list[int], in_trial: list[bool]) -> SuccessRow:
    """Success of each arm and, last, of the arms pooled; None where the look does not ask (section 1, at a look, 2)."""
    row: list[bool | None] = [None] * (len(patients) + 1)
    criterion = look.get("success_if")
    if criterion is None:
        return tuple(row)
    rule = tuple(criterion["rule"])
    if criterion["of"] == "arm":
        for arm in range(len(patients)):
            if in_trial[arm]:
                row[arm] = rule_met(rule, responses[arm], patients[arm])
    elif criterion.get("requires_all_arms", False) and not all(in_trial):
        row[-1] = False
    else:
        row[-1] = rule_met(rule, sum(responses), sum(patients))
    return tuple(row)


def decisions_at(
    look: Look, patients: list[int], responses: list[int], in_trial: list[bool], success: SuccessRow
) -> list[str | None]:
    """EFFICACY, FUTILITY or CONTINUE for each arm in the trial, None for the others (section 1, at a look, 3)."""
    arms = [arm for arm in range(len(patients)) if in_trial[arm]]
    decisions: list[str | None] = [None] * len(patients)
    success_stops = (look.get("success_if") or {"then": "continue"})["then"] == "stop"
    criterion = look.get("continue_if") or {"of": "nobody", "rule": ()}
    asked_of, rule = criterion["of"], tuple(criterion["rule"])
    for arm in arms:
        decisions[arm] = CONTINUE
        if asked_of == "arm" and not rule_met(rule, responses[arm], patients[arm]):
            decisions[arm] = FUTILITY
        if success_stops and success[arm]:
            decisions[arm] = EFFICACY
    # A pooled rule speaks for every arm in the trial, and last.
    if success_stops and success[-1]:
        for arm in arms:
            decisions[arm] = EFFICACY
    elif asked_of == "pooled" and not rule_met(rule, sum(responses), sum(patients)):
        for arm in arms:
            decisions[arm] = FUTILITY
    return decisions


# ---------------------------------------------------------------- section 1: the trial, look by look


def before_enrolment(design: Design) -> Trial:
    """The trial with nobody in it: every arm in the trial, no look taken (section 1)."""
    n_arms = len(design["ratio"])
    return Trial((0,) * n_arms, (0,) * n_arms, (-1,) * n_arms, (WENT_ON,) * n_arms, ())


def arms_in_trial(trial: Trial) -> list[bool]:
    """Which arms have not stopped."""
    return [look == -1 for look in trial.stop_look]


def after_skipped_look(trial: Trial) -> Trial:
    """The trial after a look that did not take place (section 1, when a look falls)."""
    nothing = (None,) * (len(trial.patients) + 1)
    return trial._replace(success=(*trial.success, nothing))


def after_look(design: Design, trial: Trial, sizes: list[int], responses: list[int]) -> Trial:
    """The trial after its next look, taken with these patients and responses so far (section 1, at a look)."""
    look_number = len(trial.success)
    look = design["looks"][look_number]
    in_trial = arms_in_trial(trial)
    success = success_at(look, sizes, responses, in_trial)
    stop_look = list(trial.stop_look)
    reasons = list(trial.reasons)
    if look_number < len(design["looks"]) - 1:  # nobody is stopped at the final look
        decisions = decisions_at(look, sizes, responses, in_trial, success)
        any_stops = FUTILITY in decisions or EFFICACY in decisions
        for arm, decision in enumerate(decisions):
            if decision in (FUTILITY, EFFICACY):
                stop_look[arm] = look_number
                reasons[arm] = decision
            elif decision == CONTINUE and any_stops and design["when_arm_stops"] == "stop_trial":
                stop_look[arm] = look_number
                reasons[arm] = WITH_THE_TRIAL
    return Trial(tuple(sizes), tuple(responses), tuple(stop_look), tuple(reasons), (*trial.success, success))


def simulate_trial(design: Design, rates: list[Fraction], seed: int, replicate: int) -> Trial:
    """One replicate of the design at the true response rates (sections 1 and 2)."""
    trial = before_enrolment(design)
    for look_number, look in enumerate(design["looks"]):
        in_trial = arms_in_trial(trial)
        sizes = next_size(design, look, list(trial.patients), in_trial)
        if sizes is None:
            trial = after_skipped_look(trial)
            continue
        responses = list(trial.responses)
        for arm in range(len(sizes)):
            if in_trial[arm]:
                n_added = sizes[arm] - trial.patients[arm]
                word = response_word(seed, replicate, look_number, arm)
                responses[arm] += binomial_draw(word, n_added, rates[arm])
        trial = after_look(design, trial, sizes, responses)
    return trial
