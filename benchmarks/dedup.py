"""Speed and size of clustering against what is in the window and in the archive, with peers beside it.

    python benchmarks/dedup.py OUT [--window 10000 100000] [--archive 1000000] [--documents 4000] [--postgresql URL]
    python benchmarks/dedup.py OUT --sqlite URL --fill    and later the same without --fill: measured apart

Synthetic news (`benchmarks.news`). The window is filled in bulk, with real signatures, keys and vectors and without
comparing; the archive behind it are copies of those rows under other numbers, sixty days old: signatures, articles,
members and clusters, but nothing in the index. Then DOCUMENTS articles go through the whole stage (stems, signature,
look-up, verification, joining, evidence, related accounts, change sequence) 50 a transaction, and as many as tasks of
one (claimed, read, finished). As many old texts leave the index meanwhile, as in a running service, so that the window
stays as large as it is said to be: four thousand at a time, so DOCUMENTS should be a multiple
of that. The process holds the index in memory, as a worker does that clusters this much; how long that took to load
and how large it is stands beside the figures. OUT gets results.json and cost.png; what an earlier run measured there
stays unless it is measured again.

Rates are given by the clock and by the processor's time of this process: on a busy machine only the second says much.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy import func, insert, select, text, update

from benchmarks import dedup_peers
from benchmarks.dedup_plot import plot
from benchmarks.news import News
from ingest.dedup.features import pack
from ingest.dedup.minhash import SCHEME
from ingest.dedup.normalize import digest
from ingest.pipeline import window
from ingest.pipeline.cluster import cluster_article, cluster_together
from ingest.pipeline.compare import Newcomer, newcomer, text_of
from ingest.pipeline.lookup import Lookup, Rows
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.texts import Span
from ingest.settings import Settings
from ingest.store import engine, ids, schema
from ingest.store.duplicates import clusters
from ingest.store.duplicates.signatures import seconds
from ingest.store.engine import Database
from ingest.store.texts import articles
from ingest.types import Article, LanguageIdentifier, SentenceTranslator

NOW = datetime.now(UTC).replace(microsecond=0)
FIRST = 10_000_000
"""Number of the first article of the window; those of the archive are lower, as older ones are."""

MEASURED = 1_000_000
"""Numbers from here on after FIRST, and again for each run, are of articles that were measured."""

COUNT_PAGES = """
import sqlite3, sys
file, table = sys.argv[1:]
query = "SELECT sum(pgsize) FROM dbstat WHERE name = ? OR name LIKE ? OR name LIKE ?"
print(sqlite3.connect(file).execute(query, (table, f"ix_{table}%", f"sqlite_auto%_{table}_%")).fetchone()[0])
"""

FILLED_AT_ONCE = 2000
WARMED_UP = 1000
"""Articles placed before the clock starts: statements are compiled, pages read, the day's words known."""

FILLED = ("documents", "articles", "members", "clusters", "signatures", "bands", "vectors")


def article(number: int, body: str, at: datetime) -> Article:
    """An article as translation leaves it."""
    return Article(
        id=_id(number), revision=1, url=None, source=None, author=None, published=at, updated=None, seen=at,
        title="", text=body, original_title="", original_text="", lang="en", spans=(), sentences=(),
    )  # fmt: skip


def _id(number: int) -> str:
    """An id like those of articles that came one after another, a second apart."""
    return ids.new_id(number * 1000)


def fill(database: Database, news: News, first: int, last: int) -> None:
    """Articles first..last-1 of the window, each in a cluster of its own."""
    for start in range(first, last, FILLED_AT_ONCE):
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FILLED}
        for number in range(start, min(last, start + FILLED_AT_ONCE)):
            one = article(FIRST + number, news.text(number), NOW - timedelta(hours=1))
            _rows(one, FIRST + number, newcomer(text_of(one)), rows)
        rows["bands"].sort(key=lambda row: cast(int, row["hash"]))
        with database.writing() as connection:
            for name, some in rows.items():
                connection.execute(insert(schema.metadata.tables[name]), some)


