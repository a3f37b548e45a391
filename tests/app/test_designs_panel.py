"""The Designs page without a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.panels import designs
from app.service import Refusal, Service, catalogue
from app.settings import Settings
from app.state import State
from trialsim.spec.shipped import shipped_names


@pytest.fixture
def service() -> Service:
    return Service(Settings(warm=False))


def texts(component: Any) -> str:
    return json.dumps(component, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


def test_every_design_that_ships_is_a_row() -> None:
    rows = designs.rows()
    assert [row["name"] for row in rows] == list(shipped_names("designs"))
    assert len(rows) >= 2
    founding = next(row for row in rows if row["name"] == "gist-imatinib")
    assert (founding["n_arms"], founding["n_looks"], founding["n_most"]) == (2, 3, 147)
    assert (founding["null_rate"], founding["target_rate"]) == (0.05, 0.30)
    assert "N Engl J Med 2002;347:472-480" in founding["source"]


@pytest.mark.parametrize("name", shipped_names("designs"))
def test_every_design_is_shown_with_its_published_values(name: str) -> None:
    entry = catalogue.entry(name)
    assert entry.problem == ""
    assert len(entry.published) == entry.line.n_published > 0
    assert all(one.agrees for one in entry.published)
    page = texts(designs.answer(name))
    assert entry.words in page
    assert all(one.place.split('"')[0] in page for one in entry.published)
    assert f'"/?base={name}"' in page
    assert f'"/simulate?base={name}"' in page


def test_a_value_that_differs_is_said_to() -> None:
    entry = catalogue.entry("gist-imatinib")
    one, *others = entry.published
    rows, caption = designs.published(entry._replace(published=(one._replace(agrees=False, is_checked=False), *others)))
    assert rows[0][1] == "DIFFERS"
    assert rows[0][-1] == "no"
    assert [row[1] for row in rows[1:]] == ["agrees"] * len(others)
    assert caption.endswith(f"{len(others)} of {len(rows)} agree")


def test_the_founding_numbers_stand_beside_the_printed_ones() -> None:
    rows, caption = designs.published(catalogue.entry("gist-imatinib"))
    assert caption == "Published values against ours, solved exactly: 3 of 3 agree"
    assert [(row[2], row[3], row[4]) for row in rows[:2]] == [
        ("5 %", "0.94", "0.941871"),
        ("30 %", "< 0.06", "0.059952"),
    ]


def test_a_link_opens_its_design_and_no_other(service: Service) -> None:
    assert designs.chosen(service, State()) == "gist-imatinib"
    assert designs.chosen(service, State("simon-20-40")) == "simon-1989-20-40"
    assert designs.chosen(service, State(view=(("design", "simon-1989-20-40"),))) == "simon-1989-20-40"
    page = texts(designs.layout(service, State(view=(("design", "simon-1989-20-40"),))))
    assert catalogue.entry("simon-1989-20-40").words in page


@pytest.mark.parametrize("name", ["nothing", "../designs/gist-imatinib", "/etc/passwd", "gist-imatinib.yaml", "gist"])
def test_a_name_that_is_no_design_is_refused(service: Service, name: str) -> None:
    with pytest.raises(Refusal, match="no design"):
        designs.answer(name)
    assert "there is no design" in texts(designs.layout(service, State(view=(("design", name),))))
