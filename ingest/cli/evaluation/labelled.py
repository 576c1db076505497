"""Documents of labelled lines: from a `lines.jsonl`, or from pages as people label them.

A page is a text file. It opens with two lines that say where it is from and in what language, and has one letter and
a blank before each line of the page:

    # url: https://www.example.com/harbour
    # lang: en
    b Subscribe now
    n Storm closes the harbour
    c Gusts of 110 km/h drove the ferries back on Monday.

c: text of the article. b: furniture. n: neither wanted nor a fault, such as the headline, bylines and captions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingest.cli.evaluation.clean_metric import Line
from ingest.errors import BadInput

LABELS = ("c", "b", "n")
AROUND = 5
"""Lines of furniture on either side that the window of a labelled page has."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of labelled lines; the window is the article with a few lines of furniture around it."""

    id: str
    lang: str
    site: str
    source: str
    window: tuple[int, int]
    lines: tuple[Line, ...]

    def view(self, name: str) -> tuple[Line, ...]:
        """The lines of a view, "window" or "full"."""
        return self.lines[slice(*self.window)] if name == "window" else self.lines

    @property
    def groups(self) -> tuple[str, ...]:
        """The rows of a report that the document counts in."""
        if self.source == "seed":
            return ("seed",)
        return ("all", f"{self.lang} (web, annotated lines)" if self.source == "wac" else self.lang)


def data_folder(data: Path) -> Path:
    """The folder that holds lines.jsonl: this one or its boilerplate/; BadInput where neither does."""
    for folder in (data, data / "boilerplate"):
        if (folder / "lines.jsonl").is_file():
            return folder
    raise BadInput(
        str(data),
        "a folder with lines.jsonl, with boilerplate/lines.jsonl or with labelled pages (*.txt)",
        "none of them",
    )


def read_documents(data: Path) -> list[Document]:
    """The labelled documents of a folder: of its `lines.jsonl`, else of the pages in it and below, by path."""
    if has_only_pages(data):
        return [read_labelled_page(path) for path in _pages(data)]
    return [_document(row) for row in rows_of(data_folder(data) / "lines.jsonl")]


def has_only_pages(data: Path) -> bool:
    """A folder of labelled pages without a `lines.jsonl`?"""
    files = (folder / "lines.jsonl" for folder in (data, data / "boilerplate"))
    return not any(file.is_file() for file in files) and bool(_pages(data))


def _pages(data: Path) -> list[Path]:
    """The text files in a folder and in the folders of it: one a language."""
    return sorted([*data.glob("*.txt"), *data.glob("*/*.txt")])


def read_labelled_page(path: Path) -> Document:
    """The document of one text file; BadInput names the line that has no label, or what else is missing."""
    try:
        texts = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadInput(str(path), "text in UTF-8", str(error)) from None
    head = dict(text[2:].split(": ", 1) for text in texts if text.startswith("# ") and ": " in text)
    if not {"url", "lang"} <= head.keys():
        raise BadInput(str(path), '"# url: …" and "# lang: …" at its head', f"only {sorted(head)}")
    lines = []
    for number, text in enumerate(texts, 1):
        if not text.strip() or text.startswith("# "):
            continue
        label, _, words = text.partition(" ")
        if label not in LABELS or not words.strip():
            raise BadInput(f"{path}:{number}", f"one of {', '.join(LABELS)}, a blank and text", repr(text[:40]))
        lines.append(Line(words, label))
    content = [number for number, line in enumerate(lines) if line.label == "c"]
    if not content:
        raise BadInput(str(path), "at least one line of article text (c)", f"none among {len(lines)}")
    window = (max(0, content[0] - AROUND), min(len(lines), content[-1] + 1 + AROUND))
    site = urlsplit(head["url"]).hostname or path.stem
    return Document(f"{path.parent.name}-{path.stem}", head["lang"], site, "page", window, tuple(lines))


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _document(row: Mapping[str, Any]) -> Document:
    first, end = row["window"]
    lines = tuple(_line(line) for line in row["lines"])
    return Document(row["id"], row["lang"], row["site"], row["source"], (first, end), lines)


def _line(row: Mapping[str, Any]) -> Line:
    return Line(row["t"], row["l"], row.get("k", ""), tuple(_line(part) for part in row.get("parts", ())))
