"""`ingest eval clean`: the figures of extraction on labelled pages, as the scorer beside the data prints them."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from unicodedata import is_normalized, normalize

import typer

from ingest.cli.evaluation.clean_metric import LineCounts, Shares, shares, summary, text_shares
from ingest.cli.evaluation.labelled import Document, data_folder, has_only_pages, read_documents, rows_of
from ingest.extract import DictSiteMemory, SiteMemory, extract_lines, extract_page
from ingest.types import Page, Rejection

VIEWS = ("window", "full")
MIN_SITE = 4
"""Documents a site needs for the leave-one-out with site memory."""


def clean(
    data: Annotated[
        Path,
        typer.Option(help="Folder with the data: boilerplate/, or that folder itself; or pages labelled line by line."),
    ],
    task: Annotated[str, typer.Option(help="html, text or all.")] = "all",
    memory: Annotated[bool, typer.Option(help="Also leave one out with what a site repeats.")] = False,
) -> None:
    """Measure extraction: shingle and line scores on labelled pages.

    Example: ingest eval clean --data benchmarks/pages
    """
    if task == "html" or (task == "all" and not has_only_pages(data)):
        print(html_report(data_folder(data)))
    if task in ("text", "all"):
        documents = read_documents(data)
        for view in VIEWS:
            print(text_report(documents, view, kept_lines(documents, view)))
        if memory:
            for view in VIEWS:
                print(memory_report(documents, view))


def kept_lines(documents: Sequence[Document], view: str, memory: SiteMemory | None = None) -> dict[str, set[int]]:
    """Which lines of each document the line cleaner keeps, by document id."""
    kept = {}
    for document in documents:
        found = extract_lines(
            [line.text for line in document.view(view)], url=f"https://{document.site}/", memory=memory
        )
        blocks = () if isinstance(found, Rejection) else found.blocks
        kept[document.id] = {block.line for block in blocks if block.kept and block.line is not None}
    return kept


def text_report(documents: Sequence[Document], view: str, kept: Mapping[str, Collection[int]]) -> str:
    """The table of the text task: one row a language, with shingle and line scores."""
    texts: dict[str, list[Shares]] = {}
    counts: dict[str, LineCounts] = {}
    for document in documents:
        if document.id not in kept:
            continue
        lines = document.view(view)
        one = text_shares(lines, kept[document.id])
        for group in document.groups:
            texts.setdefault(group, []).append(one)
            counts.setdefault(group, LineCounts()).add(lines, kept[document.id])
    head = (f"view: {view}", "docs", "text (4-word shingles)", "content lines", "boilerplate lines", "chars")
    rows = [
        "{:<28} {:>5} | {:<23} | {:<23} | {:<23} | {}".format(*head),
        f"{'':<28} {'':>5} | {_PRF} | {_PRF} | {_PRF} | {'lost':>6} {'leak':>6}",
    ]
    for group in sorted(texts, key=lambda name: (name == "seed", name)):
        total, lines_of = summary(texts[group]), counts[group]
        triples = ((total.precision, total.recall, total.f1), lines_of.content(), lines_of.furniture())
        figures = " | ".join(" ".join(f"{number:7.3f}" for number in triple) for triple in triples)
        chars = f"{100 * lines_of.lost():5.1f}% {100 * lines_of.leak():5.1f}%"
        rows.append(f"{group:<28} {len(texts[group]):>5} | {figures} | {chars}")
    return "\n".join(rows)


_PRF = f"{'P':>7} {'R':>7} {'F1':>7}"


def html_report(folder: Path, texts: Mapping[str, str] | None = None) -> str:
    """The table of the HTML task: one row a language.

    texts: what was extracted of each page, by id; None: extract it now. Where a gold text is not NFC, which extracted
    text always is, no words with accents can agree: a second row of all pages has both sides in NFC.
    """
    groups: dict[str, list[Shares]] = {}
    decomposed = 0
    for row, html in read_pages(folder):
        gold = (folder / "gold" / f"{row['id']}.txt").read_text("utf-8")
        text = page_text(html, row["url"]) if texts is None else texts[row["id"]]
        one = shares(gold, text, row["optional"])
        composed = one
        if not is_normalized("NFC", gold):
            decomposed += 1
            composed = shares(*(normalize("NFC", part) for part in (gold, text, row["optional"])))
        for group in ("all", row["lang"]):
            groups.setdefault(group, []).append(one)
            groups.setdefault(f"{group} (NFC)", []).append(composed)
    rows = [f"{'':<9} {'pages':>6} {'precision':>10} {'recall':>7} {'F1':>7} {'F1 < 0.8':>11}"]
    for group, found in sorted(groups.items(), key=lambda item: ("NFC" in item[0], item[0])):
        if "NFC" in group and (not decomposed or found == groups[group.removesuffix(" (NFC)")]):
            continue
        total = summary(found)
        rows.append(
            f"{group:<9} {len(found):>6} {total.precision:>10.3f} {total.recall:>7.3f} {total.f1:>7.3f}"
            f" {total.wrong:>11}"
        )
    return "\n".join(rows)


def read_pages(folder: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each page of `pages.jsonl` with its HTML, from `html/` or from the archive beside it."""
    pages = {f"html/{row['id']}.html": row for row in rows_of(folder / "pages.jsonl")}
    if (folder / "html").is_dir():
        for name, row in pages.items():
            yield row, (folder / name).read_bytes()
        return
    with tarfile.open(folder / "html.tar.xz") as archive:
        for member in archive:
            if member.name in pages and (file := archive.extractfile(member)) is not None:
                yield pages[member.name], file.read()


def page_text(html: bytes, url: str | None) -> str:
    """What extraction makes of a page; "" where it is rejected."""
    found = extract_page(Page(html, "text/html", None, url, datetime.now(UTC)))
    return "" if isinstance(found, Rejection) else found.text


def memory_report(documents: Sequence[Document], view: str) -> str:
    """Documents of sites with enough of them, each judged knowing all the others; without memory first."""
    sites: dict[str, list[Document]] = {}
    for document in documents:
        sites.setdefault(document.site, []).append(document)
    chosen = [document for group in sites.values() if len(group) >= MIN_SITE for document in group]
    without = kept_lines(chosen, view)
    knowing: dict[str, set[int]] = {}
    for document in chosen:
        memory = DictSiteMemory()
        for other in sites[document.site]:
            if other.id != document.id:
                found = extract_lines([line.text for line in other.lines], url=f"https://{other.site}/")
                if not isinstance(found, Rejection):
                    memory.learn(document.site, other.id, found.blocks)
        knowing |= kept_lines([document], view, memory)
    return "\n".join(
        f"{name}\n{text_report(chosen, view, kept)}"
        for name, kept in (("sites with memory off", without), ("sites with memory on", knowing))
    )
