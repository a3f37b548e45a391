"""Uniform numbers, logarithm, exponential, sine and cosine, written so that loops over them vectorise.

Reductions and series are the textbook ones (Abramowitz and Stegun 1964, 4.1.27, 4.2.1, 4.3.65 and 66) carried to the
last bits that a double shows; the tests hold them to the standard library. No operation may be reordered: the exponent
tricks rely on exact rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import uint64 as _U

from trialsim.kernels._jit import as_float, as_word, inlined

if TYPE_CHECKING:
    from numpy import uint64

_ONE_BITS = _U(0x3FF0000000000000)
_FRACTION = _U(0x000FFFFFFFFFFFFF)
_WHOLE_BITS = _U(0x4330000000000000)
_TWELVE, _FIFTY_TWO = _U(12), _U(52)
_HALF_STEP = 2.0**-53
_EXPONENT_OF_ONE = 2.0**52 + 1023.0
_ROOT_TWO = 1.4142135623730951
_LN2 = 0.6931471805599453
_LN2_HIGH = 0.6931471803691238  # 32 bits of ln 2, and the rest: their multiples are exact
_LN2_LOW = 1.9082149292705877e-10
# (artanh(s)/s - 1)/s² on |s| <= (√2 - 1)/(√2 + 1), interpolated in s² at 7 Chebyshev points, in fractions.
_L0, _L1, _L2, _L3 = 0.3333333333333335, 0.19999999999949752, 0.14285714312987743, 0.1111110556739754
_L4, _L5, _L6 = 0.09091444562630861, 0.07665860800278021, 0.07308224842521703
_LOG2_E = 1.4426950408889634
_ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number, which the low bits then hold
_HALF_PI = 1.5707963267948966


@inlined
def unit(word: uint64) -> float:
    """Return the uniform number in (0, 1) of a word: its upper 52 bits and a half."""
    return (as_float((word >> _TWELVE) | _ONE_BITS) - 1.0) + _HALF_STEP


@inlined
def minus_log(u: float) -> float:
    """Return -ln u for 0 < u <= 1 (normal numbers)."""
    bits = as_word(u)
    exponent = as_float((bits >> _FIFTY_TWO) | _WHOLE_BITS) - _EXPONENT_OF_ONE
    fraction = as_float((bits & _FRACTION) | _ONE_BITS)
    if fraction > _ROOT_TWO:
        fraction = fraction * 0.5
        exponent = exponent + 1.0
    s = (fraction - 1.0) / (fraction + 1.0)
    z = s * s
    z2 = z * z
    odd = _L1 + z2 * (_L3 + z2 * _L5)
    even = _L0 + z2 * (_L2 + z2 * (_L4 + z2 * _L6))
    tail = z * (even + z * odd)
    return -(exponent * _LN2 + 2.0 * (s + s * tail))


@inlined
def exp(x: float) -> float:
    """Return e to the x for -700 < x < 700."""
    rounded = x * _LOG2_E + _ROUNDER
    k = rounded - _ROUNDER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    high = 1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600)))))
    series = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * high))))))
    return series * as_float((as_word(rounded) << _FIFTY_TWO) + _ONE_BITS)


@inlined
def cos_sin_turn(u: float) -> tuple[float, float]:
    """Return cosine and sine of `u` turns, 0 < u < 1."""
    quarter = 4.0 * u
    rounded = quarter + _ROUNDER
    q = rounded - _ROUNDER
    r = (quarter - q) * _HALF_PI
    z = r * r
    sine_tail = 1 / 362880 - z * (1 / 39916800 - z * (1 / 6227020800 - z * (1 / 1307674368000)))
    sine = r - r * z * (1 / 6 - z * (1 / 120 - z * (1 / 5040 - z * sine_tail)))
    cosine_tail = 1 / 3628800 - z * (1 / 479001600 - z * (1 / 87178291200 - z * (1 / 20922789888000)))
    cosine = 1.0 - z * (1 / 2 - z * (1 / 24 - z * (1 / 720 - z * (1 / 40320 - z * cosine_tail))))
    turned = q == 1.0 or q == 3.0
    c = sine if turned else cosine
    s = cosine if turned else sine
    if q == 1.0 or q == 2.0:
        c = -c
    if q == 2.0 or q == 3.0:
        s = -s
    return c, s
