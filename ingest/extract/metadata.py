"""What a page's head says about its article: JSON-LD, Open Graph, microdata and the like, in this order of trust.

htmldate may guess the date where neither these nor the lines name one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin

from ingest.extract.dates import find_date
from ingest.extract.repair import repair_text
from ingest.types import Metadata
from ingest.urls import is_web, registered_domain

MAX_JSON_LD = 500_000
"""Characters of JSON-LD that are read on one page."""
MAX_ITEMS = 50
"""Pieces of microdata that are read on one page."""
MAX_BODY = 100_000
"""Characters of an article's text in JSON-LD."""
MIN_DESCRIPTION = 40
"""Characters from which a description is about one article."""
OLDEST = 1800
"""Year before which a date is a placeholder: 0001-01-01 stands in the JSON-LD of two of 210 pages."""
_EPOCH = date(1970, 1, 1)
MAX_DESCRIPTIONS = 4
MAX_FIELD = 500
"""Characters of one field: longer ones are texts that strayed into it."""

_ARTICLES = re.compile(r"article|posting|report|review|opinion|analysis", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+(?:[|•·»–—-]|::)\s+")
_WORD = re.compile(r"\w+")
_BLOCK_TAG = re.compile(r"</?(?:p|br|div|h[1-6]|li|ul|ol|blockquote)\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_LANGUAGE = re.compile(r"^[a-zA-Z]{2}(?=$|[-_])")


def read_metadata(tree: Any, url: str | None) -> tuple[str | None, tuple[str, ...], Metadata]:
    """The title, every other wording of it on the page, and what else the page says of its article.

    tree: lxml tree of the whole page, scripts with JSON-LD included.
    """
    linked = next(_json_ld(tree), {})
    meta = _meta(tree)
    heads = [text for head in tree.iter("h1") if (text := _text(head.text_content()))][:5]
    named = [_text(linked.get("headline")), _text(meta.get("og:title")), _text(meta.get("twitter:title"))]
    document_title = next((_text(element.text) for element in tree.iter("title")), None)
    site_name = _name(linked.get("publisher")) or _text(meta.get("og:site_name"))
    titles = [one for one in (*named, _without_site(document_title, site_name)) if one]
    title = _headline(heads, titles)
    others = tuple(dict.fromkeys(one for one in (*heads, *titles) if one != title))
    canonical = _link(tree, "canonical") or _text(meta.get("og:url"))
    canonical = urljoin(url or "", unescape(canonical)) if canonical else None
    published = _first_date(linked.get("datePublished"), *(meta.get(name) for name in _PUBLISHED)) or _shown_date(tree)
    return (
        title,
        others,
        Metadata(
            author=_authors(linked.get("author")) or _author(meta),
            published=published,
            updated=_first_date(linked.get("dateModified"), *(meta.get(name) for name in _UPDATED)),
            source=site_name,
            site=registered_domain(url) if url else None,
            canonical_url=canonical if canonical and is_web(canonical) else None,
            language=_language(linked.get("inLanguage"), tree.get("lang"), meta.get("og:locale"), meta.get("language")),
            image_url=_image(linked.get("image"), meta, url),
        ),
    )


def read_told(tree: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of the article's text where JSON-LD has it, and what the head says the article is about.

    Pages whose markup a script fills have their text in JSON-LD: of 42 such texts on 210 pages 36 are the article but
    for its subheads, five are a few words, one is another's. A description is mostly the standfirst or the start of
    the lead; each wording comes once. Both are empty where the page has none.
    """
    nodes = list(_json_ld(tree))
    bodies = (text for node in nodes for text in (node.get("articleBody"), _updates(node)))
    body = max((one[:MAX_BODY] for one in bodies if isinstance(one, str)), key=len, default="")
    lines = _TAG.sub("", _BLOCK_TAG.sub("\n", repair_text(body))).split("\n") if body else []
    named = {"description", "og:description"}
    metas = ((element.get("property") or element.get("name") or "", element) for element in tree.iter("meta"))
    found = [element.get("content") for name, element in metas if name.strip().lower() in named]
    found += [node.get("description") for node in nodes[:1]]
    texts = (" ".join(repair_text(one[: MAX_FIELD * 4]).split()) for one in found if isinstance(one, str))
    described = dict.fromkeys(text for text in texts if len(text) >= MIN_DESCRIPTION)
    return tuple(line for line in (" ".join(line.split()) for line in lines) if line), tuple(described)[
        :MAX_DESCRIPTIONS
    ]


def _updates(node: Mapping[str, Any]) -> str:
    """The texts of a live blog's entries, one a line."""
    entries = node.get("liveBlogUpdate")
    texts = [one.get("articleBody") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return "\n".join(text for text in texts if isinstance(text, str))


_PUBLISHED = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "date",
    "dc.date.issued",
    "dc.date",
    "dcterms.created",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "publish-date",
    "cxenseparse:recs:publishtime",
)
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified")


def _meta(tree: Any) -> dict[str, str]:
    """Names of meta tags and microdata in lower case, with the first content of each; meta tags come first."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content:
            found.setdefault(name.strip().lower(), content)
    for element in tree.xpath("//body//*[@itemprop]")[:MAX_ITEMS]:
        named = element.xpath(".//*[@itemprop='name']")[:1] or [element]  # <span itemprop=author>By <b itemprop=name>
        content = element.get("content") or element.get("datetime") or named[0].text_content()[: MAX_FIELD * 2]
        if content.strip():
            found.setdefault(element.get("itemprop").strip().lower(), content)
    for link in tree.xpath("//body//a[contains(@rel, 'author')]")[:1]:
        found.setdefault("rel:author", link.text_content()[:MAX_FIELD])
    return found


def _json_ld(tree: Any) -> Iterator[Mapping[str, Any]]:
    """The nodes of the page's JSON-LD that describe an article."""
    left = MAX_JSON_LD
    for script in tree.iter("script"):
        text = script.text or ""
        if "ld+json" not in (script.get("type") or "").lower() or len(text) > left:
            continue
        left -= len(text)
        try:
            yield from _article_nodes(json.loads(text.strip().rstrip(";"), strict=False))
        except (ValueError, RecursionError):
            continue


def _article_nodes(data: Any) -> Iterator[Mapping[str, Any]]:
    nodes = [data]
    for _ in range(200):  # nodes at most: pages list whole archives
        if not nodes:
            return
        node = nodes.pop(0)
        if isinstance(node, list):
            nodes += node[:50]
        elif isinstance(node, dict):
            types = node.get("@type")
            if any(
                isinstance(one, str) and _ARTICLES.search(one)
                for one in (types if isinstance(types, list) else [types])
            ):
                yield node
            nodes += [node[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in node]


def _text(value: Any) -> str | None:
    """One line of repaired text; None where there is none or far too much."""
    if not isinstance(value, str):
        return None
    text = " ".join(repair_text(value[: MAX_FIELD * 4]).split())
    return text if 0 < len(text) <= MAX_FIELD else None


def _headline(heads: list[str], titles: list[str]) -> str | None:
    """The h1 that the head's title means; the head's title where no h1 does; a lone h1 without one.

    The name of the site or section is an h1 on many pages, and a part of the title: one word in common is too little.
    """
    for head in heads:
        if any(_overlap(head, title) >= 0.5 for title in titles):
            return head
    return titles[0] if titles else (heads[0] if len(heads) == 1 else None)


def _overlap(a: str, b: str) -> float:
    one, other = set(_WORD.findall(a.lower())), set(_WORD.findall(b.lower()))
    common = len(one & other)
    return common / min(len(one), len(other)) if common > 1 else float(one == other)


def _without_site(title: str | None, site: str | None) -> str | None:
    """A document's title without the site's name at its end or start."""
    if not title:
        return None
    pieces = _SEPARATOR.split(title)
    if len(pieces) == 1:
        return title
    if site and pieces[0].lower() == site.lower():
        return title[len(pieces[0]) :].lstrip(" |•·»–—:-")
    return max(pieces[0], title[: -len(pieces[-1])].rstrip(" |•·»–—:-"), key=len)


def _name(value: Any) -> str | None:
    """The name of a person or publication, however JSON-LD wraps it."""
    if isinstance(value, list):
        value = value[0] if value else None
    return _text(value.get("name")) if isinstance(value, dict) else _text(value)


def _authors(value: Any) -> str | None:
    names = [name for one in (value if isinstance(value, list) else [value])[:8] if (name := _name(one))]
    return ", ".join(dict.fromkeys(name for name in names if not is_web(name))) or None


_BY = re.compile(r"^(?:by|par|von)\s+", re.IGNORECASE)
_AUTHOR_CLASS = re.compile(r"(?<![a-z])(?:authors?|byline|auteurs?|autor|autoren|autorin)(?![a-z])", re.IGNORECASE)
_NO_AUTHOR_CLASS = re.compile(r"comment|avatar|image|photo|bio|social|follow|date|time", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][^\d:@/|?!]*$")
MAX_NAME = 80
"""Characters of the names in a byline."""
_AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "byl", "rel:author")


def _author(meta: Mapping[str, str]) -> str | None:
    found = (_BY.sub("", _text(meta.get(name)) or "") for name in _AUTHORS)
    return next((name for name in found if name and not is_web(name) and len(name) < 120), None)


def shown_author(tree: Any) -> str | None:
    """The name that stands in an element called author or byline; for pages that name nobody otherwise."""
    for element in tree.xpath("//body//*[@class]"):
        if _AUTHOR_CLASS.search(element.get("class")) and not _NO_AUTHOR_CLASS.search(element.get("class")):
            name = _BY.sub("", _text(element.text_content()[: MAX_FIELD * 2]) or "")
            capitals = sum(word[0].isupper() for word in name.split())
            if 3 <= len(name) <= MAX_NAME and _NAME.match(name) and capitals >= min(2, len(name.split())):
                return name
    return None


def _first_date(*values: Any) -> datetime | None:
    return next((moment for value in values if isinstance(value, str) and (moment := _date(value))), None)


def _date(value: str) -> datetime | None:
    value = value.strip()
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return find_date(value[:100])
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment.year >= OLDEST and moment.date() != _EPOCH else None


def _shown_date(tree: Any) -> datetime | None:
    """The first machine-readable time in the page's body."""
    times = (element.get("datetime") for element in tree.iter("time"))
    return _first_date(*(value for value, _ in zip(times, range(3), strict=False) if value))


def guess_date(tree: Any, url: str | None) -> datetime | None:
    """The date htmldate finds on a page that states none; None where it finds none either."""
    import htmldate

    try:
        found = htmldate.find_date(tree, url=url, original_date=True, extensive_search=False)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None  # it raises these on odd pages
    return _date(found) if found else None


def _link(tree: Any, relation: str) -> str | None:
    for element in tree.iter("link"):
        if relation in (element.get("rel") or "").lower().split() and element.get("href"):
            return str(element.get("href")).strip()
    return None


def _language(*values: Any) -> str | None:
    """The first that is a language code, as ISO 639-1."""
    for value in _flat(values):
        if isinstance(value, str) and (match := _LANGUAGE.match(value.strip())):
            return match.group().lower()
    return None


def _image(value: Any, meta: Mapping[str, str], url: str | None) -> str | None:
    named = [one.get("url") if isinstance(one, dict) else one for one in _flat([value])]
    for one in (meta.get("og:image"), meta.get("og:image:url"), *named, meta.get("twitter:image")):
        if isinstance(one, str) and len(one) <= 2048 and is_web(absolute := urljoin(url or "", unescape(one.strip()))):
            return absolute
    return None


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value[:5]
        else:
            yield value
