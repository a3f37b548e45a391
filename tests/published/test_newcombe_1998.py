"""Newcombe RG, Stat Med 1998;17:857-872, table I: four samples, four methods, to the four digits printed there.

The printed values were not re-read at the source; that all 32 agree to the last digit is the check.
"""

import pytest

from trialsim.inference.intervals import limits

PRINTED = {
    ("wald", 81, 263): (0.2522, 0.3638),
    ("wald", 15, 148): (0.0527, 0.1500),
    ("wald", 0, 20): (0.0, 0.0),
    ("wald", 1, 29): (0.0, 0.1009),
    ("wilson", 81, 263): (0.2553, 0.3662),
    ("wilson", 15, 148): (0.0624, 0.1605),
    ("wilson", 0, 20): (0.0, 0.1611),
    ("wilson", 1, 29): (0.0061, 0.1718),
    ("clopper-pearson", 81, 263): (0.2527, 0.3676),
    ("clopper-pearson", 15, 148): (0.0578, 0.1617),
    ("clopper-pearson", 0, 20): (0.0, 0.1684),
    ("clopper-pearson", 1, 29): (0.0009, 0.1776),
    ("mid-p", 81, 263): (0.2544, 0.3658),
    ("mid-p", 15, 148): (0.0601, 0.1581),
    ("mid-p", 0, 20): (0.0, 0.1391),
    ("mid-p", 1, 29): (0.0017, 0.1585),
}


@pytest.mark.parametrize(("method", "x", "n"), PRINTED)
def test_table_one(method: str, x: int, n: int) -> None:
    lower, upper = limits(method, n, 0.95)
    assert (round(lower[x], 4), round(upper[x], 4)) == PRINTED[method, x, n]
