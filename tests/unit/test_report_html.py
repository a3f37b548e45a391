"""The report's page and its Markdown: everything is shown as it was written, numbered, and linked."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from gzip import decompress
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects as go
import pytest

from trialsim.errors import InputError
from trialsim.report.regulatory import convert
from trialsim.report.regulatory.blocks import (
    Block,
    Checklist,
    Document,
    Grid,
    Heading,
    Item,
    Listing,
    Missing,
    Picture,
    Points,
    Section,
    Words,
)
from trialsim.report.regulatory.checklist import CHECKLISTS
from trialsim.report.regulatory.contents import SECTIONS
from trialsim.report.regulatory.html import as_html
from trialsim.report.regulatory.markdown import as_markdown
from trialsim.report.regulatory.numbering import missing_parts, numbered
from trialsim.report.regulatory.repository import commit_of
from trialsim.report.table import Table
from trialsim.spec.embedded import embedded, is_page, scenario_in
from trialsim.spec.load import load_scenario
from trialsim.spec.written import as_yaml

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)"> & &amp; "quoted" ]]> `code` **bold** | pipe'
IDS = (
    *("provenance", "synopsis", "aims", "design", "benchmarks", "model", "truths", "implementation"),
    *("operating-characteristics", "estimation", "safety", "sensitivity", "examples", "verification", "integrity"),
    *("limitations", "appendices"),
)
VOID = {"meta", "img", "br", "link", "input", "hr"}


def figure(words: str = "Rates", n: int = 3) -> go.Figure:
    drawn = go.Figure(go.Scatter(x=list(range(n)), y=[i / 7 for i in range(n)], name=words))
    return drawn.update_layout(height=300, meta={"title": words, "notes": [words]})


def document(*blocks: Block, title: str = "A report") -> Document:
    first = Section(0, "provenance", "Provenance", (Words("first"),))
    second = Section(1, "aims", "Aims", blocks)
    return Document(title, ("Draft.",), (first, second), "name: x\n", "a,b\r\n1,2\r\n")


class Reader(HTMLParser):
    """The elements of a page with their attributes and the text in each, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


EVERYTHING = (
    Words(EVIL),
    Points((EVIL, "plain")),
    Heading(EVIL),
    Grid(Table(EVIL, [EVIL, "n"], 1, [[EVIL, "1"]]), "exact", (EVIL,)),
    Picture(figure(EVIL), "simulated"),
    Missing(EVIL, EVIL),
    Listing(EVIL),
    Checklist(EVIL, (Item(EVIL, EVIL, ("aims", "nowhere"), False),)),
)


def test_nothing_that_a_user_wrote_becomes_markup() -> None:
    evil = document(*EVERYTHING, title=EVIL)._replace(alerts=(EVIL,), scenario_yaml=EVIL)
    page = as_html(evil)
    plain = as_html(document(*(type(block)(*block) for block in EVERYTHING)))
    found = Reader(page)
    assert found.all("img") == []
    kinds = [element.get("type") for element in found.all("script")]
    assert kinds == [element.get("type") for element in Reader(plain).all("script")]
    assert kinds.count(None) == 1  # our own script; the others are data
    assert "alert(1)</script>" not in page
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    shown = "".join(found.text)
    assert shown.count('<img src=x onerror="alert(2)">') >= len(EVERYTHING)
    assert scenario_in(page, "page") == f"{EVIL}\n"
    assert json.loads(_script(page, 'data-figure="figure-1-1"'))["layout"]["meta"]["title"] == EVIL