def _rows(one: Article, number: int, new: Newcomer, rows: dict[str, list[dict[str, Any]]]) -> None:
    cluster_id = clusters.id_of(one.id)
    at_s = seconds(one.seen)
    said = new.text
    rows["documents"].append(_document(one, number, "done"))
    rows["articles"].append(
        articles._out(one) | {"number": number, "revision": 1, "text_digest": said.digest.hex(), "changed_at": NOW}
    )
    place = {"article_id": one.id, "cluster_id": cluster_id, "leader": one.id, "words": said.features.words}
    rows["members"].append(place | {"joined_at": NOW})
    rows["clusters"].append(
        {"id": cluster_id, "representative": one.id, "size": 1, "created_at": NOW, "changed_at": NOW}
    )
    rows["signatures"].append(
        {
            "number": number, "scheme": SCHEME, "article_id": one.id, "hashes": new.hashes, "digest": said.digest,
            "size": len(said.features.rare), "terms": new.packed_terms, "first_s": at_s, "last_s": at_s,
            "leaves_s": seconds(NOW + timedelta(days=14)),
        }
    )  # fmt: skip
    rows["bands"] += [{"hash": key, "number": number} for key in new.keys]
    rows["vectors"].append({"number": number, "packed": pack(said.features)})


def _document(one: Article, number: int, state: str) -> dict[str, Any]:
    return {
        "number": number, "id": one.id, "key": one.id, "origin": "file", "stage": "cluster", "state": state,
        "next_run_at": NOW, "created_at": NOW, "changed_at": NOW,
    }  # fmt: skip


def fill_archive(database: Database, window: int, behind: int, count: int) -> None:
    """So many old articles: rows of the window once more, under other numbers and ids, by the database itself.

    behind: how many there are already.
    """
    rounds, left = -(-behind // window), count - behind
    while left > 0:
        rounds += 1
        some = min(left, window)
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))  # a hundred thousand rows at once
            for name in ("articles", "members", "clusters", "signatures"):
                connection.execute(text(_copied(name, rounds, window, some)), {"old": NOW - timedelta(days=60)})
        left -= some


def _copied(name: str, turn: int, window: int, some: int) -> str:
    """The statement that copies `some` rows of a table."""
    table = schema.metadata.tables[name]
    names = {"id", "article_id", "cluster_id", "leader", "representative", "key"}
    changed = dict.fromkeys(names, f"{{0}} || '/{turn}'")
    changed |= {"number": f"{{0}} - {turn * window}", "leaves_s": "NULL", "published": ":old", "seen": ":old"}
    changed |= {"first_s": "{0} - 5184000", "last_s": "{0} - 5184000", "sort_at": ":old"}
    columns = [column.name for column in table.columns]
    values = ", ".join(changed.get(column, "{0}").format(f'"{column}"') for column in columns)
    within = f"number >= {FIRST} AND number < {FIRST + some}"
    if name in ("members", "clusters"):
        column = "article_id" if name == "members" else "representative"
        within = f"{column} IN (SELECT id FROM articles WHERE {within})"
    listed = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {name} ({listed}) SELECT {values} FROM {name} WHERE {within}"


def store(database: Database, some: list[tuple[int, Article]]) -> None:
    """Keep articles that wait to be clustered, and let as many old texts be due to leave the index."""
    for start in range(0, len(some), 500):
        part = some[start : start + 500]
        with database.writing() as connection:
            connection.execute(insert(schema.documents), [_document(one, n, "pending") for n, one in part])
            for _, one in part:
                articles.save(connection, one, text_digest=digest(one.text).hex())
    s = schema.signatures.c
    with database.writing() as connection:  # exactly these: what was due and is too little to leave is not
        later = seconds(NOW + timedelta(days=14))
        connection.execute(update(schema.signatures).where(s.leaves_s < seconds(NOW)).values(leaves_s=later))
        oldest = select(s.number).where(s.leaves_s.is_not(None)).order_by(s.number).limit(len(some))
        numbers = list(connection.scalars(oldest))
        connection.execute(update(schema.signatures).where(s.number.in_(numbers)).values(leaves_s=1))


