"""Known-answer vectors of Threefry-2x64 with 13 rounds, from the Random123 distribution (file kat_vectors)."""

import numba
import numpy as np
import pytest

from tests.naive import trial as naive
from trialsim.kernels import rng

# counter 0, counter 1, key 0, key 1, output 0, output 1
VECTORS = [
    "0000000000000000 0000000000000000 0000000000000000 0000000000000000 f167b032c3b480bd e91f9fee4b7a6fb5",
    "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff ccdec5c917a874b1 4df53abca26ceb01",
    "243f6a8885a308d3 13198a2e03707344 a4093822299f31d0 082efa98ec4e6c89 c3aac71561042993 3fe7ae8801aff316",
]


@numba.njit
def _compiled(counter0, counter1, key0, key1):  # type: ignore[no-untyped-def]
    return rng.threefry2x64(counter0, counter1, key0, key1)


@pytest.mark.parametrize("vector", VECTORS)
def test_known_answers(vector: str) -> None:
    words = [int(word, 16) for word in vector.split()]
    assert [int(word) for word in _compiled(*map(np.uint64, words[:4]))] == words[4:]
    assert list(naive.threefry2x64((words[0], words[1]), (words[2], words[3]))) == words[4:]
