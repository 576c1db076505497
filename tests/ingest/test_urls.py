"""One spelling for each address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadInput
from ingest.urls import canonical_url, is_web, registered_domain

SAME = [
    ("HTTP://Example.COM", "http://example.com/"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("http://example.com:8080/a", "http://example.com:8080/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    ("https://example.com/../..", "https://example.com/"),
    ("https://example.com/%7efoo/%c3%a9t%C3%A9", "https://example.com/~foo/%C3%A9t%C3%A9"),
    ("https://example.com/été?q=ü", "https://example.com/%C3%A9t%C3%A9?q=%C3%BC"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/100%", "https://example.com/100%25"),
    ("https://example.com/a#top", "https://example.com/a"),
    ("https://example.com/#!/article/7", "https://example.com/#!/article/7"),
    ("https://example.com/a?utm_source=x&id=7&fbclid=y", "https://example.com/a?id=7"),
    ("https://www.dw.com/de/x/a-1?maca=de-rss-de-top-1016-rdf", "https://www.dw.com/de/x/a-1"),
    ("https://www.lemonde.fr/a.html?xtor=RSS-3208", "https://www.lemonde.fr/a.html"),
    ("https://www.bbc.com/news/1?at_medium=RSS&at_campaign=rss", "https://www.bbc.com/news/1"),
    ("https://example.com/a?ref=rss&ref=42", "https://example.com/a?ref=42"),
    ("https://example.com/a?", "https://example.com/a"),
    ("  https://exam\nple.com/a ", "https://example.com/a"),
    ("https://example.com/a b", "https://example.com/a%20b"),
    ("https://www.süddeutsche.de/x", "https://www.xn--sddeutsche-9db.de/x"),
    ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
]

BAD = [
    "",
    "example.com/a",
    "ftp://example.com/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://",
    "http://a@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://example.com:99999/",
    "http://[::1/",
    "http://exa mple.com" + "x" * 3000,
    "https://example..com/",
]


@pytest.mark.parametrize(("given", "expected"), SAME)
def test_two_spellings_are_one_address(given: str, expected: str) -> None:
    assert canonical_url(given) == expected


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_web_address_is_refused_and_named(url: str) -> None:
    with pytest.raises(BadInput, match="expected"):
        canonical_url(url)


def test_a_relative_link_is_joined_to_its_page() -> None:
    assert canonical_url("../b?utm_medium=x", "https://example.com/a/c/") == "https://example.com/a/b"


def test_a_feeds_address_keeps_its_parameters() -> None:
    for url in ("https://e.org/?feed=rss", "https://e.org/rss?xtor=1"):
        assert canonical_url(url, tracking=True) == url
    assert canonical_url("https://e.org/?feed=atom") == "https://e.org/?feed=atom"


def test_different_articles_stay_different() -> None:
    pairs = [("https://e.org/a?id=1", "https://e.org/a?id=2"), ("https://e.org/a", "https://e.org/a/")]
    for a, b in pairs:
        assert canonical_url(a) != canonical_url(b)


def test_a_password_in_an_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(BadInput) as error:
        canonical_url("https://me:hunter2@example.com/")
    assert "hunter2" not in str(error.value)


@given(st.text(max_size=60), st.text(max_size=30))
def test_the_canonical_form_is_stable(path: str, query: str) -> None:
    try:
        once = canonical_url(f"https://example.com/{path}?{query}")
    except BadInput:
        return
    assert canonical_url(once) == once
    assert once.isascii()


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.bbc.co.uk/news", "bbc.co.uk"),
        ("feeds.bbci.co.uk", "bbci.co.uk"),
        ("https://www.spiegel.de:443/x", "spiegel.de"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[2001:db8::1]:80/", "2001:db8::1"),
        ("http://localhost:8000/", "localhost"),
        ("https://someone.github.io/", "someone.github.io"),
    ],
)
def test_the_registered_domain_is_who_is_asked(url: str, domain: str) -> None:
    assert registered_domain(url) == domain


def test_a_path_is_no_web_address() -> None:
    assert is_web("HTTPS://x.org") and not is_web("./https/x")
