"""How well extraction does beside its peers on the same data: HTML pages, lines as a window, lines of whole dumps.

Ours is judged by trees that never saw the site (8 folds by site, as `fit_lines.py` and `fit_pages.py` print it), which
takes LightGBM; without it the weights that ship are, and the row says that they saw this data. Peers that are not
installed are left out. On lines the HTML tools get every line as a paragraph, which is all that they can be given.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ingest.cli.evaluation.clean import VIEWS, kept_lines, page_text, read_pages
from ingest.cli.evaluation.clean_metric import LineCounts, Summary, shares, summary, text_shares
from ingest.cli.evaluation.labelled import Document, read_documents
from ingest.extract.decode import decode
from ingest.extract.features import densest_run
from ingest.extract.vote import parse, readability_text, resiliparse_text
from ingest.extract.wording import is_sentence

STOPLISTS = {"fr": "French", "de": "German", "en": "English"}
MOSTLY, SHINGLE = 0.6, 4
"""A line counts as kept by a tool that gives text where it is there whole, or so much of its shingles is."""

_TOKEN = re.compile(r"\w+")

Extractor = Callable[[str, str], str]
"""The text of a page's HTML in a language."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table; `lines` is the F1 of content lines, None for pages."""

    name: str
    text: Summary
    lines: float | None = None


def tables(folder: Path, seeds: int) -> Iterator[str]:
    """The tables of pages, windows and whole dumps, the best peer's margin under each.

    seeds: how many ways to share the sites out are averaged for ours.
    """
    yield _table("HTML", [*_page_peers(folder), *_our_pages(folder, seeds)])
    documents = [document for document in read_documents(folder) if document.source != "seed"]
    ours = _our_lines(folder, documents, seeds)
    for view in VIEWS:
        yield _table(view, [*_line_peers(documents, view), *ours[view]])


def _table(head: str, rows: Sequence[Score]) -> str:
    """The rows, best peer's figures minus ours last; ours is the last row."""
    lines = [f"{head:<44} {'P':>7} {'R':>7} {'F1':>7} {'lines':>7} {'F1 < .8':>8}"]
    for row in rows:
        text = row.text
        shown = f"{row.lines:7.3f}" if row.lines is not None else f"{'–':>7}"
        lines.append(f"{row.name:<44} {text.precision:7.3f} {text.recall:7.3f} {text.f1:7.3f} {shown} {text.wrong:>8}")
    *peers, ours = rows
    margin = f"{ours.text.f1 - max(row.text.f1 for row in peers):+7.3f}"
    if ours.lines is not None:
        margin += f" {ours.lines - max(row.lines or 0.0 for row in peers):+7.3f}"
    return "\n".join([*lines, f"{'margin over the best peer of each column':<60} {margin}"])


# ---------------------------------------------------------------- pages
def _page_peers(folder: Path) -> Iterator[Score]:
    pages = [(row, decode(raw, None)) for row, raw in read_pages(folder)]
    for name, extract in _extractors().items():
        yield Score(name, _judged(folder, {row["id"]: extract(page, row["lang"]) for row, page in pages}))


def _judged(folder: Path, texts: Mapping[str, str]) -> Summary:
    """As the scorer beside the data judges: gold texts as they are, in whatever normal form."""
    return summary(
        [
            shares((folder / "gold" / f"{row['id']}.txt").read_text("utf-8"), texts[row["id"]], row["optional"])
            for row, _ in read_pages(folder)
        ]
    )


def _our_pages(folder: Path, seeds: int) -> Iterator[Score]:
    if find_spec("lightgbm") is None:
        texts = {row["id"]: page_text(raw, row["url"]) for row, raw in read_pages(folder)}
        yield Score("newsfold, weights that SAW this data", _judged(folder, texts))
        return
    from fit_pages import cross_validated, read_samples

    samples = read_samples(folder)
    rounds = [_judged(folder, cross_validated(samples, seed)) for seed in range(3, 3 + seeds)]
    yield Score("newsfold, cross-validated by site", _mean(rounds))


# ---------------------------------------------------------------- lines
def _line_peers(documents: Sequence[Document], view: str) -> Iterator[Score]:
    yield _scored("every line", documents, view, lambda texts, _: range(len(texts)))
    yield _scored("lines of 80 characters that end a sentence", documents, view, _sentences)
    yield _scored("the densest run of such lines", documents, view, _densest)
    for name, extract in _extractors().items():
        yield _scored(name, documents, view, _wrapped(extract))


