"""Lists of feeds: OPML 2.0 and a plain TOML file, read and written, folders as tags, there and back without loss.

In OPML a feed stands in the folder of its first tag ("News/France" is a folder in a folder) and names all of its tags
in `category`. The TOML file is `[[feed]]` tables of url, title, language, tags, paused, obey_robots and note.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ingest.errors import BadInput
from ingest.feeds.bounds import to_utf8
from ingest.feeds.feed import language_code
from ingest.feeds.plain import MAX_NAME, one_line
from ingest.urls import canonical_url

MAX_FEEDS = 100_000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One feed of a list."""

    url: str
    title: str = ""
    site_url: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    paused: bool = False
    obey_robots: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class FeedList:
    """What a file lists: each address once, and what was wrong with the others."""

    feeds: tuple[Listed, ...]
    problems: tuple[str, ...] = ()


def listed_of(row: Mapping[Any, Any]) -> Listed:
    """A followed feed as a list writes it, from its row."""
    return Listed(
        url=row["url"],
        title=row["title"],
        site_url=row["site_url"],
        language=row["language"],
        tags=tuple(row["tags"]),
        paused=row["state"] == "paused",
        obey_robots=row["obey_robots"],
        note=row["note"],
    )


def read_list(body: bytes, name: str) -> FeedList:
    """The feeds in an OPML or TOML file, told apart by their first character. BadInput where it is neither."""
    text = to_utf8(body, None)
    if text.lstrip()[:1] == b"<":
        return read_opml(text, name)
    return read_toml(text, name)


def read_opml(body: bytes, name: str) -> FeedList:
    """The feeds in an OPML file; an outline with an address is a feed, one without is a folder."""
    import defusedxml.ElementTree
    from defusedxml import DefusedXmlException

    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadInput(name, "OPML without entity declarations", type(error).__name__) from None
    except (SyntaxError, ValueError) as error:
        raise BadInput(name, "well-formed OPML", one_line(str(error), 80)) from None
    if root.tag.rpartition("}")[2].lower() != "opml":
        raise BadInput(name, "OPML", f"<{one_line(root.tag, 40)}>")
    body_element = next((child for child in root if child.tag.lower() == "body"), None)
    return _once(_outlines(body_element, (), name)) if body_element is not None else FeedList(())


def read_toml(body: bytes, name: str) -> FeedList:
    """The feeds in a TOML file of `[[feed]]` tables."""
    try:
        tables = tomllib.loads(body.decode("utf-8")).get("feed")
    except (ValueError, RecursionError) as error:
        raise BadInput(name, "OPML or TOML", one_line(str(error), 120)) from None
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadInput(name, "tables [[feed]]", "none")
    return _once(_listed(table, f"{name}: feed {number}") for number, table in enumerate(tables, 1))


def write_opml(feeds: Iterable[Listed], title: str = "Newsfold") -> bytes:
    """An OPML file of these feeds."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    folders: dict[tuple[str, ...], Element] = {(): SubElement(root, "body")}
    for feed in feeds:
        path = tuple(feed.tags[0].split("/")) if feed.tags else ()
        outline = {
            "type": "rss",
            "text": one_line(feed.title or feed.url, MAX_NAME),
            "title": one_line(feed.title, MAX_NAME),
            "xmlUrl": feed.url,
            "htmlUrl": feed.site_url or "",
            "language": feed.language or "",
            "category": ",".join(f"/{_category(tag)}" for tag in feed.tags),
            "description": one_line(feed.note, 1_000),
            "isPaused": "true" if feed.paused else "",
            "ignoresRobots": "" if feed.obey_robots else "true",
        }
        SubElement(_folder(folders, path), "outline", {key: value for key, value in outline.items() if value})
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def write_toml(feeds: Iterable[Listed]) -> bytes:
    """A TOML file of these feeds."""
    return "\n".join(_table(feed) for feed in feeds).encode("utf-8")


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: on one line, each once, a path without empty parts."""
    parts = (
        "/".join(filter(None, (one_line(part, MAX_NAME) for part in one_line(tag, 1_000).split("/")))) for tag in tags
    )
    return tuple(dict.fromkeys(tag for tag in parts if tag))


