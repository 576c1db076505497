"""The extractors that vote, on one tree for all of them."""

from __future__ import annotations

import pytest
from lxml.html import tostring
from readability import Document

from ingest.extract.linear import page_lines
from ingest.extract.vote import parse, readability_text, trafilatura_text
from tests.ingest.extract.pages import PARAGRAPHS, news_page

HIDDEN = (
    '<div hidden><p>Nobody sees this paragraph.</p></div><p style="display: none">Nor this.</p><p>Tail.</p><!-- x -->'
)


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("extra", ["", HIDDEN])
def test_readability_reads_from_a_tree_what_it_reads_from_the_page(lang: str, extra: str) -> None:
    html = news_page(lang, extra=extra)
    whole = parse(Document(html).summary(html_partial=True))
    assert readability_text(parse(html)).split() == " ".join(line.text for line in page_lines(whole)).split()
    assert PARAGRAPHS[lang][2].split()[-1] in readability_text(parse(html))


def test_a_short_page_is_tried_twice_on_the_same_tree() -> None:
    html = (
        '<html><body><div class="header"><p>A short text of two sentences. It is all there is.</p></div></body></html>'
    )
    assert "It is all there is." in Document(html).summary()
    assert "It is all there is." in readability_text(parse(html))


def test_no_extractor_changes_the_tree() -> None:
    tree = parse(news_page(extra=HIDDEN))
    before = tostring(tree)
    trafilatura_text(tree, None)
    readability_text(tree)
    assert tostring(tree) == before


def test_a_page_without_text_has_no_votes() -> None:
    assert readability_text(parse("<html><body></body></html>")) == ""
    assert parse("") is None
