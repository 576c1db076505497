"""Whatever comes in ends, soon, as an article or a Rejection, and the next page is none the worse."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.extract import extract_lines, extract_page
from ingest.types import Document, Rejection
from tests.ingest.extract import pages

SECONDS = 10.0
"""CPU seconds for one page; the hard limit of the extract queue is 60 of the wall clock."""

ARTICLE = "".join(f"<p>{text}</p>" for text in pages.PARAGRAPHS["en"])

HOSTILE = {
    "one tag with 100,000 attributes": "<div " + " ".join(f"a{i}=b" for i in range(100_000)) + ">" + ARTICLE,
    "one tag with 100,000 bare attributes": "<div " + "x " * 100_000 + ">" + ARTICLE,
    "50,000 nested paragraphs": "<p>" * 50_000 + ARTICLE,
    "50,000 nested divs": "<div>" * 50_000 + ARTICLE,
    "50,000 nested lists": "<ul><li>" * 25_000 + ARTICLE,
    "50,000 nested bold": "<b>" * 50_000 + ARTICLE,
    "20,000 nested tables": "<table><tr><td>" * 20_000 + ARTICLE,
    "400 kB of comment openings": "<!--" * 100_000 + ARTICLE,
    "400 kB of comment openings in a page": "<html><body>" + ARTICLE + "<!--" * 100_000,
    "comments in comments": "<!-- <!-- -->" * 30_000 + ARTICLE,
    "1 MB in a single line": "<html><body><p>" + "word " * 200_000 + "</p></body></html>",
    "1 MB without a blank": "<html><body><p>" + "a" * 1_000_000 + "</p></body></html>",
    "1 MB of opening brackets": "<html>" + "<" * 1_000_000,
    "unclosed scripts": "<html><script>" * 30_000 + ARTICLE,
    "unclosed tags": "<html><a href='" * 50_000 + ARTICLE,
    "60,000 entities": "<html><p>" + "&amp;" * 60_000 + "</p>" + ARTICLE,
    "endless character references": "<html><p>&#" + "9" * 200_000 + ";</p>" + ARTICLE,
    "30,000 links": "<html><body>" + "<li><a href='/x'>A headline of some length</a></li>" * 30_000,
    "deep JSON-LD": "<html><head><script type='application/ld+json'>" + "[" * 100_000 + "</script></head>" + ARTICLE,
    "doctype bomb": "<!DOCTYPE html [" + "<!ENTITY a 'aaaaaaaaaa'>" * 10_000 + "]><html>" + ARTICLE,
    "frameset": "<html><frameset><frame src='x'></frameset><noframes>" + ARTICLE + "</noframes></html>",
    "nothing but tags": "<html><body>" + "<br>" * 100_000,
    "letters whose lower case is another": "İ" * 1_000
    + "<\u017fcript>"
    + ARTICLE
    + "</\u017fcript><SCRIPT>x</Script >",
    "null bytes": "<html><body>\x00" + ARTICLE.replace("e", "e\x00"),
}


HEAVY = {"30,000 links", "1 MB in a single line", "1 MB of opening brackets", "nothing but tags"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in HOSTILE]
)
def test_a_hostile_page_ends_in_time(name: str) -> None:
    start = time.process_time()
    ended = extract_page(pages.page(HOSTILE[name]))
    assert time.process_time() - start < SECONDS
    assert isinstance(ended, Document | Rejection)
    if isinstance(ended, Rejection):
        assert ended.reason and ended.detail.endswith(".")


def test_the_next_page_is_unaffected() -> None:
    before = extract_page(pages.page(pages.news_page()))
    for body in (
        "<!--" * 10_000,
        "<p>" * 5_000,
        "\x00" * 50,
        "<div " + " ".join(f"a{i}=b" for i in range(5_000)) + ">",
    ):
        extract_page(pages.page(body))
    assert extract_page(pages.page(pages.news_page())) == before
    assert isinstance(before, Document)


@pytest.mark.parametrize(
    "name",
    [
        "one tag with 100,000 attributes",
        "50,000 nested paragraphs",
        "unclosed scripts",
        "letters whose lower case is another",
    ],
)
def test_the_article_in_a_hostile_page_is_found(name: str) -> None:
    ended = extract_page(pages.page(HOSTILE[name]))
    assert isinstance(ended, Document)
    assert pages.PARAGRAPHS["en"][2] in ended.text


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/html", "empty"),
        (b" \n\t ", "text/plain", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "text/html", "binary"),
        (b"%PDF-1.7 ...", "text/plain", "binary"),
        (b"a" * 50_000_000, "text/plain", "too-large"),
        (b"a\n" * 30_000, "text/plain", "too-large"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "text/xml", "feed"),
        (b"<html><body></body></html>", "text/html", "no-text"),
        (b"<html><body><p>Login</p></body></html>", "text/html", "no-text"),
    ],
)
def test_what_is_no_article_says_why(body: bytes, content_type: str, reason: str) -> None:
    ended = extract_page(pages.page(body, content_type))
    assert isinstance(ended, Rejection)
    assert ended.reason == reason
    assert len(ended.detail) > 15


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16", "shift_jis", "no-such", "", "utf-7", "base64"])
@pytest.mark.parametrize("real", ["utf-8", "cp1252", "utf-16-le"])
def test_wrong_charsets_still_give_the_article(charset: str, real: str) -> None:
    html = pages.news_page("fr").replace('<meta charset="utf-8">', f'<meta charset="{charset}">')
    ended = extract_page(pages.page(html.encode(real, "ignore")))
    assert isinstance(ended, Document)
    assert "conseil municipal de Pontclair a approuvé lundi" in ended.text


NAUGHTY = (
    "undefined", "null", "NaN", "1;DROP TABLE users", "' OR 1=1 --", "<script>alert(1)</script>", "javascript:alert(1)",
    "%s%s%s%n", "{{7*7}}", "${7*7}", "../../../etc/passwd", "\u202etest\u202c", "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて下さい",
    "👩🏽‍🚒🧑‍🤝‍🧑", "الكتابة", "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮", "\ufeff\ufffe\ud800", "﷽" * 50, "１２３", "ⒶⒷⒸ", "ﬀﬁﬂ", "\x1b[31mred\x1b[0m",
    # long and odd
    "A" * 5000, "\u0000\u0001", "Iñtërnâtiônàlizætiøn", "=HYPERLINK(1)", "&lt;b&gt;&amp;amp;lt;", "]]>",
    "<![CDATA[x]]>", "\\", "\"'`",
)  # fmt: skip


@pytest.mark.parametrize("naughty", NAUGHTY)
def test_naughty_strings_pass_through_text_and_page(naughty: str) -> None:
    paragraphs = (*pages.PARAGRAPHS["de"][:3], f"{naughty} {pages.PARAGRAPHS['de'][3]}", *pages.PARAGRAPHS["de"][4:])
    for ended in (
        extract_lines(paragraphs),
        extract_page(pages.page(pages.news_page("de", paragraphs=paragraphs, title=naughty.replace('"', "")))),
        extract_page(pages.page(naughty.encode("utf-8", "surrogatepass"), "text/plain")),
    ):
        assert isinstance(ended, Document | Rejection)
        if isinstance(ended, Document):
            ended.text.encode("utf-8")
            assert "\x00" not in ended.text and "\x1b" not in ended.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=200), max_size=30))
def test_any_lines_end(lines: list[str]) -> None:
    ended = extract_lines(lines)
    assert isinstance(ended, Document | Rejection)
    if isinstance(ended, Document):
        assert all(block.line is not None and 0 <= block.line < len(lines) for block in ended.blocks)
        assert all(block.rule for block in ended.blocks if not block.kept)


def test_random_tag_soup_ends() -> None:
    rng = random.Random(7)
    tags = [
        "p",
        "div",
        "a",
        "b",
        "table",
        "tr",
        "td",
        "ul",
        "li",
        "h1",
        "article",
        "script",
        "style",
        "br",
        "form",
        "x-y",
    ]
    for _ in range(12):
        soup = "".join(
            rng.choice(
                [f"<{rng.choice(tags)}>", f"</{rng.choice(tags)}>", "<!--", "-->", "&#x", "<", ">", "word ", "“Text.” "]
            )
            for _ in range(2_000)
        )
        assert isinstance(extract_page(pages.page("<html><body>" + soup)), Document | Rejection)