def _folder(folders: dict[tuple[str, ...], Element], path: tuple[str, ...]) -> Element:
    if path not in folders:
        folders[path] = SubElement(_folder(folders, path[:-1]), "outline", text=one_line(path[-1], MAX_NAME))
    return folders[path]


def _outlines(element: Element, path: tuple[str, ...], name: str) -> Iterator[Listed | str]:
    if len(path) > MAX_DEPTH:
        yield f"{name}: folders deeper than {MAX_DEPTH} are left out"
        return
    for outline in element:
        said = {key.lower(): value for key, value in outline.attrib.items()}
        title = one_line(said.get("title") or said.get("text") or "", MAX_NAME)
        if "xmlurl" in said:
            folder = ("/".join(path),) if path else ()
            yield _checked(
                Listed(
                    url=said["xmlurl"],
                    title="" if title == said["xmlurl"] else title,
                    site_url=said.get("htmlurl") or None,
                    language=language_code(said.get("language")),
                    tags=(*folder, *_categories(said.get("category", ""))),
                    paused=said.get("ispaused") == "true",
                    obey_robots=said.get("ignoresrobots") != "true",
                    note=one_line(said.get("description", ""), 1_000),
                ),
                name,
            )
        yield from _outlines(outline, (*path, title.replace("/", "-")) if title else path, name)


def _listed(table: dict[str, object], where: str) -> Listed | str:
    unknown = sorted(set(table) - {"url", "title", "site_url", "language", "tags", "paused", "obey_robots", "note"})
    if unknown:
        return f"{where}: no such field: {', '.join(unknown)}"
    url, tags = table.get("url"), table.get("tags", [])
    if not isinstance(url, str):
        return f"{where}: expected a url, got {type(url).__name__}"
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return f"{where}: expected tags as a list of texts"
    site_url = table.get("site_url")
    listed = Listed(
        url=url,
        title=one_line(str(table.get("title", "")), MAX_NAME),
        site_url=site_url if isinstance(site_url, str) else None,
        language=language_code(table.get("language")),
        tags=tuple(tags),
        paused=table.get("paused") is True,
        obey_robots=table.get("obey_robots") is not False,
        note=one_line(str(table.get("note", "")), 1_000),
    )
    return _checked(listed, where)


def _checked(listed: Listed, where: str) -> Listed | str:
    try:
        return replace(listed, url=canonical_url(listed.url, tracking=True), tags=tidy_tags(listed.tags))
    except BadInput as error:
        return f"{where}: {error}"


def _once(found: Iterable[Listed | str]) -> FeedList:
    """Each address once, with the tags of every place where it stood."""
    feeds: dict[str, Listed] = {}
    problems: list[str] = []
    for item in found:
        if isinstance(item, str):
            problems.append(item)
        elif item.url in feeds:
            first = feeds[item.url]
            feeds[item.url] = replace(first, tags=tuple(dict.fromkeys((*first.tags, *item.tags))))
        elif len(feeds) >= MAX_FEEDS:
            problems.append(f"expected at most {MAX_FEEDS:,} feeds; the rest is left out")
            break
        else:
            feeds[item.url] = item
    return FeedList(tuple(feeds.values()), tuple(problems))


def _categories(value: str) -> Iterator[str]:
    """OPML 2.0: a list with commas, of paths with slashes; a comma inside a tag is written as "%2C"."""
    for part in value.split(","):
        tag = part.strip().strip("/").replace("%2C", ",").replace("%25", "%")
        if tag:
            yield tag


def _category(tag: str) -> str:
    return tag.replace("%", "%25").replace(",", "%2C")


def _table(feed: Listed) -> str:
    fields: dict[str, object] = {
        "url": feed.url,
        "title": feed.title,
        "site_url": feed.site_url or "",
        "language": feed.language or "",
        "tags": list(feed.tags),
        "note": feed.note,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in fields.items() if value]
    lines += ["paused = true"] if feed.paused else []
    lines += [] if feed.obey_robots else ["obey_robots = false"]
    return "[[feed]]\n" + "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A text or a list of texts; JSON's way of writing them is also TOML's, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
