"""Speed of extraction, as ratios to trafilatura in the same run.

    python benchmarks/clean.py DATA [--pages 60] [--runs 5]
    python benchmarks/clean.py DATA --peers [--seeds 3]    quality beside the peers instead (`clean_peers.py`)

Prints the pages a CPU second that trafilatura alone does, those of the whole HTML way (vote, scorer, metadata), the
documents of the line cleaner on both views, and the ratios. Each is measured in turn with trafilatura, page by page, so
a machine that slows down slows both; and in a process of its own that has seen none of its pages: what is kept from
page to page is from this very pass. With several runs: the medians, and the least and the greatest of the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import trafilatura

from ingest.cli.evaluation.clean import VIEWS, read_pages
from ingest.cli.evaluation.labelled import data_folder, read_documents
from ingest.extract import extract_lines, extract_page
from ingest.types import Page

HTML_BAR = 0.4
"""Whole HTML way over trafilatura alone, in pages a second."""
LINES_BAR = 100 / 38
"""Documents a second of the line cleaner over pages a second of trafilatura."""


Job = Callable[[], object]
HtmlPage = tuple[Mapping[str, Any], bytes]

PLAIN = "L'Ã©tÃ© est lÃ ."
"""A line that is in no document; what repairs such text is loaded when it is met first."""


def in_turn(*kinds: Sequence[Job]) -> tuple[float, ...]:
    """How many jobs of each kind a CPU second does, where all kinds are spread evenly over the same time."""
    turns = sorted(
        ((place + 0.5) / len(jobs), kind, place) for kind, jobs in enumerate(kinds) for place in range(len(jobs))
    )
    spent = [0.0] * len(kinds)
    for _, kind, place in turns:
        start = time.process_time()
        kinds[kind][place]()
        spent[kind] += time.process_time() - start
    return tuple(len(jobs) / seconds for jobs, seconds in zip(kinds, spent, strict=True))


def trafilatura_jobs(pages: Sequence[HtmlPage], **options: bool) -> list[Job]:
    """trafilatura alone on each page."""
    return [partial(trafilatura.extract, html, url=row["url"], **options) for row, html in pages]


def html_jobs(pages: Sequence[HtmlPage]) -> list[Job]:
    """The whole HTML way on each page."""
    now = datetime.now(UTC)
    return [partial(extract_page, Page(html, "text/html", None, row["url"], now)) for row, html in pages]


def line_jobs(folder: Path, view: str) -> list[Job]:
    """The line cleaner on a view of each document."""
    return [partial(extract_lines, [line.text for line in document.view(view)]) for document in read_documents(folder)]


def in_a_fork(*kinds: Sequence[Job]) -> tuple[float, ...]:
    """`in_turn` in a process of its own, in which nothing outlives it that the jobs keep."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(in_turn(*kinds)))
    process.start()
    sender.close()
    try:
        return tuple(receiver.recv())
    finally:
        process.join()


def spread(ratios: Sequence[float]) -> str:
    """The median, and the least and the greatest where there are several."""
    return f"{median(ratios):.2f}" + (f" ({min(ratios):.2f}-{max(ratios):.2f})" if len(ratios) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--runs", type=int, default=1)
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
    pages = list(read_pages(folder))
    chosen = pages[:: max(1, len(pages) // arguments.pages)][: arguments.pages]
    first = next((page for page in pages if page not in chosen), pages[0])
    for job in (*trafilatura_jobs([first], with_metadata=True), *html_jobs([first]), lambda: extract_lines([PLAIN])):
        job()  # imports, weights, rules and the table of public suffixes are no part of it
    plain = trafilatura_jobs(chosen)
    runs = [
        (
            in_a_fork(plain, html_jobs(chosen), trafilatura_jobs(chosen, with_metadata=True)),
            *(in_a_fork(plain, line_jobs(folder, view)) for view in VIEWS),
        )
        for _ in range(arguments.runs)
    ]
    alone, whole, told = (median(rates) for rates in zip(*(html for html, *_ in runs), strict=True))
    print(f"trafilatura          {alone:7.1f} pages/s   (with metadata {told:.1f})")
    ratio = spread([html[1] / html[0] for html, *_ in runs])
    print(f"extract_page         {whole:7.1f} pages/s   ratio {ratio}, at least {HTML_BAR}")
    for number, view in enumerate(VIEWS, 1):
        ratio = spread([run[number][1] / run[number][0] for run in runs])
        speed = median(run[number][1] for run in runs)
        print(f"extract_lines {view:<6} {speed:7.1f} documents/s   ratio {ratio}, at least {LINES_BAR:.2f}")


if __name__ == "__main__":
    main()
