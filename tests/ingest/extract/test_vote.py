"""The extractors that vote, on one tree for all of them."""

from __future__ import annotations

import json

import pytest
from lxml.html import tostring
from readability import Document

from ingest.extract.html import look_at, stretch
from ingest.extract.linear import page_lines
from ingest.extract.page_features import _containers
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


def test_a_standfirst_far_above_the_text_is_known_by_the_pages_description() -> None:
    standfirst = "After seven hours of debate the city has a plan, a bill to pay and an opposition that will sue."
    menu = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(40))
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS["en"])
    html = (
        f'<html><head><meta property="og:description" content="{standfirst}"></head><body>'
        f"<h1>A tram</h1><p>{standfirst}</p><ul>{menu}</ul><article><div>{body}</div></article></body></html>"
    )
    looked = look_at(html, None)
    assert looked is not None
    place = next(place for place, line in enumerate(looked.lines) if line.text == standfirst)
    assert [place for place, described in enumerate(looked.described) if described] == [place]
    assert stretch(looked)[0] <= place


def test_what_json_ld_says_of_each_line_is_known() -> None:
    told, rest = PARAGRAPHS["de"][:5], PARAGRAPHS["de"][5]
    data = json.dumps({"@type": "NewsArticle", "articleBody": "\n".join(told)})
    body = "".join(f"<p>{text}</p>" for text in (*told, rest))
    looked = look_at(f'<script type="application/ld+json">{data}</script><article>{body}</article>', None)
    assert looked is not None and looked.told == [1, 1, 1, 1, 1, 0]
    without = look_at(f"<article>{body}</article>", None)
    assert without is not None and set(without.told) == {-1}


def test_lines_beside_the_text_are_told_from_lines_in_it() -> None:
    text = "".join(f"<p>{text}</p>" for text in PARAGRAPHS["fr"])
    page = page_lines(parse(f"<main><div><div>{text}</div><div><p>Un autre article.</p></div></div></main>"))
    agreed = [True] * (len(page) - 1) + [False]
    inside, beside = _containers(page, agreed)[[0, -1]].tolist()
    assert inside[0] == 1 and inside[2] == 0  # in the innermost element that holds half of the text
    assert beside[0] == 0 and beside[2] == 1  # its path leaves one element above


def test_no_extractor_is_asked_about_next_to_nothing() -> None:
    looked = look_at("<p>Login</p><p>Loading, please wait.</p>", None)
    assert looked is not None and not any(map(any, looked.votes))
