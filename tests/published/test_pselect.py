"""Picking the winner as printed in the documentation of the R package clinfun (pselect, first and second example).

There, of arms that are tied none is selected: ties="none". With no difference at all each arm is as likely.
"""

import pytest

from trialsim.search.selection import correct_selection


@pytest.mark.parametrize(("difference", "printed", "digits"), [(0.0, 0.2587707, 7), (0.20, 0.80051182, 8)])
def test_three_arms_of_18(difference: float, printed: float, digits: int) -> None:
    assert round(correct_selection(18, 3, 0.20, difference, ties="none"), digits) == printed


def test_no_selection_without_a_difference() -> None:
    """prob.inconclusive 0.2236879 of the first example: what the three arms leave over."""
    assert 1 - 3 * correct_selection(18, 3, 0.20, 0.0, ties="none") == pytest.approx(0.2236879, abs=5e-8)