def together(database: Database, some: list[Article]) -> None:
    """Fifty a transaction."""
    for start in range(0, len(some), 50):
        ready = [(one, newcomer(text_of(one))) for one in some[start : start + 50]]
        with database.writing() as connection:
            cluster_together(connection, ready)


def one_by_one(database: Database, some: list[Article]) -> None:
    """As tasks."""
    nobody = cast(LanguageIdentifier, None), cast(SentenceTranslator, None)  # clustering asks neither
    runtime = Runtime(database, Settings(), "benchmark", *nobody)
    for one in some:
        cluster_article(one.id, runtime)


def measure(database: Database, news: News, first: int, count: int, work: Callable[..., None]) -> dict[str, float]:
    """Documents a second through the whole stage, by the clock and by processor time, and milliseconds for one."""
    some = [(FIRST + n, article(FIRST + n, news.text(n), NOW)) for n in range(first, first + WARMED_UP + count)]
    store(database, some[:WARMED_UP])
    work(database, [one for _, one in some[:WARMED_UP]])
    store(database, some[WARMED_UP:])
    timed = [one for _, one in some[WARMED_UP:]]
    clock, processor = time.perf_counter(), time.process_time()
    work(database, timed)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    rates = {"clock": count / clock, "processor": count / processor, "ms": 1000 * processor / count}
    return {name: round(rate, 2) for name, rate in rates.items()}


def hold(database: Database) -> dict[str, float]:
    """The index brought into this process: seconds of processor time, and megabytes."""
    processor = time.process_time()
    window.let_go(database)
    window.hold(database, Settings().index_memory_mb * 1_000_000, placing=FIRST)
    held = window.held(database)
    assert held is not None, "the window has room in memory"
    return {"seconds": round(time.process_time() - processor, 2), "megabytes": round(held.nbytes / 1e6, 1)}


def candidates(database: Database, news: News, number: int) -> float:
    """Texts that one text shares a band with, on average."""
    some = [newcomer(text_of(article(number + n, "\n".join(news.original(number + n)), NOW))) for n in range(50)]
    span = Span(seconds(NOW), seconds(NOW))
    with database.reading() as connection:
        found = Lookup(Rows(connection), [(new, span) for new in some], 14 * 86400)
    return round(sum(len(found.near(new, span)) for new in some) / len(some), 1)


def sizes(database: Database) -> dict[str, float]:
    """Bytes: of the index (bands) and the vector for each text in the window, of the signature for each at all."""
    with database.reading() as connection:
        inside = connection.scalar(select(func.count()).select_from(schema.vectors)) or 1
        everything = connection.scalar(select(func.count()).select_from(schema.signatures)) or 1
    found = {name: _bytes(database, name) for name in ("bands", "fresh_keys", "vectors", "signatures")}
    return {
        "index": round((found["bands"] + found["fresh_keys"]) / inside, 1),
        "vector": round(found["vectors"] / inside, 1),
        "signature": round(found["signatures"] / everything, 1),
    }


def _bytes(database: Database, table: str) -> int:
    """What a table takes with its indexes. Python's own SQLite counts pages; the one of pysqlite3 cannot."""
    if database.writer.dialect.name == "postgresql":
        with database.reading() as connection:
            return int(connection.execute(text(f"SELECT pg_total_relation_size('{table}')")).scalar_one())
    # in a process of its own: two libraries of SQLite in one process drop each other's locks
    asked = [sys.executable, "-c", COUNT_PAGES, str(database.writer.url.database), table]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def prepared(url: str) -> Database:
    """The database at an address, made where it is empty; without what searches and lists articles by.

    Clustering writes no article, so it costs nothing there, but filling a million would take thrice as long.
    """
    database = engine.connect(url)
    with database.writing() as connection:
        schema.metadata.create_all(connection)
        if connection.dialect.name == "sqlite":
            for event in ("insert", "update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS articles_search_{event}"))
        else:
            connection.execute(text("DROP INDEX IF EXISTS articles_search"))
        for index in schema.articles.indexes:
            connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))
    return database


