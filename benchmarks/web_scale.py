"""How fast pages and the interface are over a large archive: python benchmarks/web_scale.py [--articles 100000]

Fills a database with made-up articles (half of them in clusters), then asks each page many times inside one process
and prints the processor's time (median and 95th percentile, ms), which a busy machine does not distort, and the bytes
of the answer, gzipped. Client and server are one process: what the client spends is in the figures.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Table, insert

from ingest.settings import Settings
from ingest.store import schema
from ingest.store.engine import Database, connect
from ingest.store.ids import new_id
from ingest.store.migrations import upgrade
from ingest.web.app import create_app

WORDS = [
    f"{a}{b}"
    for a in ("ba", "co", "di", "fe", "lu", "mo", "ra", "se", "ti", "vo")
    for b in ("mer", "nat", "rin", "sol")
]
NOW = datetime(2026, 3, 2, tzinfo=UTC)
AT_ONCE = 5_000


def main() -> None:
    """Fill, ask, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--articles", type=int, default=100_000)
    asked.add_argument("--times", type=int, default=40)
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{Path(folder) / 'scale.sqlite'}")
        upgrade(database)
        begun = time.perf_counter()
        ids, clusters = fill(database, chosen.articles)
        print(
            f"{chosen.articles:,} articles, {len(clusters):,} clusters, filled in {time.perf_counter() - begun:.0f} s"
        )
        settings = Settings(data_dir=Path(folder), open_console=True, rate_per_minute=10_000_000)
        with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
            deep = client.get("/v1/articles?limit=200").json()["next_cursor"]
            for path in paths(ids, clusters, deep):
                measure(client, path, chosen.times)
        database.close()


def paths(ids: list[str], clusters: list[str], deep: str) -> list[str]:
    """What is asked for."""
    return [
        "/",
        "/articles",
        f"/articles?cursor={deep}",
        "/articles?lang=de",
        "/articles?review=1",
        "/articles?q=bamer+conat",
        "/articles?q=zebra",
        f"/articles/{ids[777]}",
        "/clusters",
        "/clusters?order=size",
        "/clusters?order=weakest",
        f"/clusters/{clusters[77]}",
        "/documents",
        "/doubtful",
        "/v1/articles",
        "/v1/articles?fields=full&limit=50",
        f"/v1/articles/{ids[777]}",
        f"/v1/changes?since={len(ids) // 2}&limit=1000",
        f"/v1/changes?since={len(ids) // 2}&limit=200&include=articles",
        "/out/articles.atom",
    ]


def measure(client: TestClient, path: str, times: int) -> None:
    """Ask one page many times; print its line."""
    took = []
    for _ in range(times):
        begun = time.process_time()
        answer = client.get(path)
        took.append((time.process_time() - begun) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    took.sort()
    size = int(answer.headers.get("content-length", 0))
    print(
        f"{statistics.median(took):7.1f} {took[int(len(took) * 0.95) - 1]:7.1f} ms  {size:8,} B  {path[:60]}",
        flush=True,
    )


def fill(database: Database, count: int) -> tuple[list[str], list[str]]:
    """Made-up articles; every second one stands in a cluster of five."""
    chance = random.Random(1)
    ids = [new_id() for _ in range(count)]
    clusters: list[str] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, id_ in enumerate(ids, start=1):
        at = NOW - timedelta(minutes=number)
        text = "\n".join(" ".join(chance.choices(WORDS, k=40)).capitalize() + "." for _ in range(6))
        lang = chance.choice(("fr", "de", "en"))
        put(rows, "documents", document(number, id_, at, rejected=number % 50 == 0))
        put(rows, "articles", article(number, id_, at, text, lang, review=number % 200 == 0))
        put(rows, "changes", {"kind": "upsert", "article_id": id_, "revision": 1, "at": at})
        head = (number - 1) // 10 * 10
        clustered = (number - 1) % 10 < 5
        cluster = ids[head][::-1] if clustered else id_[::-1]
        kind = "near" if clustered and number - 1 != head else None
        put(
            rows,
            "members",
            {"article_id": id_, "cluster_id": cluster, "leader": id_, "words": 240, "kind": kind, "joined_at": at},
        )
        if kind is None:
            size = min(5, count - head) if clustered else 1
            made = {"id": cluster, "representative": id_, "size": size, "created_at": at, "changed_at": at}
            put(rows, "clusters", made | {"weakest": chance.random() if size > 1 else None})
            clusters += [cluster] if size > 1 else []
        else:
            a, b = sorted((ids[head], id_))
            score = chance.uniform(0.1, 40)
            put(
                rows,
                "matches",
                {
                    "a": a,
                    "b": b,
                    "estimated": 0.6,
                    "exact": 0.6,
                    "score": score,
                    "rule": "weighed-evidence",
                    "kind": "near",
                    "passages": [[0, 90, 0, 90]],
                    "at": at,
                },
            )
        if number % AT_ONCE == 0 or number == count:
            flush(database, rows)
    return ids, clusters


def document(number: int, id_: str, at: datetime, *, rejected: bool) -> dict[str, Any]:
    """A row of `documents`."""
    ending = {"state": "rejected", "reason": "no-text"} if rejected else {"state": "done", "reason": None}
    row = {"number": number, "id": id_, "key": f"id:{id_}", "origin": "push", "stage": "cluster", "created_at": at}
    return row | ending | {"next_run_at": at, "changed_at": at, "revision": 1}


def article(number: int, id_: str, at: datetime, text: str, lang: str, *, review: bool) -> dict[str, Any]:
    """A row of `articles`, aligned line by line."""
    sentences, start = [], 0
    for line in text.split("\n"):
        place = {"start": start, "end": start + len(line), "target_start": start, "target_end": start + len(line)}
        sentences.append({"source": line, "target": line, "lang": lang, "model": "fr-de-en@1"} | place)
        start += len(line) + 1
    return {
        "id": id_,
        "number": number,
        "revision": 1,
        "url": f"https://example.org/{number}",
        "source": f"Source {number % 300}",
        "published": at,
        "seen": at,
        "sort_at": at,
        "title": text.split(".")[0][:70],
        "text": text,
        "original_title": text.split(".")[0][:70],
        "original_text": text,
        "lang": lang,
        "spans": [[0, len(text), lang]],
        "title_sentences": [],
        "sentences": sentences,
        "flags": ["needs-review"] if review else [],
        "needs_review": review,
        "credits": [],
        "text_digest": id_,
        "changed_at": at,
    }


def put(rows: dict[str, list[dict[str, Any]]], table: str, row: dict[str, Any]) -> None:
    """Remember a row to insert."""
    rows.setdefault(table, []).append(row)


def flush(database: Database, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Insert what is remembered."""
    with database.writing() as connection:
        for name, made in rows.items():
            table: Table = schema.metadata.tables[name]
            connection.execute(insert(table), made)
    rows.clear()


if __name__ == "__main__":
    main()
