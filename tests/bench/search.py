"""How long the searches take, once compiled, on one core; gates nothing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from tests.naive import search as naive
from trialsim.compile import compile_design
from trialsim.engines.exact_many import solve_each
from trialsim.engines.path_counts import curve, path_shares
from trialsim.inference.sequential import LookBounds, Scheme
from trialsim.search.documents import staged_document
from trialsim.search.simon import best_designs, simon
from trialsim.search.targets import Targets
from trialsim.spec.design import Design

CLASSIC = Targets(0.05, 0.20, 0.05, 0.10)
CLOSE = Targets(0.50, 0.60, 0.05, 0.10)
FIVE = Scheme((LookBounds(40, 2, 20), LookBounds(80, 8, 34), LookBounds(120, 15, 45), LookBounds(160, 24, 52)), 200)


def cpu_ms(work: Callable[[], object], repeats: int = 101) -> float:
    """Return the median CPU milliseconds of a call, after one that does not count."""
    work()
    taken = []
    for _ in range(repeats):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return 1e3 * statistics.median(taken)


def bench_simon() -> None:
    """The whole feasible set with all criteria, and the same by trying every design in plain Python."""
    for targets, n_max, goal in ((CLASSIC, 100, "1"), (CLASSIC, 300, "10"), (CLOSE, 300, "–")):
        taken = cpu_ms(lambda: best_designs(targets, n_max))  # noqa: B023
        words = f"{targets.null_rate:g} against {targets.target_rate:g}, up to {n_max} patients"
        print(f"Simon search, {words}: {taken:.3f} ms (to reach: {goal} ms)")
    print(f"  with the designs, ready to be written: {cpu_ms(lambda: simon(*CLASSIC), 21):.2f} ms")
    ours = cpu_ms(lambda: best_designs(CLASSIC, 40))
    theirs = cpu_ms(lambda: naive.best_of_each_size(*CLASSIC, 40), 1)
    print(f"  up to 40 patients, plain Python trying every design: {theirs:.0f} ms, ratio {theirs / ours:,.0f}")


def bench_curve() -> None:
    """Five looks, 200 patients, 200 rates: path counts and polynomials against the exact engine."""
    rates = np.linspace(0.0, 1.0, 200)
    ours = cpu_ms(lambda: curve(path_shares(FIVE, 40), rates))
    counted = path_shares(FIVE, 40)
    again = cpu_ms(lambda: curve(counted, rates))
    looks, stops = [*(look.n for look in FIVE.looks), 200], [*(look.stop_low for look in FIVE.looks), 39]
    document = staged_document("five", "", "", None, looks, stops, [*(look.stop_high for look in FIVE.looks), None])
    plan = compile_design(Design.model_validate(document))
    truths = [(float(rate),) for rate in rates]
    theirs = cpu_ms(lambda: solve_each(plan, truths, outcomes=False), 5)
    print(
        f"curve of five looks, 200 patients, 200 rates: {ours:.2f} ms, counted before {again:.2f} ms (to reach: 1 ms)"
    )
    print(f"  the exact engine at many truths: {theirs:.1f} ms, ratio {theirs / ours:.0f}")


def main() -> None:
    """Run them all."""
    bench_simon()
    bench_curve()


if __name__ == "__main__":
    main()
