"""Bytes become the text they are, whatever is declared."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.decode import decode, describe_binary, looks_like_feed, looks_like_html

FRENCH = "L’été dernier, la Corée du Nord a envoyé des soldats à Koursk, où ils ont été formés. " * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("declared", [None, "utf-8", "latin-1", "ascii", "no-such-charset", "utf-7"])
def test_wrong_declarations_change_nothing(encoding: str, declared: str | None) -> None:
    assert decode(FRENCH.encode(encoding), declared) == FRENCH


def test_the_pages_own_declaration_is_read() -> None:
    body = '<html><head><meta charset="iso-8859-2"></head>Łódź, Wałęsa'.encode("iso-8859-2")
    assert "Łódź, Wałęsa" in decode(body)


def test_latin_1_means_windows_1252() -> None:
    assert decode("l’été – déjà".encode("cp1252"), "iso-8859-1") == "l’été – déjà"


def test_a_few_foreign_bytes_do_not_spoil_utf_8() -> None:
    body = FRENCH.encode() + b"caf\xe9 " + FRENCH.encode()
    assert decode(body) == FRENCH + "café " + FRENCH


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "a PNG image"),
        (gzip.compress(b"text" * 100), "compressed data (gzip)"),
        (b"PK\x03\x04" + bytes(50), "a ZIP archive or office document"),
        (bytes(range(256)) * 40, "binary data"),
        (b"\x7fELF\x02\x01", "a program"),
    ],
)
def test_what_is_no_text_is_named(body: bytes, what: str) -> None:
    assert describe_binary(body) == what


@pytest.mark.parametrize(
    "body", [b"plain", FRENCH.encode("utf-16"), b"a\x00b" + b"text " * 200, b"\x1b[1mbold\x1b[0m text"]
)
def test_text_with_a_stray_byte_is_text(body: bytes) -> None:
    assert describe_binary(body) is None


@given(st.binary(max_size=3000), st.sampled_from([None, "utf-8", "cp1252", "shift_jis", "rot13", "base64", "hz"]))
def test_decode_never_raises(body: bytes, charset: str | None) -> None:
    assert isinstance(decode(body, charset), str)


@pytest.mark.parametrize(
    ("text", "content_type", "html"),
    [
        ("<!DOCTYPE html><html><body><p>x", "text/plain", True),
        ("<p>One <b>paragraph</b></p>", "text/html", True),
        ("One paragraph, no mark-up at all.", "text/html", False),
        ("a < b and c > d", "text/plain", False),
        ("<div>" * 8, "text/plain", True),
    ],
)
def test_html_is_told_from_text(text: str, content_type: str, html: bool) -> None:
    assert looks_like_html(text, content_type) is html


def test_feeds_are_no_articles() -> None:
    assert looks_like_feed('<?xml version="1.0"?>\n<!-- hello -->\n<rss version="2.0">')
    assert not looks_like_feed("<html><body>rss feed")


def test_a_damaged_text_is_rejected_and_one_in_another_encoding_is_not() -> None:
    from datetime import UTC, datetime

    from ingest.extract import extract_page
    from ingest.types import Page, Rejection

    text = "Le ministre a présenté mercredi à Paris le budget de l'année. Il n'a donné aucun chiffre nouveau, dit-on."
    now = datetime.now(UTC)
    damaged = extract_page(Page(text.encode() + b" \xff\xfe\xc3\x28", "text/plain", None, None, now))
    whole = extract_page(Page(text.encode("cp1252"), "text/plain", None, None, now))
    assert isinstance(damaged, Rejection)
    assert damaged.reason == "broken-encoding"
    assert not isinstance(whole, Rejection)
    assert whole.text == text
