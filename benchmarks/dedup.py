"""Speed and size of clustering against what is in the window and in the archive, with peers beside it.

    python benchmarks/dedup.py OUT [--window 10000 100000] [--archive 1000000] [--documents 500] [--postgresql URL]

Synthetic news: 220 words with the frequencies of English (Zipf) and names of their own; one in seven is an edited copy
and one in twenty an exact copy of an earlier one. The index is filled in bulk, with real signatures and bands and
without comparing; then DOCUMENTS articles go through the whole stage (stems, signature, look-up, verification, joining,
evidence, related accounts, change sequence), 50 a transaction and one a transaction. An archive beyond the window has
its signatures, members, clusters and articles, but no rows in the index. OUT gets results.json and cost.png.

Rates are given by the clock and by the processor's time of this process: on a busy machine only the second says much.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from ingest.dedup.features import featurize
from ingest.dedup.minhash import SCHEME, digest_key
from ingest.dedup.normalize import digest
from ingest.pipeline.cluster import cluster_together
from ingest.pipeline.compare import Newcomer, newcomer, text_of
from ingest.store import articles, clusters, engine, schema
from ingest.store.engine import Database
from ingest.store.signatures import seconds
from ingest.types import Article

WORDS, SENTENCES, LENGTH = 60_000, 10, 22
NOW = datetime.now(UTC).replace(microsecond=0)
FILLED_AT_ONCE = 500


class News:
    """Texts by number, each made from nothing but its number."""

    def __init__(self) -> None:
        rng = random.Random(7)
        parts = [a + b for a in "bcdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "ol", "is")]
        self.words = ["".join(rng.choice(parts) for _ in range(rng.choice((2, 2, 3, 3, 4)))) for _ in range(WORDS)]
        self.weights = [0.0]
        for rank in range(1, WORDS + 1):
            self.weights.append(self.weights[-1] + 1 / (rank + 2.7))
        del self.weights[0]
        self.common = "the of and to in a is that for it was on as with by at from be this have or which an not".split()  # noqa: SIM905

    def original(self, number: int) -> list[str]:
        """The sentences of one text."""
        rng = random.Random(number)
        names = [rng.choice(self.words).capitalize() + rng.choice(("son", "berg", "ov", "ini")) for _ in range(6)]
        lines = []
        for _ in range(SENTENCES):
            drawn = rng.choices(self.words, cum_weights=self.weights, k=LENGTH - 10)
            line = drawn + rng.choices(self.common, k=8) + rng.choices(names, k=1) + [str(rng.randrange(2, 990))]
            rng.shuffle(line)
            lines.append(" ".join(line).capitalize() + ".")
        return lines

    def text(self, number: int) -> str:
        """Text number n: an original, or an edited or exact copy of an earlier one."""
        rng = random.Random(f"kind {number}")
        kind = rng.random()
        if number < 10 or kind > 1 / 7 + 1 / 20:
            return "\n".join(self.original(number))
        lines = self.original(max(0, number - rng.randrange(1, 2000)))
        if kind > 1 / 7:
            return "\n".join(lines)
        lines.pop(rng.randrange(len(lines)))
        return "\n".join([*lines, f"Note of the editors {number}."])


def article(number: int, body: str, at: datetime) -> Article:
    """An article as translation leaves it."""
    return Article(
        id=f"a{number:09d}", revision=1, url=None, source=None, author=None, published=at, updated=None, seen=at,
        title="", text=body, original_title="", original_text="", lang="en", spans=(), sentences=(),
    )  # fmt: skip


def fill(database: Database, news: News, first: int, last: int, *, indexed: bool) -> None:
    """Articles first..last-1 with signatures, members and clusters, and the index for those inside the window."""
    for start in range(first, last, FILLED_AT_ONCE):
        rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("documents", "articles", "members", "clusters", "signatures", "bands")
        }
        for number in range(start, min(last, start + FILLED_AT_ONCE)):
            age = timedelta(hours=1) if indexed else timedelta(days=60)
            one = article(number, news.text(number), NOW - age)
            _rows(one, number, newcomer(text_of(one)), rows, indexed=indexed)
        with database.writing() as connection:
            for name, some in rows.items():
                if some:
                    connection.execute(insert(schema.metadata.tables[name]), some)


def _rows(one: Article, number: int, new: Newcomer, rows: dict[str, list[dict[str, Any]]], *, indexed: bool) -> None:
    cluster_id = clusters.id_of(one.id)
    at_s = seconds(one.seen)
    rows["documents"].append(_document(one, number))
    rows["articles"].append(
        articles._out(one) | {"number": number, "revision": 1, "text_digest": new.text.digest.hex(), "changed_at": NOW}
    )
    rows["members"].append(
        {
            "article_id": one.id,
            "cluster_id": cluster_id,
            "leader": one.id,
            "words": new.text.features.words,
            "joined_at": NOW,
        }
    )
    rows["clusters"].append(
        {"id": cluster_id, "representative": one.id, "size": 1, "created_at": NOW, "changed_at": NOW}
    )
    rows["signatures"].append(
        {
            "number": number, "scheme": SCHEME, "article_id": one.id, "hashes": new.hashes, "digest": new.text.digest,
            "size": len(new.text.features.rare), "terms": new.packed_terms, "first_s": at_s, "last_s": at_s,
            "leaves_s": seconds(NOW + timedelta(days=14)) if indexed else None,
        }
    )  # fmt: skip
    if indexed:
        keys = dict.fromkeys((*new.bands, digest_key(new.text.digest), *new.terms))
        rows["bands"] += [{"hash": key, "number": number} for key in keys]


def _document(one: Article, number: int) -> dict[str, Any]:
    return {
        "number": number, "id": one.id, "key": one.id, "origin": "file", "stage": "cluster", "state": "pending",
        "next_run_at": NOW, "created_at": NOW, "changed_at": NOW,
    }  # fmt: skip


def run(database: Database, news: News, first: int, count: int, at_once: int) -> dict[str, float]:
    """Documents a second through the whole stage, by the clock and by processor time."""
    some = [article(number, news.text(number), NOW) for number in range(first, first + count)]
    for start in range(0, count, 500):
        with database.writing() as connection:
            connection.execute(
                insert(schema.documents),
                [_document(one, first + start + i) for i, one in enumerate(some[start : start + 500])],
            )
            for one in some[start : start + 500]:
                articles.save(connection, one, text_digest=digest(one.text).hex())
    clock, processor = time.perf_counter(), time.process_time()
    for start in range(0, count, at_once):
        ready = [(one, newcomer(text_of(one))) for one in some[start : start + at_once]]
        with database.writing() as connection:
            cluster_together(connection, ready)
    return {
        "clock": round(count / (time.perf_counter() - clock), 1),
        "processor": round(count / (time.process_time() - processor), 1),
    }


def sizes(database: Database, window: int, everything: int) -> dict[str, float]:
    """Bytes a text: of the index for one in the window, of its signature for one in the archive."""
    found = {name: _bytes(database, name) for name in ("bands", "signatures")}
    return {"index": round(found["bands"] / window, 1), "signature": round(found["signatures"] / everything, 1)}


def _bytes(database: Database, table: str) -> int:
    """What a table takes with its indexes. Python's own SQLite counts pages; the one of pysqlite3 cannot."""
    if database.writer.dialect.name == "postgresql":
        with database.reading() as connection:
            return int(connection.execute(text(f"SELECT pg_total_relation_size('{table}')")).scalar_one())
    with sqlite3.connect(str(database.writer.url.database)) as plain:
        query = "SELECT sum(pgsize) FROM dbstat WHERE name = ? OR name LIKE ? OR name LIKE ?"
        return int(plain.execute(query, (table, f"ix_{table}%", f"sqlite_auto%_{table}_%")).fetchone()[0])


