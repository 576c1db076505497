"""Bytes to text, whatever the page says about its encoding, and what kind of text it is."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = {
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"RIFF": "a media file",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "compressed data (gzip)",
    b"BZh": "compressed data (bzip2)",
    b"\xfd7zXZ\x00": "compressed data (xz)",
    b"\x28\xb5\x2f\xfd": "compressed data (zstandard)",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"OggS": "a media file",
    b"ID3": "a sound file",
    b"\x00\x00\x00\x18ftyp": "a video file",
    b"\x00\x00\x00\x20ftyp": "a video file",
    b"SQLite format 3\x00": "a database file",
    b"\xd0\xcf\x11\xe0": "an office document",
}
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27}) + b"\x7f"

MAX_CONTROLS = 0.02
"""Share of control bytes from which bytes are no text; broken pages have a handful in 100 kB, images one in ten."""

_WESTERN = frozenset("àâäáãåçéèêëíìîïñóòôöõøúùûüÿœæßÀÂÄÁÅÇÉÈÊËÎÏÑÓÔÖØÚÙÛÜŒÆ’‘“”„–—…«»€°·\xa0©®™•¼½§£")
_UNSAFE = frozenset(
    {"utf-7", "utf_7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"}
)
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|p|article|section|main|span|table|h[1-6]|ul|br|meta|a\s+href)[\s/>]",
    re.IGNORECASE,
)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED_START = re.compile(r"<(?:rss|feed|rdf:RDF|urlset|sitemapindex|opml)\b", re.IGNORECASE)


def describe_binary(body: bytes) -> str | None:
    """What the bytes are where they are no text ("a PDF document"); None: they may be text."""
    for magic, name in _MAGIC.items():
        if body.startswith(magic):
            return name
    if any(body.startswith(mark) for mark, _ in _MARKS) or _utf16_without_mark(body):
        return None
    sample = body[:65536]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return "binary data" if sample and controls / len(sample) > MAX_CONTROLS else None


def decode(body: bytes, charset: str | None = None) -> str:
    """The text of the bytes; never raises.

    Valid UTF-8 is UTF-8 whatever is declared; then what the transport or the page declares, where it fits; then a
    guess. A few bytes that do not fit a UTF-8 text are read as Windows-1252, the usual stowaway.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if (wide := _utf16_without_mark(body)) is not None:
        return body.decode(wide, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for declared in (charset, *_declared(body)):
        codec = _known(declared)
        if codec is None or codec == "utf-8":
            continue
        try:
            return body.decode(codec)
        except (UnicodeDecodeError, ValueError):
            continue
    mended = _as_mixed_utf8(body)
    return mended if mended is not None else _guess(body)


def is_broken_utf8(body: bytes, charset: str | None = None) -> bool:
    """Is a text in UTF-8 damaged: bytes in it that no encoding explains? A text that is whole in another one is not.

    What it says cannot be trusted then. Pages are mended all the same (`decode`): sites mix encodings, files do not.
    """
    if any(body.startswith(mark) for mark, _ in _MARKS) or _utf16_without_mark(body):
        return False
    text = body.decode("utf-8", "surrogateescape")
    foreign = [character for character in text if "\udc80" <= character <= "\udcff"]
    if not foreign or _known(charset) not in (None, "utf-8"):
        return False
    if sum(character > "\x7f" for character in text) > len(foreign):
        return True
    letters = bytes(ord(character) - 0xDC00 for character in foreign).decode("cp1252", "replace")
    return len(foreign) <= 3 and not all(map(_WESTERN.__contains__, letters))


def looks_like_html(text: str, content_type: str) -> bool:
    """Is it a page rather than plain text? The text decides where it is clear, else what the server said."""
    start = text[:100_000]
    if _HTML_START.match(start, _opening(start)):
        return True
    tags = len(_HTML.findall(start))
    return tags >= 1 if content_type in ("text/html", "application/xhtml+xml") else tags >= 6


def looks_like_feed(text: str) -> bool:
    """Is it a feed, a sitemap or an OPML file?"""
    start = text[:10_000]
    return _FEED_START.match(start, _opening(start)) is not None


def _opening(text: str) -> int:
    """Where the text begins behind blanks, comments and processing instructions."""
    place = 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        mark = "-->" if text.startswith("<!--", place) else "?>" if text.startswith("<?", place) else None
        end = text.find(mark, place) if mark else -1
        if mark is None or end < 0:
            return place
        place = end + len(mark)


def _declared(body: bytes) -> tuple[str, ...]:
    head = body[:4096]
    return tuple(match[1].decode("ascii") for match in (_META.search(head), _XML.search(head)) if match)


def _known(name: str | None) -> str | None:
    """The codec's own name; Latin-1 and ASCII mean Windows-1252, as in the WHATWG Encoding Standard."""
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip().strip("\"'"))
    except (LookupError, ValueError):
        return None
    if codec.name in _UNSAFE or not getattr(codec, "_is_text_encoding", True):
        return None
    return "cp1252" if codec.name in ("iso8859-1", "ascii") else codec.name


def _utf16_without_mark(body: bytes) -> str | None:
    """Every other byte zero: Latin text in UTF-16 that lost its mark."""
    sample = body[:2000]
    if len(sample) < 8 or b"\x00" not in sample:
        return None
    even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.05 else None


def _as_mixed_utf8(body: bytes) -> str | None:
    """UTF-8 with a few foreign bytes in it; None where the foreign bytes are not the exception."""
    text = body.decode("utf-8", "surrogateescape")
    foreign = sum(1 for character in text if "\udc80" <= character <= "\udcff")
    proper = sum(1 for character in text if character > "\x7f") - foreign
    if foreign > 3 + proper / 3:
        return None
    return "".join(
        bytes([ord(c) - 0xDC00]).decode("cp1252", "replace") if "\udc80" <= c <= "\udcff" else c for c in text
    )


def _guess(body: bytes) -> str:
    """Windows-1252 where that gives letters of French, German or English; else what charset-normalizer thinks."""
    western = body.decode("cp1252", "replace")
    foreign = [character for character in western[:100_000] if character > "\x7f"]
    if sum(map(_WESTERN.__contains__, foreign)) >= 0.9 * len(foreign):
        return western
    import charset_normalizer

    best = charset_normalizer.from_bytes(body[:100_000]).best()
    return body.decode(_known(best.encoding if best else None) or "cp1252", "replace")
