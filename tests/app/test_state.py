"""The state of the address bar: what is written is read again, and nonsense is said and left aside."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.state import MAX_TEXT, State, as_data, from_query, packed, query_of, state_of, unpacked

_VALUES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | st.text(max_size=20)
_PATHS = st.text(min_size=1, max_size=40).filter(lambda text: "=" not in text)
_STATES = st.builds(
    State,
    st.sampled_from(["gist", "simon-20-40", "x y"]),
    st.just(""),
    st.dictionaries(_PATHS, _VALUES, max_size=5).map(lambda d: tuple(d.items())),
    st.lists(st.integers(0, 1000).map(lambda n: n / 1000), max_size=4).map(tuple),
    st.dictionaries(st.text("abc", min_size=1, max_size=9), st.text(max_size=30), max_size=4).map(
        lambda d: tuple(d.items())
    ),
)


@settings(max_examples=150, deadline=None)
@given(state=_STATES)
def test_a_link_is_read_as_it_was_written(state: State) -> None:
    assert from_query(query_of(state)) == (state, [])
    assert state_of(json.loads(json.dumps(as_data(state)))) == state


@settings(max_examples=150, deadline=None)
@given(query=st.text(max_size=200) | st.text("?&=%setrav.,01", max_size=80))
def test_any_query_is_read(query: str) -> None:
    state, problems = from_query(query)
    assert isinstance(state, State)
    assert all(problem.endswith((".", "”.")) for problem in problems)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?rates=2,0.1", "not rates"),
        ("?rates=a", "not rates"),
        ("?rates=nan", "not rates"),
        ("?set=design.looks", "not path=value"),
        ("?set=a=NaN", "not path=value"),
        ("?set==3", "not path=value"),
        ("?unknown=1", "nobody knows"),
        ("?" + "&".join(["a=1"] * 600), "too many parts"),
    ],
)
def test_nonsense_is_said(query: str, words: str) -> None:
    state, problems = from_query(query)
    assert state == State()
    assert words in problems[0]


@pytest.mark.parametrize(
    "data", [None, 3, [], {"set": 3, "rates": "x", "view": [1], "base": 3, "z": {}}, {"rates": [True, "a"]}]
)
def test_a_store_full_of_nonsense_is_the_default(data: object) -> None:
    assert state_of(data) == State()


def test_a_text_is_packed_and_unpacked() -> None:
    text = "schema: trialsim.scenario/1\nname: “ünïcode”\n" * 40
    assert unpacked(packed(text)) == text
    assert len(packed(text)) < len(text) / 5


@pytest.mark.parametrize("text", ["", "%%%", "AAAA", "ä"])
def test_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        unpacked(text)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = urlsafe_b64encode(zlib.compress(b" " * (100 * MAX_TEXT), 9)).decode()
    with pytest.raises(ValueError, match="too large"):
        unpacked(bomb)