def peers(news: News, sizes_: list[int], count: int) -> Iterator[dict[str, Any]]:
    """datasketch's LSH in memory and on Redis, and rensa: sign, query, insert; nothing is verified or kept in SQL."""
    for name, make in (("datasketch MinHashLSH", _datasketch), ("rensa RMinHashLSH", _rensa)):
        for size in sizes_:
            try:
                put = make()
            except ImportError:
                yield {"peer": name, "window": size, "missing": True}
                continue
            for number in range(size):
                put(number, featurize(news.text(number)).rare.tolist())
            clock = time.process_time()
            for number in range(size, size + count):
                put(number, featurize(news.text(number)).rare.tolist())
            yield {"peer": name, "window": size, "processor": round(count / (time.process_time() - clock), 1)}


def _datasketch() -> Callable[[int, list[int]], None]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=128, params=(64, 2))
    blank = MinHash(num_perm=128, seed=1, hashfunc=int)

    def put(number: int, stems: list[int]) -> None:
        one = blank.copy()
        one.update_batch([stem & 0xFFFFFFFF for stem in stems])
        index.query(one)
        index.insert(str(number), one)

    return put


def _rensa() -> Callable[[int, list[int]], None]:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found,unused-ignore]

    index = RMinHashLSH(threshold=0.2, num_perm=128, num_bands=64)

    def put(number: int, stems: list[int]) -> None:
        one = RMinHash(num_perm=128, seed=1)
        one.update([str(stem) for stem in stems])
        index.query(one)
        index.insert(number, one)

    return put


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Cost of a document against what is in the archive."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    for at_once in ("50", "1"):
        points = sorted((r["archive"], 1000 / r[at_once]["processor"]) for r in results if at_once in r)
        axes.plot(*zip(*points, strict=True), marker="o", label=f"{at_once} a transaction")
    axes.set(xscale="log", xlabel="articles in the archive", ylabel="ms of one core per article", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def measure(url: str, windows: list[int], archive: int, count: int) -> Iterator[dict[str, Any]]:
    """Each window by itself, then the largest window with the archive behind it."""
    news = News()
    database = engine.connect(url)
    with database.writing() as connection:
        schema.metadata.create_all(connection)
    filled = 0
    used = 0
    for window in sorted(windows):
        fill(database, news, 10 + filled, 10 + window, indexed=True)
        filled = window
        yield _one(database, news, window, window, count, used)
        used += 2 * count
    if archive > filled:
        fill(database, news, 2_000_000, 2_000_000 + archive - filled, indexed=False)
        yield _one(database, news, filled, archive, count, used)
    database.close()


def _one(database: Database, news: News, window: int, archive: int, count: int, used: int) -> dict[str, Any]:
    found: dict[str, Any] = {"database": database.writer.dialect.name, "window": window, "archive": archive}
    found["bytes"] = sizes(database, window + used, archive + used)
    for place, at_once in enumerate((50, 1)):
        found[str(at_once)] = run(database, news, 1_000_000 + used + place * count, count, at_once)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--window", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--archive", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--postgresql")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for url in filter(None, (f"sqlite:///{folder}/bench.sqlite", options.postgresql)):
            for found in measure(url, options.window, options.archive, options.documents):
                print(json.dumps(found), flush=True)
                results.append(found)
    plot([r for r in results if r["database"] == "sqlite"], options.out / "cost.png")
    if not options.no_peers:
        for found in peers(News(), options.window, options.documents):
            print(json.dumps(found), flush=True)
            results.append(found)
    (options.out / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