def test_markdown_shows_what_was_written() -> None:
    from markdown_it import MarkdownIt

    text = as_markdown(document(*EVERYTHING, title=EVIL)._replace(alerts=(EVIL,)))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    found = Reader(html)
    assert found.all("img") == found.all("script") == []
    assert {tag for tag, _ in found.elements} <= {
        *("h1", "h2", "h3", "p", "blockquote", "strong", "ul", "li", "a", "code", "pre"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    words = " ".join("".join(found.text).split())
    assert words.count(EVIL) >= len(EVERYTHING)


@pytest.mark.parametrize(
    "text", ["1. not a list", "# no heading", "- no item", "a_b_c *x* $y$ ~z~ [l](u)", "+ x", "===="]
)
def test_markdown_takes_no_text_for_a_sign(text: str) -> None:
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").render(as_markdown(document(Words(text))))
    assert f"<p>{text}</p>" in html


def test_headings_tables_and_figures_are_numbered_alike_in_both_formats() -> None:
    table = Table("t", ["a", "b"], 1, [["x", "0.1"]])
    blocks = (
        Heading("One"),
        Grid(table, "exact"),
        Picture(figure(), "exact"),
        Grid(table, "published"),
        Heading("Two"),
    )
    found = [one.label for one in numbered(document(*blocks).sections[1])]
    assert found == ["1.1", "Table 1.1", "Figure 1.1", "Table 1.2", "1.2"]
    page, text = as_html(document(*blocks)), as_markdown(document(*blocks))
    for label in found:
        assert label in page
        assert label in text


def test_what_is_missing_is_said_in_words_at_the_top_and_at_its_place() -> None:
    doc = document(Missing("The aims", "narrative.aims"), Missing("The decision", "narrative.decision"))
    page = as_html(doc)
    assert [anchor for _, anchor in missing_parts(doc)] == ["missing-1-1", "missing-1-2"]
    assert "2 parts are not written yet" in page
    for anchor in ("missing-1-1", "missing-1-2"):
        assert f'href="#{anchor}"' in page
        assert f'id="{anchor}"' in page
    assert page.count("<strong>missing</strong>") == 3
    assert "**MISSING: The aims.**" in as_markdown(doc)
    assert "missing</strong>" not in as_html(document(Words("all is there")))


def test_badges_are_words_and_links_lead_somewhere() -> None:
    table = Table("t", ["a"], 1, [["x"]])
    badges = ("exact", "simulated", "exact and simulated", "published", "assumed")
    grids = tuple(Grid(table, badge) for badge in badges)
    page = as_html(document(*grids, *CHECKLISTS))
    assert re.findall(r'class="badge \w+">([^<]+)<', page) == list(badges)
    found = Reader(page)
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(a["href"] or "")[1:] for a in found.all("a")}
    assert targets <= set(ids)
    assert {"provenance", "aims", "main"} <= targets
    labels = {str(attributes["aria-labelledby"]) for _, attributes in found.elements if "aria-labelledby" in attributes}
    assert labels <= set(ids)


def test_the_page_asks_nobody_for_anything() -> None:
    page = as_html(document(Picture(figure(), "exact")))
    found = Reader(page)
    for tag, attributes in found.elements:
        assert "src" not in attributes, tag
        assert tag not in ("link", "iframe", "object", "base")
    policy = next(m["content"] for m in found.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy.replace("http-equiv", "")
    assert decompress(b64decode(_script(page, 'id="records"'))) == b"a,b\r\n1,2\r\n"
    assert b"plotly.js" in decompress(b64decode(_script(page, 'id="plotly"')))[:100]
    assert 'id="plotly"' not in as_html(document(Words("no figure")))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert as_html(document(Picture(figure(), "exact"))) == as_html(document(Picture(figure(), "exact")))


def test_small_figures_are_written_out_and_large_ones_are_named() -> None:
    text = as_markdown(document(Picture(figure("small"), "exact"), Picture(figure("large", 400), "exact")))
    assert "| 2 | 0.285714 |" in text
    assert "**Figure 1.2.** large (exact)" in text
    assert text.count("The HTML report draws this figure") == 2


def test_every_item_of_the_checklists_leads_to_a_section_and_says_whether_it_was_read() -> None:
    assert [entry.id for entry in SECTIONS] == [name for name in IDS if name in {e.id for e in SECTIONS}]
    assert len(CHECKLISTS) == 4
    items = [item for checklist in CHECKLISTS for item in checklist.items]
    assert {name for item in items for name in item.sections} <= set(IDS)
    assert set(IDS) - {name for item in items for name in item.sections} == set()
    assert {item.was_checked for item in items} == {True, False}
    assert all(item.asks.endswith(".") and item.source and item.sections for item in items)


@pytest.mark.parametrize("name", ["gist", "gist-sweep", "simon-20-40"])
def test_a_page_carries_a_scenario_that_is_read_back_to_the_same(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name, ["seed=7"])
    path = tmp_path / "report.html"
    path.write_text(as_html(document(Words("x"))._replace(scenario_yaml=as_yaml(scenario))), encoding="utf-8")
    again = load_scenario(path)
    assert again.id == scenario.id
    assert again == scenario


def test_a_page_is_known_by_its_beginning() -> None:
    assert is_page(b"\xef\xbb\xbf <!DOCTYPE HTML><html>")
    assert not is_page(b"schema: trialsim.scenario/1")
    assert scenario_in(f"<!DOCTYPE html>{embedded('a: &lt; <b> &')}<p>", "x") == "a: &lt; <b> &\n"
    with pytest.raises(InputError, match="an HTML page without a scenario"):
        scenario_in("<!DOCTYPE html><p>", "x.html")


@pytest.mark.parametrize("format_", ["docx", "pdf"])
def test_a_missing_converter_is_named_in_one_sentence(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert.shutil, "which", lambda _: None)
    monkeypatch.setattr(convert, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="install"):
        convert.check_converter(format_)


def test_a_converter_that_fails_is_said_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pandoc"
    program.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(convert, "_pandoc", lambda: str(program))
    with pytest.raises(InputError, match=r"pandoc could not make the docx \(out of ink\)"):
        convert.write_converted(document(Words("x")), "docx", str(tmp_path / "r.docx"))
    assert not (tmp_path / "r.docx").exists()


def test_a_converter_gets_the_markdown_and_its_file_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pandoc"
    program.write_text(
        '#!/bin/sh\nfor word; do last=$word; test -f "$word" && source=$word; done\ncp "$source" "${last#--output=}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(convert, "_pandoc", lambda: str(program))
    convert.write_converted(document(Words("x")), "docx", str(tmp_path / "r.docx"))
    assert (tmp_path / "r.docx").read_text() == as_markdown(document(Words("x")))


def test_the_commit_of_a_file_is_found_or_its_absence_said(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("x")
    assert commit_of(str(tmp_path / "own.yaml")).startswith("none: ")
    assert commit_of(str(tmp_path / "gone.yaml")) == "none: no such file any more"
    assert commit_of("") == "none: the scenario came from the store"
    shipped = commit_of("gist")
    assert re.match(r"[0-9a-f]{40}|none: ", shipped)


def _script(page: str, attribute: str) -> str:
    return page.split(attribute, 1)[1].split(">", 1)[1].split("</script>", 1)[0]
