"""Exact answers for small designs: the whole tree of outcomes, in fractions (docs/ideal-conduct.md, section 1)."""

from fractions import Fraction
from itertools import product
from math import comb

from .trial import Design, Look, Trial, after_look, after_skipped_look, arms_in_trial, before_enrolment, next_size


def enumerate_trials(design: Design, rates: list[Fraction]) -> list[tuple[Trial, Fraction]]:
    """Every distinct final trial with its exact probability, the probabilities summing to 1 (section 1).

    Trials that agree in everything so far are merged after each look.
    """
    trials = {before_enrolment(design): Fraction(1)}
    for look in design["looks"]:
        reached: dict[Trial, Fraction] = {}
        for trial, probability in trials.items():
            for later, conditional in outcomes_of_look(design, look, trial, rates):
                reached[later] = reached.get(later, Fraction(0)) + probability * conditional
        trials = reached
    assert sum(trials.values()) == 1
    return list(trials.items())


def outcomes_of_look(design: Design, look: Look, trial: Trial, rates: list[Fraction]) -> list[tuple[Trial, Fraction]]:
    """Every way the next look can turn out, with its probability given the trial so far (section 1, at a look)."""
    sizes = next_size(design, look, list(trial.patients), arms_in_trial(trial))
    if sizes is None:
        return [(after_skipped_look(trial), Fraction(1))]
    n_added = [size - patients for size, patients in zip(sizes, trial.patients, strict=True)]
    outcomes = []
    for gained in product(*(range(m + 1) for m in n_added)):
        probability = Fraction(1)
        for x, m, rate in zip(gained, n_added, rates, strict=True):
            probability *= comb(m, x) * rate**x * (1 - rate) ** (m - x)
        if probability > 0:
            responses = [before + x for before, x in zip(trial.responses, gained, strict=True)]
            outcomes.append((after_look(design, trial, sizes, responses), probability))
    return outcomes
