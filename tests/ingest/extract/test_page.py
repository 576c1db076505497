# ruff: noqa: E501 - pages in one line are easier to read
"""A page to an article: its text, what its head says, and what is no article."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.extract import extract_page
from ingest.extract.metadata import read_metadata, read_told, shown_author
from ingest.extract.vote import parse
from ingest.types import BlockKind, Document, Rejection
from tests.ingest.extract.pages import HEADLINES, PARAGRAPHS, news_page, page

FURNITURE = (
    "Share on Facebook",
    "Read more: How the tram divided the city",
    "Sign up for our free newsletter",
    "Five dishes for a rainy Sunday in November",
    "Your email address will not be published",
    "Privacy policy",
)
CONSENT = (
    "<p>Weiterlesen mit Werbung: Besuchen Sie uns wie gewohnt mit Werbung und Tracking.</p><p>Zustimmen und weiter</p>"
    "<p>Mit dem Pur-Abo lesen Sie werbefrei. Ihre Einwilligung gilt für unsere Partner und personalisierte Anzeigen.</p>"
)
SUMMARY = "Northbridge approved its new tram line on Monday after a debate of seven hours; work begins in March 2026."


def read(html: str, **hints: str) -> Document:
    ended = extract_page(page(html, **hints))
    assert isinstance(ended, Document), ended
    return ended


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_the_article_is_whole_and_the_furniture_gone(lang: str) -> None:
    document = read(news_page(lang))
    for paragraph in PARAGRAPHS[lang]:
        assert paragraph in document.text
    for words in FURNITURE:
        assert words not in document.text
    assert document.title == HEADLINES[lang]
    assert HEADLINES[lang] not in document.text
    assert document.method == "html-vote/1"


def test_xhtml_that_declares_its_encoding_is_read() -> None:
    declared = '<?xml version="1.0" encoding="utf-8"?>\n' + news_page("de")
    assert read(declared).text == read(news_page("de")).text


def test_what_the_head_says_is_metadata() -> None:
    metadata = read(news_page()).metadata
    assert metadata.author == "Ada Beispiel"
    assert metadata.published == datetime(2025, 11, 3, 7, 30, tzinfo=UTC)
    assert metadata.updated == datetime(2025, 11, 3, 10, tzinfo=UTC)
    assert metadata.source == "The Daily Example"
    assert metadata.site == "example.org"
    assert metadata.canonical_url == "https://news.example.org/tram"
    assert metadata.image_url == "https://news.example.org/tram.jpg"
    assert metadata.language == "en"


def test_blocks_say_what_they_are_and_why_they_went() -> None:
    blocks = {block.text: block for block in read(news_page()).blocks}
    assert blocks["What comes next"].kind is BlockKind.HEADING
    assert blocks["The market square. Photo: Ada Beispiel"].kind is BlockKind.CAPTION
    assert blocks["By Ada Beispiel"].kind is BlockKind.METADATA
    assert blocks["Read more: How the tram divided the city"].rule == "read-more"
    assert all(block.rule for block in blocks.values() if not block.kept)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (f"<html><head><title>Nachrichten</title></head><body>{CONSENT}</body></html>", "consent-wall"),
        ("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>Nothing here.</p></body></html>", "error-page"),
        (
            "<html><head><title>Page introuvable</title></head><body><p>La page que vous cherchez n'existe plus ou a "
            "changé d'adresse. Retournez à la page d'accueil pour continuer votre lecture.</p></body></html>",
            "error-page",
        ),
        (
            news_page(paragraphs=PARAGRAPHS["en"][:1]).replace('"@type": "NewsArticle"', '"@type": "NewsArticle", "isAccessibleForFree": false'),
            "paywall",
        ),
        (
            "<html><body><form><p>Welcome back, please enter your name and your secret word below to go on.</p>"
            "<input type=password></form></body></html>",
            "log-in",
        ),
    ],
)  # fmt: skip
def test_what_is_no_article_is_rejected(html: str, reason: str) -> None:
    ended = extract_page(page(html))
    assert isinstance(ended, Rejection)
    assert ended.reason in (reason, "no-text")


@pytest.mark.parametrize("body", [CONSENT, "<p>Log in</p>", ""])
def test_behind_a_wall_the_feeds_summary_stands_in_marked_as_such(body: str) -> None:
    document = read(f"<html><body>{body}</body></html>", summary=SUMMARY, title="Tram approved")
    assert document.method == "feed-summary/1"
    assert document.text == SUMMARY
    assert document.title == "Tram approved"


def test_hints_from_the_door_fill_what_the_page_leaves_out() -> None:
    text = "\n".join(PARAGRAPHS["de"])
    document = extract_page(page(text, "text/plain", None, title="Nordbrück baut", author="Bo Muster"))
    assert isinstance(document, Document)
    assert document.title == "Nordbrück baut"
    assert document.metadata.author == "Bo Muster"
    assert all(paragraph in document.text for paragraph in PARAGRAPHS["de"])


@pytest.mark.parametrize("nothing", ["0001-01-01T00:00:00", "1970-01-01T00:00:00Z"])
def test_a_date_that_stands_for_none_is_none(nothing: str) -> None:
    head = f'<head><meta property="article:published_time" content="{nothing}"></head>'
    assert read_metadata(parse(head), None)[2].published is None
    kept = head.replace(nothing, "1998-05-04T10:00:00")
    assert read_metadata(parse(kept), None)[2].published == datetime(1998, 5, 4, 10, tzinfo=UTC)


def test_an_address_written_twice_as_an_entity_is_an_address() -> None:
    head = '<head><meta property="og:image" content="https://example.com/a.jpg?w=1&amp;amp;h=2">'
    _, _, metadata = read_metadata(parse(news_page().replace("<head>", head)), None)
    assert metadata.image_url == "https://example.com/a.jpg?w=1&h=2"


def test_the_name_of_the_section_is_no_title() -> None:
    html = (
        "<html><head><title>Retirement is an archaism, says Opinion - The Daily</title></head>"
        "<body><h1>O Opinion</h1><h1>Retirement is an archaism</h1></body></html>"
    )
    assert read_metadata(parse(html), None)[0] == "Retirement is an archaism"


def test_what_the_head_says_the_article_is_about_is_told_once() -> None:
    words = "After seven hours of debate the city has a plan and a bill."
    html = (
        f'<head><meta name="description" content="{words}"><meta property="og:description" content=" {words}">'
        '<meta property="og:site_name" content="The Daily"></head>'
    )
    assert read_told(parse(html)) == ((), (words,))
    assert read_told(parse("<head><meta name=description content=News></head>")) == ((), ())


def test_a_byline_that_only_its_class_names_is_the_author() -> None:
    for html, name in (
        ("<div class='article-author'>Ada Beispiel, Bo Exempel</div>", "Ada Beispiel, Bo Exempel"),
        ("<p class='byline'>Von Ada Beispiel</p>", "Ada Beispiel"),
        ("<p class='comment-author'>Bo</p><p class='c-author__name'>Ada Beispiel</p>", "Ada Beispiel"),
        ("<p class='author'>Lire l’article original</p>", None),
        ("<p class='author'>3 November 2025</p><p class='authority'>Stadtrat</p>", None),
    ):
        assert shown_author(parse(f"<html><body>{html}</body></html>")) == name
