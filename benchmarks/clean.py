"""Speed of extraction, as ratios to trafilatura in the same run.

    python benchmarks/clean.py DATA [--pages 60]
    python benchmarks/clean.py DATA --peers [--seeds 3]    quality beside the peers instead (`clean_peers.py`)

Prints pages a second of trafilatura alone and of the whole HTML way (vote, scorer, metadata), documents a second of the
line cleaner on both views, and the ratios. CPU time, so a busy machine changes little. Each view is cleaned in a
process of its own that has seen no other page: what the cleaner remembers of a site's lines is from the same view.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import trafilatura

from ingest.cli.evaluation.clean import VIEWS, data_folder, read_documents, read_pages
from ingest.extract import extract_lines, extract_page
from ingest.types import Page

HTML_BAR = 0.4
"""Whole HTML way over trafilatura alone, in pages a second."""
LINES_BAR = 100 / 38
"""Documents a second of the line cleaner over pages a second of trafilatura."""


def per_second(work: Callable[[], object], count: int) -> float:
    """How many units a CPU second does."""
    start = time.process_time()
    work()
    return count / (time.process_time() - start)


def each(function: Callable[..., object], items: Iterable[tuple[object, ...]]) -> Callable[[], object]:
    """A run of the function over all items."""
    return lambda: [function(*item) for item in items]


def in_turn(
    one: Callable[..., object], other: Callable[..., object], items: Sequence[tuple[object, ...]]
) -> tuple[float, float]:
    """How many items a CPU second each of two functions does, both on each item before the next."""
    spent = [0.0, 0.0]
    for item in items:
        for place, function in enumerate((one, other)):
            start = time.process_time()
            function(*item)
            spent[place] += time.process_time() - start
    return len(items) / spent[0], len(items) / spent[1]


def lines_per_second(folder: Path, view: str) -> float:
    """Documents a CPU second of the line cleaner."""
    lines = [([line.text for line in document.view(view)],) for document in read_documents(folder)]
    extract_lines([*lines[0][0], "L'Ã©tÃ© est lÃ ."])  # what repairs such text is loaded when it is met first
    return per_second(each(extract_lines, lines), len(lines))


def in_a_fork(function: Callable[..., float], *arguments: object) -> float:
    """What the function says in a process of its own, in which nothing it keeps outlives it."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--peers", action="store_true", help="print how well each does, not how fast")
    parser.add_argument("--seeds", type=int, default=1, help="ways to share the sites out for the figures of ours")
    arguments = parser.parse_args()
    folder = data_folder(arguments.data)
    if arguments.peers:
        sys.path.insert(0, str(Path(__file__).parent))  # the scripts that fit import each other by their bare names
        from clean_peers import tables

        for table in tables(folder, arguments.seeds):
            print(table, flush=True)
        return
    rows = [(row, html) for row, html in read_pages(folder)]
    step = max(1, len(rows) // arguments.pages)
    chosen = rows[::step][: arguments.pages]
    now = datetime.now(UTC)
    first = Page(chosen[0][1], "text/html", None, chosen[0][0]["url"], now)
    extract_page(first)  # imports, weights and the table of public suffixes are no part of it
    trafilatura.extract(chosen[0][1])
    speeds = {view: in_a_fork(lines_per_second, folder, view) for view in VIEWS}
    alone = per_second(
        each(lambda row, html: trafilatura.extract(html, url=row["url"], with_metadata=True), chosen), len(chosen)
    )
    plain, whole = in_turn(
        lambda row, html: trafilatura.extract(html, url=row["url"]),
        lambda row, html: extract_page(Page(html, "text/html", None, row["url"], now)),
        chosen,
    )
    print(f"trafilatura          {plain:7.1f} pages/s   (with metadata {alone:.1f})")
    print(f"extract_page         {whole:7.1f} pages/s   ratio {whole / plain:.2f}, at least {HTML_BAR}")
    for view, speed in speeds.items():
        ratio = speed / plain
        print(f"extract_lines {view:<6} {speed:7.1f} documents/s   ratio {ratio:.2f}, at least {LINES_BAR:.2f}")


if __name__ == "__main__":
    main()
