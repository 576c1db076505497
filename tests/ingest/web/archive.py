"""An archive that came in through the real pipeline: copies, translations, a site with furniture, and foul text."""

from __future__ import annotations

import html
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.settings import Settings
from ingest.store.migrations import upgrade
from ingest.store.schema import documents as documents_table
from ingest.store.schema import matches
from ingest.store.texts import documents
from ingest.types import Page, State
from workers.runtime import build

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "benchmarks" / "samples"

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'-alert(3)-'",
    "{{ 7 * 7 }}",
    "javascript:alert(4)",
    "</title><svg onload=alert(5)>",
    "\u202egnihton",
)
NAUGHTY = (
    *EVIL,
    "undefined", "null", "NaN", "1/0", "0x7fffffff", "-1", "1E+1000", "١٢٣", "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて下さい",
    "ﺏﺎﻠﺘﺣﺪﻳﺩ", "𝕋𝕙𝕖 𝕢𝕦𝕚𝕔𝕜", "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤", "👩‍👩‍👧‍👦🏳️‍🌈", "\ufeff", "\u200b\u200c\u200d", "\u2066x\u2069", "%s%n%x",
    "../../../etc/passwd", "$(touch /tmp/x)", "`id`", "'; DROP TABLE articles;--", "<!--#exec-->", "&lt;b&gt;",
    "<a href=javascript:alert(6)>x</a>", "<style>*{display:none}</style>", "<iframe src=data:text/html,x></iframe>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(7)>", "{% raw %}", "${7*7}", "]]>",
    "http://a/%%30%30", "CON", "a" * 300,
)  # fmt: skip
"""Of the kinds in the Big List of Naughty Strings, and payloads that run where escaping fails."""

NOUNS = (
    "bridge",
    "harbour",
    "council",
    "school",
    "orchard",
    "tunnel",
    "library",
    "market",
    "river",
    "museum",
    "station",
    "bakery",
    "farm",
)
VERBS = (
    "repaired",
    "closed",
    "visited",
    "praised",
    "rebuilt",
    "measured",
    "defended",
    "painted",
    "bought",
    "counted",
)
PLACES = (
    "Arlen",
    "Borsk",
    "Cadiva",
    "Dornau",
    "Elvary",
    "Fintona",
    "Gosmer",
    "Hadrel",
    "Istrin",
    "Jovalle",
    "Kerrin",
    "Lomas",
    "Mirave",
    "Norrick",
    "Oskal",
)
STORIES = 24


def bring(settings: Settings) -> None:
    """Make the archive in the settings' database."""
    runtime = build(settings)
    upgrade(runtime.database)
    ids = [*_samples(runtime), *_site(runtime), *_foul(runtime), *_stories(runtime)]
    empty = Page(b"  \n", "text/plain", None, "https://valley.example/empty", datetime.now(UTC))
    broken = Page(b"?", "text/plain", None, "https://valley.example/broken", datetime.now(UTC))
    ids.append(_push(runtime, empty, None))
    for id_ in ids:
        extract_page(id_, runtime)
    while translate_documents(runtime):
        pass
    for id_ in ids:
        cluster_article(id_, runtime)
    failed = _push(runtime, broken, None)
    with runtime.database.writing() as connection:
        ending = {"state": State.QUARANTINED, "reason": "worker-lost", "detail": "the worker vanished in attempt 3"}
        connection.execute(
            update(documents_table).where(documents_table.c.id == failed).values(stage="extract", **ending)
        )
        held = connection.execute(select(matches.c.a, matches.c.b).where(matches.c.rule == "weighed-evidence")).all()
        for place, pair in enumerate(held):  # whatever their score: these are the pairs to be looked at
            chosen = (matches.c.a == pair.a) & (matches.c.b == pair.b)
            connection.execute(update(matches).where(chosen).values(score=0.1 + place / 1000))
    runtime.database.close()


def _push(runtime: Runtime, page: Page, source: str | None) -> str:
    with runtime.database.writing() as connection:
        return documents.admit_page(connection, page, origin="push", source=source).document_id


def _samples(runtime: Runtime) -> list[str]:
    now = datetime.now(UTC)
    ids = []
    for hours, path in enumerate(sorted(SAMPLES.glob("*.txt"))):
        url, published = f"https://{path.stem}.example/dam", now - timedelta(hours=12 - 2 * hours)
        page = Page(path.read_bytes(), "text/plain", None, url, now, published=published)
        ids.append(_push(runtime, page, path.stem))
    return ids


def _site(runtime: Runtime) -> list[str]:
    """Three pages of one site, each with its furniture."""
    ids = []
    for number in range(3):
        body = "".join(f"<p>{sentence}</p>" for sentence in story(100 + number))
        text = (
            f"<html><head><title>News {number}</title></head><body><h1>News of {PLACES[number]}</h1>{body}"
            "<p>Subscribe now to read more from our newsroom</p><p>Every letter of the readers is answered</p></body>"
        )
        page = Page(text.encode(), "text/html", "utf-8", f"https://valley.example/{number}", datetime.now(UTC))
        ids.append(_push(runtime, page, None))
    return ids


def _foul(runtime: Runtime) -> list[str]:
    """One page that is nothing but trouble, its address and its source included."""
    lines = [
        f"{first} The speaker wrote {foul} on the wall." for first, foul in zip(story(7) * 9, NAUGHTY, strict=False)
    ]
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    title, headline = html.escape(EVIL[0] + EVIL[1]), html.escape(EVIL[0])
    text = f"<html><head><title>{title}</title></head><body><h1>{headline}</h1>{body}</body>"
    url = "https://evil.example/?q=%3Cscript%3Ealert(1)%3C/script%3E&x='\"><img src=x onerror=alert(8)>"
    page = Page(text.encode("utf-8", "replace"), "text/html", "utf-8", url, datetime.now(UTC), author=EVIL[1])
    return [_push(runtime, page, EVIL[0])]


def _stories(runtime: Runtime) -> list[str]:
    """Stories that came twice, the second time a little edited."""
    ids = []
    for number in range(STORIES):
        lines = story(number)
        edited = [line.replace(" in the end", " at last") for line in lines]
        edited.insert(3, f"A neighbour of {PLACES[number % 15]} said that nobody had expected it so soon.")
        for paper, told in (("Morning", lines), ("Evening", edited)):
            url = f"https://{paper.lower()}.example/{number}"
            page = Page("\n".join(told).encode(), "text/plain", None, url, datetime.now(UTC))
            ids.append(_push(runtime, page, f"{paper} Post"))
    return ids


def story(number: int) -> list[str]:
    """Eight sentences that no other story has."""
    chance = random.Random(number)
    name = f"{PLACES[number % 15]}{chance.choice('aeiou')}{chance.choice('nrst')}{number}"
    return [
        f"The {chance.choice(NOUNS)} of {name} was {chance.choice(VERBS)} by {chance.randrange(12, 990)} people from "
        f"{chance.choice(PLACES)}, and the {chance.choice(NOUNS)} beside it was {chance.choice(VERBS)} in the end "
        f"for {chance.randrange(2, 99)} thousand crowns."
        for _ in range(8)
    ]
