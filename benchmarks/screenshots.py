"""Pictures of the console for the README: real pages of a real run, taken by headless Chromium.

    python -m benchmarks.screenshots [--out docs] [--page NAME …] [--dark] [--width 1280]

Takes the five documents of `seeds/`, the samples beside this file (one story from four sources), edited copies of one
of them and three pages of one site through the stages in a database of its own, serves the console with everything it
is handed in earnest, and photographs every page. Needs the extra `dev` and a Chromium: the one named by
CHROMIUM, else /usr/bin/chromium, else Playwright's own.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, select, update

from ingest import logs
from ingest.pipeline import decisions
from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.publish.signing import new_secret
from ingest.settings import Settings
from ingest.store import schema
from ingest.store.consumers import tokens, webhooks
from ingest.store.duplicates import cluster_listing
from ingest.store.migrations import upgrade
from ingest.store.operators import audit, people
from ingest.store.queue import standing
from ingest.store.sources import feeds, pins, site_memory
from ingest.store.texts import documents, listing
from ingest.types import Link, Page, State
from ingest.web.ui.decisions import ACTS
from workers.console import console
from workers.runtime import build

ROOT = Path(__file__).parent.parent
SAMPLES = Path(__file__).parent / "samples"
SOURCES = {
    "barrage-fr": ("Le Courrier du Val", "https://courrier.example/barrage"),
    "barrage-fr-2": ("L'Écho des Lacs", "https://echo.example/lunaise"),
    "barrage-de": ("Der Bote", "https://bote.example/staudamm"),
    "barrage-en": ("The Valley Post", "https://post.example/dam"),
}
ADDED = (
    "The council had asked for the money since spring.",
    "Two farms above the lake were cut off for a week.",
    "The opposition speaks of years of neglect and promises.",
    "A second survey is to follow in the autumn of next year.",
    "Engineers from the capital examined the northern wall twice.",
)
FEEDS = (
    ("https://courrier.example/rss", "Le Courrier du Val", "fr"),
    ("https://bote.example/feed", "Der Bote", "de"),
    ("https://post.example/atom", "The Valley Post", "en"),
)
MOST_BYTES = 300_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """Take the pictures that are asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, default=ROOT / "docs")
    asked.add_argument("--page", action="append", help="only this page; several times for several")
    asked.add_argument("--dark", action="store_true")
    asked.add_argument("--width", type=int, default=1280)
    asked.add_argument("--height", type=int, default=1000)
    chosen = asked.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), open_console=True, log_level="warning")
        logs.configure(settings)
        runtime = build(settings)
        upgrade(runtime.database)
        fill(runtime)
        furnish(runtime)
        pages = {name: path for name, path in paths(runtime).items() if not chosen.page or name in chosen.page}
        with serving(settings) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            for name, path in pages.items():
                file = chosen.out / f"{name}{'-dark' if chosen.dark else ''}.png"
                photograph(browser, address + path, file, chosen.width, chosen.height, chosen.dark)
                print(f"{file}  {file.stat().st_size:,} bytes")
            browser.close()
        runtime.database.close()


def fill(runtime: Runtime) -> None:
    """Take seeds and samples through every stage."""
    now = datetime.now(UTC)
    ids = []
    with runtime.database.writing() as connection:
        for path in sorted((ROOT / "seeds").glob("0*.txt")):
            page = Page(path.read_bytes(), "text/plain", None, None, now)
            ids.append(documents.admit_page(connection, page, origin="file", given_id=path.stem).document_id)
        for hours, path in enumerate(sorted(SAMPLES.glob("*.txt"))):
            source, url = SOURCES[path.stem]
            published = now - timedelta(hours=12 - 2 * hours)
            page = Page(path.read_bytes(), "text/plain", None, url, now, published=published)
            ids.append(documents.admit_page(connection, page, origin="push", source=source).document_id)
        ids += [admit(connection, *given) for given in (*copies(now), *site_pages(now))]
        empty = Page(b"   \n", "text/plain", None, None, now)
        ids.append(documents.admit_page(connection, empty, origin="file", given_id="empty.txt").document_id)
    for id_ in ids:
        extract_page(id_, runtime)
    while translate_documents(runtime):
        pass
    for id_ in ids:
        cluster_article(id_, runtime)
    with runtime.database.reading() as connection:
        states = standing.count_states(connection)
    if states[State.DONE] != len(ids) - 1:
        sys.exit(f"expected {len(ids) - 1} articles, got {dict(states)}")


def admit(connection: Connection, page: Page, source: str | None) -> str:
    """Let a page in; its document's id."""
    return documents.admit_page(connection, page, origin="push", source=source).document_id


def copies(now: datetime) -> Iterator[tuple[Page, str | None]]:
    """The English sample in sixteen papers: word for word in four of them, edited in the others."""
    chance = random.Random(4)
    lines = [line for line in (SAMPLES / "barrage-en.txt").read_text(encoding="utf-8").split("\n") if line.strip()]
    for number in range(16):
        told = list(lines)
        for _ in range(chance.randint(1, 3) if number >= 4 else 0):
            told.insert(chance.randrange(len(told)), chance.choice(ADDED))
        if number > 9:
            del told[chance.randrange(2, len(told))]
        url, published = f"https://paper{number}.example/dam", now - timedelta(minutes=700 - 30 * number)
        yield Page("\n".join(told).encode(), "text/plain", None, url, now, published=published), f"Paper {number + 1}"