def _our_lines(folder: Path, documents: Sequence[Document], seeds: int) -> dict[str, list[Score]]:
    if find_spec("lightgbm") is None:
        name = "newsfold, weights that SAW this data"
        return {view: [_score(name, documents, view, kept_lines(documents, view))] for view in VIEWS}
    from fit_lines import cross_validated, trees_by_site, views_of, views_of_pages

    views, pages = views_of(documents), views_of_pages()
    rounds: dict[str, list[Score]] = {view: [] for view in VIEWS}
    for seed in range(3, 3 + seeds):
        trees = trees_by_site(documents, views, pages, seed)
        for view in VIEWS:
            rounds[view].append(_score("", documents, view, cross_validated(documents, trees, view)))
    name = "newsfold, cross-validated by site"
    return {
        view: [Score(name, _mean([one.text for one in found]), sum(one.lines or 0.0 for one in found) / seeds)]
        for view, found in rounds.items()
    }


def _scored(
    name: str, documents: Sequence[Document], view: str, keep: Callable[[Sequence[str], str], Iterable[int]]
) -> Score:
    kept = {one.id: set(keep([line.text for line in one.view(view)], one.lang)) for one in documents}
    return _score(name, documents, view, kept)


def _score(name: str, documents: Sequence[Document], view: str, kept: Mapping[str, set[int]]) -> Score:
    counts = LineCounts()
    for document in documents:
        counts.add(document.view(view), kept[document.id])
    text = summary([text_shares(document.view(view), kept[document.id]) for document in documents])
    return Score(name, text, counts.content()[2])


def _mean(rounds: Sequence[Summary]) -> Summary:
    count = len(rounds)
    return Summary(
        sum(one.precision for one in rounds) / count,
        sum(one.recall for one in rounds) / count,
        sum(one.f1 for one in rounds) / count,
        round(sum(one.wrong for one in rounds) / count),
    )


def _sentences(texts: Sequence[str], _: str) -> list[int]:
    return [number for number, text in enumerate(texts) if is_sentence(text)]


def _densest(texts: Sequence[str], _: str) -> range:
    return range(*densest_run(min(len(one), 600) if is_sentence(one) else -min(60, 15 + len(one)) for one in texts))


def _wrapped(extract: Extractor) -> Callable[[Sequence[str], str], list[int]]:
    """Which lines an HTML tool keeps when each is a paragraph."""

    def keep(texts: Sequence[str], lang: str) -> list[int]:
        body = "\n".join(f"<p>{html.escape(text)}</p>" for text in texts)
        found = extract(f"<html><body>{body}</body></html>", lang)
        whole = {tuple(_words(line)) for line in found.split("\n")}
        shingles = set(_shingles(_words(found)))
        return [number for number, text in enumerate(texts) if _is_in(_words(text), whole, shingles)]

    return keep


def _is_in(words: Sequence[str], whole: set[tuple[str, ...]], shingles: set[tuple[str, ...]]) -> bool:
    own = _shingles(words)
    return bool(words) and (tuple(words) in whole or sum(one in shingles for one in own) >= max(1, MOSTLY * len(own)))


def _words(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())


def _shingles(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)]


# ---------------------------------------------------------------- the peers
def _extractors() -> dict[str, Extractor]:
    """The peers that are installed, by name."""
    known: dict[str, Extractor] = {
        "trafilatura": _trafilatura,
        "readability": lambda page, _: readability_text(tree) if (tree := parse(page)) is not None else "",
        "resiliparse": lambda page, _: resiliparse_text(page),
        "justext": _justext,
    }
    return {name: extract for name, extract in known.items() if find_spec(name) is not None}


def _trafilatura(page: str, _: str) -> str:
    import trafilatura

    return trafilatura.extract(page, include_comments=False) or ""


def _justext(page: str, lang: str) -> str:
    import justext

    found: Any = justext.justext(page.encode(), justext.get_stoplist(STOPLISTS[lang]), encoding="utf-8")
    return "\n".join(one.text for one in found if not one.is_boilerplate)
