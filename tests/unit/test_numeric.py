"""The kernels' own logarithm, exponential, sine and cosine against 40 digits; order statistics and sorting of times.

Inner functions have no Python wrapper: small kernels here call them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from trialsim.kernels import numeric, order, survival
from trialsim.kernels._jit import kernel

U, I32 = np.uint64, np.int32
PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923")


@kernel
def _units(word, out):  # type: ignore[no-untyped-def]
    for i in range(word.shape[0]):
        out[i] = numeric.unit(word[i])


@kernel
def _minus_logs(u, out):  # type: ignore[no-untyped-def]
    for i in range(u.shape[0]):
        out[i] = numeric.minus_log(u[i])


@kernel
def _exps(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.shape[0]):
        out[i] = numeric.exp(x[i])


@kernel
def _cosines(u, out):  # type: ignore[no-untyped-def]
    for i in range(u.shape[0]):
        out[i], _ = numeric.cos_sin_turn(u[i])


@kernel
def _sines(u, out):  # type: ignore[no-untyped-def]
    for i in range(u.shape[0]):
        _, out[i] = numeric.cos_sin_turn(u[i])


@kernel
def _nth(x, n, rank):  # type: ignore[no-untyped-def]
    return order.nth_smallest(x, n, rank)


@kernel
def _median(x, n):  # type: ignore[no-untyped-def]
    return order.median(x, n)


@kernel
def _sort_times(n, time, is_event, arms, late, key):  # type: ignore[no-untyped-def]
    survival.sort_times(n, time, is_event, arms, late, key)


def of(function: Callable[[np.ndarray, np.ndarray], None], values: list[float] | np.ndarray) -> list[float]:
    given = np.asarray(values)
    out = np.empty(len(given))
    function(given, out)
    found: list[float] = out.tolist()
    return found


@pytest.fixture(autouse=True)
def forty_digits() -> Iterator[None]:
    with localcontext() as context:
        context.prec = 50
        yield


def ulps(found: float, exact: Decimal) -> float:
    """Return the error in units in the last place of the exact value."""
    return float(abs(Decimal(found) - exact) / Decimal(math.ulp(float(exact))))


# ---------------------------------------------------------------- uniform numbers

EDGES = [0, 1, 2**12 - 1, 2**12, 2**12 + 1, 2**63 - 1, 2**63, 2**64 - 2**12 - 1, 2**64 - 2**12, 2**64 - 2, 2**64 - 1]


def test_units_are_the_upper_52_bits_and_a_half() -> None:
    words = EDGES + np.random.default_rng(1).integers(0, 2**64, 2_000, dtype=U).tolist()
    expected = [Fraction(2 * (word >> 12) + 1, 2**53) for word in words]
    found = of(_units, np.array(words, U))
    assert [Fraction(value) for value in found] == expected
    assert found[0] == 2.0**-53
    assert found[EDGES.index(2**64 - 1)] == 1 - 2.0**-53
    assert all(0 < value < 1 for value in found)


# ---------------------------------------------------------------- logarithm

SMALLEST, LARGEST = 2.0**-53, 1 - 2.0**-53
NEAR_ROOT_HALF = [math.nextafter(math.sqrt(0.5), side) for side in (0, 1)] + [math.sqrt(0.5)]


def uniforms(n: int, seed: int) -> list[float]:
    return of(_units, np.random.default_rng(seed).integers(0, 2**64, n, dtype=U))


def test_minus_log_is_right_to_the_last_bits() -> None:
    near_one = [1 - k * 2.0**-53 for k in range(1, 200)] + [1 - 2.0**-k for k in range(2, 53)]
    values = [SMALLEST, LARGEST, 0.5, 0.25, *NEAR_ROOT_HALF, *near_one, *(2.0**-k for k in range(1, 54))]
    values += uniforms(3_000, 2) + [u * 2.0**-30 for u in uniforms(200, 3)]
    errors = [ulps(found, -Decimal(u).ln()) for u, found in zip(values, of(_minus_logs, values), strict=True)]
    assert max(errors) < 2.5
    assert np.mean(errors) < 0.5


def test_minus_log_of_one_is_nothing() -> None:
    assert of(_minus_logs, [1.0]) == [0.0]
    assert of(_minus_logs, [LARGEST]) == [2.0**-53]  # the shortest gap is not 0


def test_minus_log_falls() -> None:
    """Between neighbours too: a larger uniform number never gives a longer time."""
    starts = [SMALLEST, 0.1, 0.25, 0.5, math.sqrt(0.5), 0.9, LARGEST - 2.0**-46]
    for start in starts:
        k = round(start * 2**53) | 1
        values = [(k + 2 * step) / 2**53 for step in range(-50, 50) if 0 < k + 2 * step < 2**53]
        found = of(_minus_logs, values)
        assert found == sorted(found, reverse=True), start


def test_minus_log_at_the_ends_of_the_exponents() -> None:
    values = [2.0**-1022, 1e-300, 1e-20]
    assert max(ulps(x, -Decimal(u).ln()) for u, x in zip(values, of(_minus_logs, values), strict=True)) < 1.5


# ---------------------------------------------------------------- exponential


def test_exp_is_right_to_the_last_bits() -> None:
    random = np.random.default_rng(4)
    values = [0.0, 1.0, -1.0, 699.9, -699.9, 1e-300, -1e-17, 0.5 * math.log(2), -0.5 * math.log(2)]
    values += random.uniform(-1, 1, 1_000).tolist() + random.uniform(-700, 700, 1_000).tolist()
    errors = [ulps(found, Decimal(x).exp()) for x, found in zip(values, of(_exps, values), strict=True)]
    assert max(errors) < 3
    assert of(_exps, [0.0, -0.0]) == [1.0, 1.0]


def test_exp_undoes_minus_log() -> None:
    values = uniforms(1_000, 5)
    again = of(_exps, [-x for x in of(_minus_logs, values)])
    np.testing.assert_allclose(again, values, rtol=1e-14)


# ---------------------------------------------------------------- sine and cosine


def turned(u: float) -> tuple[Decimal, Decimal]:
    """Return cosine and sine of `u` turns by their series, in 50 digits."""
    x = 2 * PI * Decimal(u)
    sums, term, k = [Decimal(0), Decimal(0)], Decimal(1), 0
    while abs(term) > Decimal("1e-48") or k < 4:
        sums[k % 2] += term if k % 4 < 2 else -term
        k += 1
        term = term * x / k
    return sums[0], sums[1]


QUARTERS = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]
TURNS = [SMALLEST, LARGEST, *QUARTERS]
TURNS += [math.nextafter(u, side) for u in QUARTERS for side in (0, 1)] + [u + 2.0**-20 for u in QUARTERS]


def test_sine_and_cosine_are_right_to_the_last_bits() -> None:
    values = TURNS + uniforms(1_500, 6)
    for function, which in ((_cosines, 0), (_sines, 1)):
        for u, found in zip(values, of(function, values), strict=True):
            exact = turned(u)[which]
            if abs(exact) < Decimal("1e-30"):
                assert found == 0
            else:
                assert ulps(found, exact) < 2, (u, found, exact)


def test_sine_and_cosine_at_quarters() -> None:
    assert of(_cosines, [0.25, 0.5, 0.75]) == [0.0, -1.0, 0.0]
    assert of(_sines, [0.25, 0.5, 0.75]) == [1.0, 0.0, -1.0]


def test_sine_and_cosine_lie_on_the_circle() -> None:
    values = uniforms(5_000, 7)
    cosine, sine = np.array(of(_cosines, values)), np.array(of(_sines, values))
    np.testing.assert_allclose(cosine**2 + sine**2, 1, rtol=1e-15)
    assert (np.abs(cosine) <= 1).all()
    assert (np.abs(sine) <= 1).all()


# ---------------------------------------------------------------- order


def test_nth_smallest_and_median_are_those_of_the_sorted_values() -> None:
    random = np.random.default_rng(8)
    lists = [[7], [3, 1], [5, 5, 5, 5], list(range(30)), list(range(30, 0, -1)), [2**30, 0, 2**30, -4], [1, 2] * 9]
    lists += [random.integers(0, spread, n).tolist() for spread in (3, 50, 2**30) for n in (2, 3, 8, 33, 100, 147)]
    for values in lists:
        ordered = sorted(values)
        beyond = [*values, -5, -6]  # what stands after the first n does not matter
        for rank in range(1, len(values) + 1):
            x = np.array(beyond, I32)
            assert _nth(x, len(values), rank) == ordered[rank - 1]
            assert sorted(x[: len(values)].tolist()) == ordered
            assert x[len(values) :].tolist() == [-5, -6]
        n = len(values)
        expected = ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) // 2
        assert _median(np.array(beyond, I32), n) == expected


# ---------------------------------------------------------------- times


def sorted_keys(time: list[int], event: list[int], arm: list[int]) -> list[int]:
    n = len(time)
    late, key = np.full(n + 1, -9, np.int64), np.full(n + 1, -9, np.int64)
    _sort_times(n, np.array(time, I32), np.array(event, I32), np.array(arm, I32), late, key)
    assert key[n] == -9
    found: list[int] = key[:n].tolist()
    return found


def keys_of(time: list[int], event: list[int], arm: list[int]) -> list[int]:
    return sorted(t * 64 + 2 * a + e for t, e, a in zip(time, event, arm, strict=True))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 57, 58, 147, 301, 302, 700])
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_times_are_sorted(n: int, share: float) -> None:
    random = np.random.default_rng(9)
    for spread in (2, 40, 2**30):
        time, arm = random.integers(0, spread, n).tolist(), random.integers(0, 31, n).tolist()
        event = (random.random(n) < share).astype(int).tolist()
        in_order = sorted(time, reverse=True)  # as those who entered first were followed longest
        for times in (time, in_order, in_order[::-1]):
            assert sorted_keys(times, event, arm) == keys_of(times, event, arm)
