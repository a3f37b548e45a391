"""What every kernel returns, as a digest per piece of work: `python -m tests.sanitised quick`, in any mode of numba.

The parent compares what programs say that compiled it, compiled it with bounds checking, or did not compile it at all.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "trialsim" / "kernels"
SEED = 20020815


class Size(NamedTuple):
    """How much of each kind of work."""

    replicates: int
    joint_replicates: int
    n_max: int
    calendar_designs: int
    calendar_trials: int


SIZES = {"quick": Size(20, 3, 9, 3, 1), "full": Size(600, 100, 40, 120, 8)}


def digest(*parts: Any) -> str:
    """Return a digest of arrays and plain values, down to the type and the last bit."""
    import numpy as np

    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype} {part.shape}".encode() + part.tobytes())
        else:
            found.update(repr(part).encode())
    return found.hexdigest()[:16]


def on_paper(size: Size) -> Iterator[tuple[str, str]]:
    """Simulate responses at looks, of several arms and of one."""
    import trialsim
    from trialsim.compile import compile_design
    from trialsim.engines.montecarlo import Study, record, simulate

    for name in ("gist", "simon-20-40", "fleming-1982-20-40"):
        for plan_name, design in trialsim.load_scenario(name).designs():
            study = Study(compile_design(design), (0.3, 0.1)[: len(design.arms)], SEED)
            yield f"counts {name} {plan_name}", digest(*simulate(study, size.replicates))
            yield f"record {name} {plan_name}", digest(*record(study, 10**9, size.replicates))


def with_toxicity(size: Size) -> Iterator[tuple[str, str]]:
    """Simulate responses and toxicities together."""
    from tests.agreement.joint_designs import TRUTHS, TWINS, design_of
    from trialsim.compile import compile_design
    from trialsim.engines.montecarlo import Study, record_jointly, simulate
    from trialsim.inference.joint import JointRates

    for name, twin in TWINS.items():
        for arms in (("A",), ("A", "B")):
            plan = compile_design(design_of(twin, arms))
            for truth in TRUTHS:
                rates = JointRates((truth[0],) * len(arms), (truth[1],) * len(arms), truth[2])
                study = Study(plan, rates, SEED)
                what = f"{name} {len(arms)} {truth}"
                yield f"joint {what}", digest(*simulate(study, size.joint_replicates))
                yield f"joint record {what}", digest(*record_jointly(study, 7, size.joint_replicates))


def two_stages(size: Size) -> Iterator[tuple[str, str]]:
    """Search two-stage designs of every size."""
    from trialsim.search.simon import best_designs
    from trialsim.search.targets import checked_targets

    for rates in ((0.2, 0.4, 0.1, 0.1), (0.05, 0.2, 0.05, 0.1), (0.1, 0.6, 0.05, 0.2), (0.7, 0.95, 0.1, 0.2)):
        best = best_designs(checked_targets(*rates), size.n_max)
        yield f"two stages {rates}", digest(*best)


def in_the_clinic(size: Size) -> Iterator[tuple[str, str]]:
    """Simulate the calendar of drawn trials and of the founding one, and every trial's adverse events and exposure."""
    import numpy as np

    import trialsim
    from tests.agreement.clinics import shape_of
    from tests.agreement.test_calendar_twin import founding_trial, simulated
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import one_trial, trials

    for number, trial in enumerate([*drawn(size.calendar_designs), founding_trial()]):
        _, matrix = simulated(trial, number, size.calendar_trials if number else 1, SEED)
        yield f"calendar {number}", digest(shape_of(trial), matrix)
    scenario = trialsim.load_scenario("gist")
    assert scenario.conduct is not None
    design = scenario.designs()[0][1]
    study = study_of(design, scenario.conduct, (0.637, 0.752), SEED)
    yield "bedside", digest(trials(study, 3, size.calendar_trials))
    yield "one trial", digest(*(np.asarray(part) for part in one_trial(study, 5)))


def drawn(n: int) -> list[dict[str, Any]]:
    """Return trials, the same each time."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.agreement.calendar_designs import trials

    found: list[dict[str, Any]] = []

    @settings(
        max_examples=n,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(trials())
    def draw(trial: dict[str, Any]) -> None:
        found.append(trial)

    draw()
    return found


WORK: tuple[Callable[[Size], Iterator[tuple[str, str]]], ...] = (on_paper, with_toxicity, two_stages, in_the_clinic)


def found(size: Size) -> dict[str, str]:
    """Return the digest of each piece of work."""
    return {name: value for work in WORK for name, value in work(size)}


def called_functions() -> tuple[set[str], Callable[[Any, str, Any], None]]:
    """Return a set that fills with the kernels' functions that Python calls, and what must watch the calls."""
    seen: set[str] = set()

    @functools.cache
    def name_of(code: Any) -> str | None:
        path = Path(code.co_filename)
        return f"{path.stem}.{code.co_name}" if path.parent == KERNELS else None

    def watch(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and (name := name_of(frame.f_code)):
            seen.add(name)

    return seen, watch


def written_functions() -> set[str]:
    """Return the names of all functions in the kernels' files that are kernels or part of one."""
    names = set()
    for path in KERNELS.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not path.stem.startswith("_"):
                names.add(f"{path.stem}.{node.name}")
    return names


def is_checked() -> bool:
    """Return whether a compiled function that reads behind the end of an array says so."""
    import numpy as np

    from trialsim.kernels._jit import kernel, loop

    @loop
    def read(values: Any, place: int) -> Any:
        return values[place]

    def behind(values: Any, place: int) -> Any:
        return read(values, place)

    try:
        kernel(behind)(np.arange(3), 4)
    except IndexError:
        return True
    return False


def answer(mode: dict[str, str], amount: str, cache: Path | None = None) -> dict[str, Any]:
    """Return what a new program in a mode of numba finds; a mode needs a cache of its own.

    Always a new program: what hypothesis draws depends on the constants in the modules that are loaded.
    """
    own = {} if cache is None else {"NUMBA_CACHE_DIR": str(cache)}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **own, **mode}
    command = [sys.executable, "-m", "tests.sanitised", amount]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # whole numbers that wrap around are meant
    seen, watch = called_functions()
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        sys.setprofile(watch)
    digests = found(SIZES[sys.argv[1]])
    sys.setprofile(None)
    print(json.dumps({"digests": digests, "called": sorted(seen), "is_checked": is_checked()}))
