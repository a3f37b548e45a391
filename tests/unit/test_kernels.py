"""The kernels' parts: words against the naive generator, draws against the inverse distribution function, passes."""

from fractions import Fraction

import numpy as np
import pytest

from tests.compiled import called
from tests.naive import trial as naive
from trialsim.engines.tables import draw_tables, last_words
from trialsim.inference.binomial import pmf
from trialsim.kernels import draws, rng
from trialsim.kernels import passes as inner_passes
from trialsim.kernels.counts import STAGE_RESPONSES
from trialsim.plan import Draws

U, I32 = np.uint64, np.int32
fill_words, add_draws = called(rng.fill_words), called(draws.add_draws)
add = called(inner_passes.add)
add_decision = called(inner_passes.add_decision)
count_up = called(inner_passes.count_up)
fill = called(inner_passes.fill)
move = called(inner_passes.move)
n_at_least = called(inner_passes.n_at_least)
set_decision = called(inner_passes.set_decision)
sort_positions = called(inner_passes.sort_positions)
tally = called(inner_passes.tally)
write_down = called(inner_passes.write_down)


def test_words_have_the_documented_addresses() -> None:
    even, odd = np.empty(5, U), np.empty(5, U)
    look, pair, seed, first = 3, 1, 20020815, 10**12
    fill_words(U(seed), STAGE_RESPONSES, U(first), U((look << 32) | pair), U(5), even, odd)
    for i in range(5):
        assert int(even[i]) == naive.response_word(seed, first + i, look, 2 * pair)
        assert int(odd[i]) == naive.response_word(seed, first + i, look, 2 * pair + 1)


def _drawn(words: np.ndarray, size: int, rate: float) -> np.ndarray:
    tables = draw_tables(Draws(np.array([0]), np.array([size])), (rate,))
    x, trial = np.zeros(len(words), I32), np.arange(len(words), dtype=I32)
    add_draws(U(0), U(len(words)), words, trial, tables.guide[0], tables.threshold[0], x)
    return x


@pytest.mark.parametrize(
    ("size", "rate"), [(1, 0.5), (18, 0.05), (55, 0.3), (147, 0.9), (300, 1e-4), (7, 0.0), (7, 1.0)]
)
def test_draws_invert_the_distribution_function(size: int, rate: float) -> None:
    random = np.random.default_rng(5).integers(0, 2**64, 3000, dtype=U, endpoint=False)
    words = np.concatenate([random, np.array([0, 1, 2**63, 2**64 - 2, 2**64 - 1], U)])
    expected = [naive.binomial_draw(int(word), size, Fraction(rate)) for word in words]
    assert _drawn(words, size, rate).tolist() == expected


def test_draws_at_the_edge_of_every_value() -> None:
    """At the last word of each count the draw is that count; one word later it is the next."""
    size, rate = 18, 0.3
    edges = last_words(pmf(size, rate))
    assert _drawn(edges, size, rate).tolist() == list(range(size))
    assert _drawn(edges + U(1), size, rate).tolist() == list(range(1, size + 1))


def test_draws_are_monotone_in_the_rate() -> None:
    words = np.random.default_rng(6).integers(0, 2**64, 5000, dtype=U, endpoint=False)
    lower, higher = _drawn(words, 30, 0.31), _drawn(words, 30, 0.33)
    assert (lower <= higher).all()
    assert (lower < higher).any()


def test_last_words_keep_both_tails() -> None:
    tiny = 2.0**-60
    assert last_words(np.array([0.5, 0.5 - tiny, tiny])).tolist() == [2**63 - 1, 2**64 - 1 - 2**4]
    assert last_words(np.array([tiny, 0.5 - tiny, 0.5])).tolist() == [2**4 - 1, 2**63 - 1]
    assert last_words(np.array([1.0, 0.0, 0.0])).tolist() == [2**64 - 1, 2**64 - 1]


def test_passes_touch_only_their_range() -> None:
    start, end = U(2), U(5)
    x = np.array([9, 9, 1, 4, 6, 9], I32)
    out = np.full(6, 7, I32)
    fill(start, end, I32(3), out)
    assert out.tolist() == [7, 7, 3, 3, 3, 7]
    add(start, end, x, out)
    assert out.tolist() == [7, 7, 4, 7, 9, 7]
    count_up(start, end, out)
    assert out.tolist() == [7, 7, 2, 3, 4, 7]
    assert n_at_least(start, end, x, I32(4)) == 2
    counts = np.zeros(12, np.int64)
    tally(start, end, x, np.int64(1), counts)
    assert np.flatnonzero(counts).tolist() == [2, 5, 7]


def test_decisions_are_coded_by_stride() -> None:
    x = np.array([0, 1, 2, 3, 4, 5], I32)
    code = np.zeros(6, I32)
    add_decision(U(0), U(6), x, I32(1), I32(4), I32(3), code)
    assert code.tolist() == [3, 3, 0, 0, 6, 6]
    set_decision(U(0), U(6), x, I32(0), I32(5), I32(10), I32(11), code)
    assert code.tolist() == [10, 3, 0, 0, 6, 11]


def test_sorting_by_code_is_stable_and_moves_whole_rows() -> None:
    code = np.array([1, 0, 1, 0], I32)
    free, position, scratch = np.array([0, 2], np.int64), np.zeros(4, I32), np.zeros(4, I32)
    sort_positions(U(0), U(4), code, free, position)
    x = np.array([10, 11, 12, 13], I32)
    move(U(0), U(4), position, x, scratch)
    assert x.tolist() == [11, 13, 10, 12]


def test_write_down_goes_to_the_replicate() -> None:
    out = np.zeros(6, I32)
    write_down(U(0), U(3), np.array([5, 6, 7], I32), np.array([2, 0, 1], I32), np.int64(3), out)
    assert out.tolist() == [0, 0, 0, 6, 7, 5]
