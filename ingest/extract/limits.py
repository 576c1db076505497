"""HTML made harmless before any parser sees it: every bound here was met by a page that took a parser minutes.

All passes are linear in the page. What goes is comments, scripts and styles (but JSON-LD), and the attributes of
tags with absurdly many.
"""

from __future__ import annotations

import re

MAX_ATTRIBUTES = 64
"""Attributes of one tag. One tag with 100,000 attributes takes libxml2 35 s."""

MAX_TAG = 32_768
"""Characters of one tag; inline pictures are the longest real ones, and not needed."""

MAX_COMMENTS = 1_000
"""Openings of comments; 400 kB of nothing but "<!--" take a parser more than a minute."""

MAX_DEPTH = 256
"""Elements inside elements, libxml2's own limit."""

MAX_ELEMENTS = 25_000
"""Opening tags up to which all three extractors run; 50,000 paragraphs take two of them 8 s. Of 210 news pages the
largest has 2,154 without its scripts and drawings."""

_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")
"""The first line of XHTML; lxml refuses a text that is decoded already and names an encoding still."""

_RAW_NAMES = ("script", "style", "template", "svg", "noembed", "iframe", "object", "math")
_FOREIGN = ("svg", "math")
_RAW = re.compile(rf"<((?a:{'|'.join(_RAW_NAMES)}))(?=[\s/>]|$)", re.IGNORECASE)  # a: the long s is another letter
_RAW_END = {name: re.compile(f"</(?a:{name})", re.IGNORECASE) for name in _RAW_NAMES}
_JSON_LD = re.compile(r"application/ld\+json", re.IGNORECASE)
_SHADOW = re.compile(r"<template(?=[^>]{0,200}\sshadowroot(?:mode)?\s*=)", re.IGNORECASE)
"""The opening of a shadow root that a page brings along: browsers show what is in it."""
_OPENING = re.compile(r"<[a-zA-Z]")
_TAG_NAME = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:-]{0,30}")
_LONG_TAG = re.compile(rf"<[^>]{{{MAX_ATTRIBUTES},}}+>")
"""A tag that is long enough to have too many attributes."""
_SELF_CLOSING = "p|li|td|tr|th|dd|dt|option|body|html"
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
_NESTING = re.compile(rf"<(/?)(?!(?:{_SELF_CLOSING}|{_VOID})(?![a-zA-Z0-9]))[a-zA-Z][a-zA-Z0-9]{{0,15}}", re.IGNORECASE)
"""A tag that counts for the depth: not of an element that closes itself or holds nothing."""


def harmless(html: str) -> str:
    """The page without comments, scripts, styles, absurd tags and XML declaration, ready for a parser."""
    html = html.replace("\x00", "")
    declaration = _DECLARATION.match(html)
    html = html[declaration.end() :] if declaration else html
    html = _SHADOW.sub("<div", html) if "shadowroot" in html else html
    return _flat(_without_absurd_tags(_without_raw(_without_comments(html))))


def count_elements(html: str) -> int:
    """Opening tags in the page."""
    return len(_OPENING.findall(html))


def _flat(html: str) -> str:
    """The page without the tags that are nested deeper than MAX_DEPTH; their text stays.

    Counts what is never closed; paragraphs, list items and cells close themselves.
    """
    if _depth(html) <= MAX_DEPTH:
        return html
    pieces, start, level = [], 0, 0
    for tag in _NESTING.finditer(html):
        level = max(0, level - 1) if tag[1] else level + 1
        if level > MAX_DEPTH or (tag[1] and level == MAX_DEPTH):
            pieces.append(html[start : tag.start()])
            end = html.find(">", tag.end())
            start = len(html) if end < 0 else end + 1
    return "".join([*pieces, html[start:]]) if pieces else html


def _depth(html: str) -> int:
    """Elements inside elements at the deepest place."""
    level = deepest = 0
    for closing in _NESTING.findall(html):
        if not closing:
            level += 1
            deepest = max(deepest, level)
        elif level:
            level -= 1
    return deepest


def _without_comments(html: str) -> str:
    if "<!--" not in html:
        return html
    pieces, start = [], 0
    for _ in range(MAX_COMMENTS):
        opened = html.find("<!--", start)
        if opened < 0:
            break
        pieces.append(html[start:opened])
        closed = html.find("-->", opened + 2)  # "<!-->" is a whole comment
        if closed < 0:  # never closed: only the mark goes, browsers would lose the rest of the page
            start = opened + 4
        else:
            start = closed + 3
    rest = html[start:]
    return "".join(pieces) + (rest.replace("<!--", " ") if "<!--" in rest else rest)


def _without_raw(html: str) -> str:
    """Scripts, styles and the like are no text, and the bulk of many pages; JSON-LD is metadata and stays."""
    pieces, start = [], 0
    unclosed: set[str] = set()  # looked for once to the end of the page is enough
    while (opened := _RAW.search(html, start)) is not None:
        pieces.append(html[start : opened.start()])
        end_of_tag = html.find(">", opened.end())
        name = opened[1].lower()
        if name in _FOREIGN and end_of_tag > 0 and html[end_of_tag - 1] == "/":  # closed in itself
            start = end_of_tag + 1
            continue
        closing = None if name in unclosed else _RAW_END[name].search(html, opened.end())
        if closing is None:
            unclosed.add(name)
        if end_of_tag < 0 or closing is None:
            start = len(html) if end_of_tag < 0 else end_of_tag + 1
            continue
        after = html.find(">", closing.end())
        after = len(html) if after < 0 else after + 1
        if name == "script" and _JSON_LD.search(html, opened.start(), end_of_tag):
            pieces.append(html[opened.start() : after])
        start = after
    pieces.append(html[start:])
    return "".join(pieces)


def _without_absurd_tags(html: str) -> str:
    pieces, start = [], 0
    for found in _LONG_TAG.finditer(html, 0, html.rfind(">") + 1):  # up to the last end of a tag: each search finds one
        tag = found.group()
        if len(tag) > MAX_TAG or tag.count("=") > MAX_ATTRIBUTES or tag.count(" ") > 40 * MAX_ATTRIBUTES:
            name = _TAG_NAME.match(tag)
            pieces.append(html[start : found.start()])
            pieces.append(f"{name.group()}>" if name else " ")
            start = found.end()
    return "".join([*pieces, html[start:]]) if pieces else html