def results(
    url: str, windows: list[int], archive: int, count: int, rounds: int, tasks: bool
) -> Iterator[dict[str, Any]]:
    """Each window by itself, then the largest window with the archive behind it; nothing for a count of none."""
    news, database = News(), prepared(url)
    filled, behind, used = held(database)
    for size in sorted(size for size in windows if size >= filled and not behind):
        clock = time.process_time()
        fill(database, news, filled, size)
        note(f"{url.split(':')[0]}: {size} in the window after {time.process_time() - clock:.0f} s")
        filled = size
        if count:
            yield _one(database, news, size, size, count, used, rounds, tasks)
        used += 1
    if archive > filled:
        clock = time.perf_counter()
        fill_archive(database, filled, behind, archive - filled)
        note(f"{url.split(':')[0]}: {archive} in the archive after {time.perf_counter() - clock:.0f} s by the clock")
        if count:
            yield _one(database, news, filled, archive, count, used, rounds, tasks)
    database.close()


def held(database: Database) -> tuple[int, int, int]:
    """What a database filled before holds: in the window, in the archive behind it, and how many runs were made."""
    number, some = schema.signatures.c.number, select(func.count()).select_from(schema.signatures)
    with database.reading() as connection:
        filled = connection.scalar(some.where(number >= FIRST, number < FIRST + MEASURED)) or 0
        behind = connection.scalar(some.where(number < FIRST)) or 0
        last = connection.scalar(select(func.max(number))) or FIRST
    return filled, behind, (last - FIRST) // MEASURED


def _one(
    database: Database, news: News, inside: int, archive: int, count: int, turn: int, rounds: int, tasks: bool
) -> dict[str, Any]:
    if database.writer.dialect.name == "postgresql":
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    found: dict[str, Any] = {"database": database.writer.dialect.name, "window": inside, "archive": archive}
    found["copy"] = hold(database)
    first = MEASURED * (turn + 1)
    found["candidates"] = candidates(database, news, first - 1000)
    some = [measure(database, news, first + 100_000 * n, count, together) for n in range(rounds)]
    found["50"] = sorted(some, key=itemgetter("ms"))[rounds // 2]
    found["rounds"] = [one["ms"] for one in some]
    if tasks:
        found["1"] = measure(database, news, first + 100_000 * rounds, count, one_by_one)
    found["bytes"] = sizes(database)
    return found


def note(line: str) -> None:
    """Say how far it is."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--window", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--archive", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database to measure as well")
    parser.add_argument("--sqlite", metavar="URL", help="where to measure on SQLite; what it holds is not filled anew")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often fifty at a time are measured; the median counts"
    )
    parser.add_argument("--no-tasks", action="store_true", help="leave out tasks of one, which take longest")
    parser.add_argument("--fill", action="store_true", help="only fill the databases that are named")
    parser.add_argument("--no-sqlite", action="store_true")
    parser.add_argument("--peers", nargs="*", choices=dedup_peers.PEERS, default=list(dedup_peers.PEERS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    kept = options.out / "results.json"
    found: dict[str, dict[str, Any]] = {
        _of(one): one for one in (json.loads(kept.read_text()) if kept.exists() else [])
    }
    count = 0 if options.fill else options.documents
    commit = {"commit": _commit()}
    with tempfile.TemporaryDirectory() as folder:
        here = None if options.no_sqlite else options.sqlite or f"sqlite:///{folder}/bench.sqlite"
        for url in filter(None, (here, options.postgresql)):
            for one in results(url, options.window, options.archive, count, options.rounds, not options.no_tasks):
                print(json.dumps(one), flush=True)
                found[_of(one)] = found.get(_of(one), {}) | commit | one
    for one in dedup_peers.measure(() if options.fill else options.peers, sorted(options.window), count):
        print(json.dumps(one), flush=True)
        found[_of(one)] = commit | one
    if ours := [one for one in found.values() if "database" in one]:
        plot(ours, options.out / "cost.png")
    if found:
        kept.write_text(json.dumps(list(found.values()), indent=1) + "\n")


def _commit() -> str:
    """What is measured; "unknown" outside a checkout."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip() or "unknown"


def _of(one: dict[str, Any]) -> str:
    """What a figure is of."""
    return " ".join(str(one[name]) for name in ("database", "peer", "window", "archive") if name in one)


if __name__ == "__main__":
    main()