def site_pages(now: datetime) -> Iterator[tuple[Page, str | None]]:
    """Pages of one site, each with the site's furniture."""
    for number, topic in enumerate(("The harvest of the orchards", "A new night train", "The museum of clocks")):
        days = "".join(
            f"<p>{topic} was discussed on day {day} by {19 * day + 30} people from the valley, who asked "
            f"about the money again, and the answer took {7 * day + 9} minutes.</p>"
            for day in range(6)
        )
        above, below = "Subscribe to read more from our newsroom", "All rights reserved by the Post"
        body = f"<h1>{topic}</h1><p>{above}</p>{days}<p>{below}</p>"
        html = f"<html><head><title>{topic}</title></head><body>{body}</body></html>"
        yield Page(html.encode(), "text/html", "utf-8", f"https://post.example/{number}", now), None


def furnish(runtime: Runtime) -> None:
    """What people would have done by now: feeds, people, a token, a pin, pairs to look at."""
    now = datetime.now(UTC)
    with runtime.database.writing() as connection:
        for url, title, tag in FEEDS:
            feeds.add(connection, url, title=title, tags=["news", tag], language=tag)
        trouble = {
            "failures": 3,
            "last_status": 503,
            "last_error": f"{FEEDS[1][0]}: answered 503",
            "last_polled_at": now,
        }
        connection.execute(update(schema.feeds).where(schema.feeds.c.url == FEEDS[1][0]).values(**trouble))
        people.add(connection, "ada", people.Role.ADMIN)
        people.add(connection, "otto", people.Role.OPERATOR)
        webhooks.add(connection, "https://reader.example/newsfold", new_secret(), who="ada", name="The reader")
        tokens.make(connection, "newsletter", [tokens.Scope.READ], who="ada", days=90)
        blocks = site_memory.repeated(connection, "post.example")
        for block in blocks[:1]:
            pinned = {"keep": False, "who": "otto", "now": now}
            pins.pin(connection, "post.example", block.fingerprint, block.sample, **pinned)
        held = connection.execute(
            select(schema.matches).where(schema.matches.c.rule == "weighed-evidence").limit(8)
        ).all()
        for place, pair in enumerate(held):  # whatever their score: pairs for the queue
            both = (schema.matches.c.a == pair.a) & (schema.matches.c.b == pair.b)
            connection.execute(update(schema.matches).where(both).values(score=0.1 + place / 10))
        for pair, link, who in zip(
            held[-3:], (Link.MUST, Link.CANNOT, Link.MUST), ("otto", "ada", "otto"), strict=False
        ):
            made = decisions.decide(connection, link, pair.a, pair.b, who=who, why="")
            audit.note(connection, who, ACTS[link], f"article:{pair.a}", other=pair.b, decision=made.id)
            if link is Link.CANNOT:
                decisions.undo(connection, made.id, who=who)
                audit.note(connection, who, "undo", f"article:{pair.a}", other=pair.b, decision=made.id)


def paths(runtime: Runtime) -> dict[str, str]:
    """The pages worth a picture, by the picture's name."""
    with runtime.database.reading() as connection:
        found = listing.list_articles(connection).rows
        largest = cluster_listing.list_clusters(connection, order="size").rows
        translated = next(row for row in largest if row.size > 1 and len(row.langs) > 1 and row.size < 10)
        pair = listing.cluster_members(connection, translated.id)
        feed_id = connection.scalar(select(schema.feeds.c.id).where(schema.feeds.c.url == FEEDS[1][0]))
        mixed = next(row for row in found if "14" in row.original_title and row.size == 1)
    return {
        "articles": "/articles",
        "article": f"/articles/{mixed.id}",
        "clusters": "/clusters",
        "overview": "/",
        "documents": "/documents",
        "feeds": "/feeds",
        "feed": f"/feeds/{feed_id}",
        "webhooks": "/webhooks",
        "sites": "/sites",
        "site": "/sites/post.example",
        "models": "/models",
        "access": "/access",
        "audit": "/audit",
        "decisions": "/decisions",
        "doubtful": "/doubtful",
        "cluster-large": f"/clusters/{largest[0].id}",
        "cluster": f"/clusters/{translated.id}",
        "compare": f"/compare?a={pair[0].id}&b={pair[1].id}",
        "takedown": f"/articles/{mixed.id}/takedown",
    }


def photograph(browser: Browser, url: str, file: Path, width: int, height: int, dark: bool) -> None:
    """One picture; an error on the page, or a picture too large for the repository, ends the run."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.on("console", lambda message: sys.exit(f"{url}: {message.text}") if message.type == "error" else None)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    ends = page.evaluate("document.querySelector('main').lastElementChild.getBoundingClientRect().bottom")
    page.screenshot(path=file, clip={"x": 0, "y": 0, "width": width, "height": min(height, int(ends) + 40)})
    context.close()
    shrink(file)
    if file.stat().st_size >= MOST_BYTES:
        sys.exit(f"{file}: expected under {MOST_BYTES:,} bytes, got {file.stat().st_size:,}")


def shrink(file: Path) -> None:
    """Text on paper needs no more than 256 colours: half of the bytes, and no difference to see."""
    from PIL import Image

    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The console at a free port; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(console(settings), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def chromium() -> str | None:
    """The browser to use; None: Playwright's own."""
    named = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return named if Path(named).exists() else None


if __name__ == "__main__":
    main()
