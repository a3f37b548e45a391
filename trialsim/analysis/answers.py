"""Estimates, intervals and P values of each arm of a real trial, naive and after stopping, and what they differ by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.analysis.course import courses
from trialsim.analysis.observed import observed_of, stopping_looks
from trialsim.errors import InputError
from trialsim.inference import koyama_chen, stagewise
from trialsim.inference.after_stopping import LIMITS, limits_after, why_not
from trialsim.inference.estimators import ESTIMATORS, estimates
from trialsim.inference.intervals import limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.analysis.course import Course
    from trialsim.spec.design import Design

LITTLE = 0.01
"""Differences from the naive answer up to this, as a rate, are called little."""

NAIVE = "clopper-pearson"
"""The interval that the stagewise one is without looks: what the effect of stopping is measured against."""


class Answer(NamedTuple):
    """One line of the analysis of an arm."""

    quantity: str
    """"estimate", "interval" or "p-value"."""
    method: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str | None = None
    """Why there is no answer by this method."""


class ArmAnalysis(NamedTuple):
    """Everything that is said of an arm."""

    arm: str
    course: Course
    answers: tuple[Answer, ...]
    shift: float
    """Largest difference of an adjusted estimate from the observed rate."""
    limit_shift: float
    """Largest difference of a stagewise limit from the naive one."""
    sentences: tuple[str, ...]

    def find(self, quantity: str, method: str) -> Answer:
        """Return the answer by a method."""
        return next(a for a in self.answers if (a.quantity, a.method) == (quantity, method))

    @property
    def needs_adjusting(self) -> bool:
        """Return whether the naive answer differs by more than `LITTLE`."""
        return max(self.shift, self.limit_shift) > LITTLE


class Analysis(NamedTuple):
    """A trial analysed under its design."""

    design: Design
    null_rate: float | None
    level: float
    arms: tuple[ArmAnalysis, ...]
    notes: tuple[str, ...]


def analyse(
    design: Design, observed: Sequence[str], null_rate: float | None = None, level: float | None = None
) -> Analysis:
    """Return the analysis of real data under a design.

    Parameters
    ----------
    design
        Whose arms stop by their own responses, if at all.
    observed
        As `observed.observed_of` reads them.
    null_rate
        For P values; None: the design's, and no P value if it has none.
    level
        Two-sided confidence level; None: the design's.

    Raises
    ------
    NotSolvableError
        If pooled stops or toxicity tie the arms.
    InputError
        If the data cannot be read or are impossible under the design, or a rate is not one.

    >>> from trialsim import load_design
    >>> arm = analyse(load_design("gist-imatinib"), ["400 mg=36/73"]).arms[0]
    >>> round(arm.find("estimate", "umvue").value, 5), arm.needs_adjusting
    (0.49321, False)
    """
    if not observed:
        raise InputError('--observed: nothing to analyse; write ARM=responses/patients, such as "400 mg=36/73"')
    for option, given in (("--null-rate", null_rate), ("--level", level)):
        if given is not None and not 0.0 < given < 1.0:
            raise InputError(f"{option} {given:g}: accepted is a number between 0 and 1, both excluded")
    if null_rate is None and design.hypotheses is not None:
        null_rate = design.hypotheses.null_rate
    chosen = design.analysis.level if level is None else level
    data = observed_of(design, observed)
    arms = tuple(_of_arm(design, course, null_rate, chosen) for course in courses(design, data))
    return Analysis(design, null_rate, chosen, arms, _notes(design, [item.arm for item in data], null_rate))


def _notes(design: Design, given: list[int], null_rate: float | None) -> tuple[str, ...]:
    notes = []
    missing = [name for arm, name in enumerate(design.arm_names) if arm not in given]
    together = design.enrolment.when_arm_stops != "arm_cap"
    totals = any(
        design.looks[look].at != "full_enrolment" and _is_total(design, look) for look in stopping_looks(design)
    )
    if len(design.arms) > 1 and (together or totals):
        notes.append(
            "What an arm's patients are at a look depends on the other arms: the answers are conditional on the sizes "
            "attained."
        )
        if missing:
            notes.append(f"No data of {', '.join(missing)}: taken to have gone on.")
    if null_rate is None:
        notes.append("The design names no null rate, so there are no P values; --null-rate sets one.")
    return tuple(notes)


def _is_total(design: Design, look: int) -> bool:
    at = design.looks[look].at
    return at != "full_enrolment" and at.total is not None


def _of_arm(design: Design, course: Course, null_rate: float | None, level: float) -> ArmAnalysis:
    answers = [*_estimates(course), *_intervals(design, course, level)]
    answers += _p_values(design, course, null_rate) if null_rate is not None else []
    rate = course.x / course.n
    values = [a.value for a in answers if a.quantity == "estimate" and a.value is not None and _counts(a)]
    shift = max(abs(value - rate) for value in values)
    found = ArmAnalysis(design.arm_names[course.arm], course, tuple(answers), shift, 0.0, ())
    naive, exact = found.find("interval", NAIVE), found.find("interval", "stagewise")
    limit_shift = max(abs((one or 0.0) - (other or 0.0)) for one, other in zip(exact[3:5], naive[3:5], strict=True))
    found = found._replace(limit_shift=limit_shift)
    return found._replace(sentences=(*course.notes, _summary(found)))


def _counts(answer: Answer) -> bool:
    """Return whether an estimate says how much stopping matters: not the median, which differs without looks too."""
    return answer.method != "median-unbiased"


def _estimates(course: Course) -> list[Answer]:
    found = []
    for name in ESTIMATORS:
        if name == "conditional-umvue" and course.decision != "final":
            found.append(Answer("estimate", name, reason="the arm did not go on to the final analysis"))
        else:
            found.append(Answer("estimate", name, float(estimates(name, course.scheme, course.stage)[course.x])))
    return found


def _intervals(design: Design, course: Course, level: float) -> list[Answer]:
    found = []
    for name in dict.fromkeys((design.analysis.interval, NAIVE)):
        lower, upper = limits(name, course.n, level)
        found.append(Answer("interval", name, None, float(lower[course.x]), float(upper[course.x])))
    found += [_after_stopping(design, course, name, level) for name in LIMITS]
    return found


def _after_stopping(design: Design, course: Course, name: str, level: float) -> Answer:
    """Return an interval after stopping, by its name in `LIMITS`."""
    if name == "stagewise" or not _is_another_second_stage(course):
        reason = why_not(name, course.scheme)
        if reason is not None:
            return Answer("interval", name, reason=reason)
        all_lower, all_upper = limits_after(name, course.scheme, course.stage, level)
        return Answer("interval", name, None, float(all_lower[course.x]), float(all_upper[course.x]))
    second, reason = _second_stage(design, course)
    if second is None:
        return Answer("interval", name, reason=reason)
    attained = {
        "koyama-chen": koyama_chen.attained_limits,
        "koyama-chen-p-value": koyama_chen.attained_p_value_limits,
    }[name]
    return Answer("interval", name, None, *attained(second, level))


def _p_values(design: Design, course: Course, null_rate: float) -> list[Answer]:
    def stagewise_p() -> float:
        return stagewise.p_value(course.scheme.passed(course.stage), course.n, course.x, null_rate)

    naive = stagewise.p_value((), course.n, course.x, null_rate)
    found = [Answer("p-value", "binomial", naive), Answer("p-value", "stagewise", stagewise_p())]
    if not _is_another_second_stage(course):
        reason = koyama_chen.why_not(course.scheme)
        return [*found, Answer("p-value", "koyama-chen", None if reason else stagewise_p(), reason=reason)]
    second, reason = _second_stage(design, course)
    value = None if second is None else koyama_chen.attained_p_value(second, null_rate)
    return [*found, Answer("p-value", "koyama-chen", value, reason=reason)]


def _is_another_second_stage(course: Course) -> bool:
    return course.decision == "final" and bool(course.scheme.looks) and course.n != course.n_planned


def _second_stage(design: Design, course: Course) -> tuple[koyama_chen.SecondStage | None, str | None]:
    """Return what the method for another second stage than planned needs, or why it does not apply."""
    reason = koyama_chen.why_not(course.scheme)
    final = design.looks[-1].success_if
    if reason is None and (final is None or (final.of == "pooled" and len(design.arms) > 1)):
        reason = "the final look has no success_if of the arm, which says what the planned second stage had to reach"
    if reason is None and course.x_first is None:
        reason = "the second stage was not of the planned size, so it needs the responses of the first by themselves"
    if reason is not None:
        return None, reason
    assert final is not None
    assert course.x_first is not None
    of = "pooled" if final.of == "pooled" else design.arm_names[course.arm]
    least = final.rule.boundary(design.asked(of, course.n_planned))
    second = koyama_chen.SecondStage(
        course.scheme.looks[0], course.n_planned, least, course.x_first, course.n, course.x
    )
    reason = koyama_chen.why_not_attained(second)
    return (None, reason) if reason else (second, None)


def _summary(found: ArmAnalysis) -> str:
    """Return whether the naive answer stands, and by how much it differs."""
    course = found.course
    points, limit_points = 100 * found.shift, 100 * found.limit_shift
    if not course.scheme.looks:
        return "The arm could not stop early: the naive answer is the exact one."
    if not found.needs_adjusting:
        return (
            f"The naive answer nearly stands: adjusted for the looks, the estimates are within {points:.2f} percentage "
            f"points of the observed rate, the limits within {limit_points:.2f}."
        )
    values = [a.value for a in found.answers if a.quantity == "estimate" and a.value is not None and _counts(a)]
    exact, naive = found.find("interval", "stagewise"), found.find("interval", NAIVE)
    low, high = _percent(min(values)), _percent(max(values))
    return (
        "Warning: so near the stopping boundary the naive answer does not stand. Of "
        f"{_percent(course.x / course.n)} observed, the estimates make {low} to {high}, depending on the method "
        f"(up to {points:.1f} points away); the stagewise interval is {_percent(exact.lower)} to "
        f"{_percent(exact.upper)}, the naive one {_percent(naive.lower)} to {_percent(naive.upper)} (a limit is "
        f"{limit_points:.1f} points away)."
    )


def _percent(rate: float | None) -> str:
    assert rate is not None
    return f"{100 * rate:.1f} %"
