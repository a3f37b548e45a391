"""`python -m tests.fuzz`: inputs of all kinds, mutated by the million; exit code 1 if one of them does what none may.

python -m tests.fuzz --n 1000000 --jobs 2
python -m tests.fuzz designs tables --seconds 60
python -m tests.fuzz --guided --seconds 600
python -m tests.fuzz --again build/fuzz/designs-0123abcd-1-0.input
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz.child import Tries, target_of
from tests.fuzz.parent import Parent, Plan, Tally, shared_out
from tests.fuzz.targets import SHARES
from tests.fuzz.watch import ROOT, Watch

EVERY_S = 10.0
"""Between two lines of progress."""


class Progress:
    """Says now and then how far it got, and how long it will take."""

    def __init__(self, n: int, seconds: float) -> None:
        self._n, self._seconds, self._last = n, seconds, time.monotonic()

    def __call__(self, tallies: dict[str, Tally], passed: float) -> None:
        if time.monotonic() - self._last < EVERY_S:
            return
        self._last = time.monotonic()
        n, n_faults = sum(one.n for one in tallies.values()), sum(one.n_faults for one in tallies.values())
        left = min(self._n - n, int(n / passed * (self._seconds - passed))) * passed / max(n, 1)
        print(
            f"{n:>9,} of {self._n:,} inputs, {n / passed:,.0f} per second, {_time(left)} left, {n_faults:,} faults",
            file=sys.stderr,
            flush=True,
        )


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 0):.0f} s"


def table(tallies: dict[str, Tally]) -> str:
    """Return what came of it: one line per target, then the faults."""
    whole = Tally(*(sum(getattr(one, name) for one in tallies.values()) for name in ("n", "seconds", "n_faults")))
    lines = [f"{'target':<12}{'inputs':>12}{'per second':>12}{'faults':>9}{'kinds':>7}"]
    for name, one in (*tallies.items(), ("in all", whole)):
        n_kinds = len(one.kinds) if one is not whole else sum(len(each.kinds) for each in tallies.values())
        lines.append(f"{name:<12}{one.n:>12,}{one.n / max(one.seconds, 1e-9):>12,.0f}{one.n_faults:>9,}{n_kinds:>7,}")
    for name, one in tallies.items():
        lines += [f"{name}: {kind}\n    {told}" for kind, told in one.kinds.items()]
    return "\n".join(lines)


def again(file: Path) -> int:
    """Try one input that was written down; return 1 if it still does what none may."""
    data = file.read_bytes()
    with tempfile.TemporaryDirectory(prefix="trialsim-fuzz-") as folder:
        here = os.getcwd()
        os.chdir(folder)
        watch = Watch(Path(folder))
        tries = Tries(target_of(file.name.partition("-")[0]), watch, None, 0, 0)
        watch.start()
        error = tries.one(0, data)
        os.chdir(here)
    if error is None:
        print("as it should be")
        return 0
    traceback.print_exception(error)
    return 1


def _asked(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="See docs/fuzzing.md.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"Of {', '.join(SHARES)}; all of them by default.")
    parser.add_argument("--n", type=int, default=1_000_000, help="Inputs in all.")
    parser.add_argument("--seed", type=int, default=1, help="The same seed, the same inputs.")
    parser.add_argument("--seconds", type=float, default=86_400.0, help="Stop after so long.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="Processes at once.")
    parser.add_argument("--guided", action="store_true", help="Led by the branches reached; needs atheris.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fuzz", help="Where faults are written down.")
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="Try one input that was written down, and nothing else."
    )
    asked = parser.parse_args(words)
    if unknown := set(asked.targets) - set(SHARES):
        parser.error(f"no target {', '.join(sorted(unknown))}; accepted: {', '.join(SHARES)}")
    return asked


def main(words: list[str] | None = None) -> int:
    """Do as asked; return the exit code."""
    asked = _asked(words)
    if asked.again is not None:
        return again(asked.again)
    wanted = shared_out(asked.n, {name: SHARES[name] for name in SHARES if name in (asked.targets or SHARES)})
    plan = Plan(asked.seed, asked.seconds, asked.out.resolve(), asked.jobs, "guided" if asked.guided else "plain")
    tallies = Parent(plan, wanted).run(Progress(sum(wanted.values()), asked.seconds))
    print(table(tallies))
    return 1 if any(one.n_faults for one in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
