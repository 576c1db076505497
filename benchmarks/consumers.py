"""What consumers get, and how fast, from a large archive: python -m benchmarks.consumers [--articles 100000] [--json]

Fills a database with made-up articles (half of them in clusters, each with an extraction of sixteen blocks), then asks
for lists, single articles and the changes through the application, and writes and reads files. Rates are articles or
events a second of processor time of one core, which a busy machine does not distort, with the wall beside them; client
and server are one process, so the client's work is in the figures of the interface. `rss_mb` is the memory of the
process after a tenth of the work and at its end: flat means the two are near. The last column is what we promise.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from benchmarks.web_scale import NOW, fill
from ingest.pipeline.export import records
from ingest.pipeline.load import load
from ingest.publish.files import writing
from ingest.settings import Settings
from ingest.store import schema
from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.texts.listing import Choice
from ingest.web.app import create_app

DROPPED = [
    {"text": f"Read also: piece {n}", "kind": "boilerplate", "kept": False, "rule": "related"} for n in range(10)
]
KEPT = [{"text": "word " * 40, "kind": "paragraph", "kept": True} for _ in range(6)]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement."""

    name: str
    cpu: float
    wall: float
    unit: str
    bar: float | None = None  # at most for ms, at least for a rate
    rss_mb: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether what we promise is kept, by processor time."""
        return self.bar is None or (self.cpu <= self.bar if self.unit == "ms" else self.cpu >= self.bar)


def main() -> int:
    """Fill, measure, print; 1 where a promise is not kept."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--articles", type=int, default=100_000)
    asked.add_argument("--times", type=int, default=100, help="requests of each kind")
    asked.add_argument("--database", type=Path, help="an SQLite file: filled if it is not there, and kept")
    asked.add_argument("--only", nargs="*", default=[""], help="measurements whose names begin so")
    asked.add_argument("--json", action="store_true")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.database or Path(folder) / "consumers.sqlite"
        database = filled(path, chosen.articles)
        figures = []
        for figure in measured(database, Path(folder), chosen.times, tuple(chosen.only)):
            figures.append(figure)
            if not chosen.json:
                show(figure)
        database.close()
    if chosen.json:
        print(json.dumps([asdict(figure) | {"holds": figure.holds} for figure in figures], indent=1))
    return 0 if all(figure.holds for figure in figures) else 1


def measured(database: Database, folder: Path, times: int, only: tuple[str, ...]) -> Iterator[Figure]:
    """Every measurement whose name begins as asked, one after the other."""
    with database.reading() as connection:
        ids = list(connection.scalars(select(schema.articles.c.id)))
    settings = Settings(data_dir=folder, open_console=True, rate_per_minute=10_000_000)
    with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
        client.headers["accept-encoding"] = "identity"
        deep = client.get("/v1/articles?limit=200").json()["next"]
        for name, path in (
            ("list", "/v1/articles"),
            ("list, canonical", "/v1/articles?canonical=true"),
            ("list, one language", "/v1/articles?lang=de"),
            ("list, second page of 200", deep),
            ("list, full", "/v1/articles?fields=full"),
            ("clusters", "/v1/clusters"),
            ("search", "/v1/search?q=bamer+conat"),
        ):
            if name.startswith(only):
                yield p95(name, client, lambda _, path=path: path, times, bar=50.0 if name.startswith("list") else None)
        if "one article".startswith(only):
            yield p95("one article", client, lambda n: f"/v1/articles/{ids[n * 37 % len(ids)]}", times, bar=20.0)
        for name, limit, more in (("changes", 1000, ""), ("changes with articles", 200, "&include=articles")):
            if name.startswith(only):
                yield rate(name, follow(client, limit, more), len(ids), bar=2_000.0)
    for name, bar in (("articles.jsonl", 5_000.0), ("articles.jsonl.zst", 5_000.0), ("articles.parquet", None)):
        if f"export {name}".startswith(only):
            yield rate(f"export {name}", export(database, folder / name), len(ids), bar=bar, unit="articles/s")
    if "import".startswith(only):
        part = first_articles(database, folder / "part.jsonl", min(len(ids), 2_000))
        yield rate("import", bring_back(folder, part), min(len(ids), 2_000), unit="articles/s")


def p95(name: str, client: TestClient, path: Callable[[int], str], times: int, *, bar: float | None) -> Figure:
    """The 95th percentile of so many requests, in ms."""
    cpus, walls = [], []
    for n in range(times):
        cpu, wall = time.process_time(), time.perf_counter()
        answer = client.get(path(n))
        cpus.append((time.process_time() - cpu) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
        assert answer.status_code == 200, (path(n), answer.text[:200])
    place = int(times * 0.95) - 1
    return Figure(f"{name}, p95", sorted(cpus)[place], sorted(walls)[place], "ms", bar)


def rate(name: str, work: Iterator[int], total: int, *, bar: float | None = None, unit: str = "events/s") -> Figure:
    """How many a second; work: yields how many are done so far."""
    cpu, wall, early, done = time.process_time(), time.perf_counter(), 0.0, 0
    for done in work:
        if not early and done >= total / 10:
            early = resident_mb()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Figure(name, done / cpu, done / wall, unit, bar, (early, resident_mb()))


def follow(client: TestClient, limit: int, more: str) -> Iterator[int]:
    """All changes from the first on."""
    since, done = 0, 0
    while items := (answer := client.get(f"/v1/changes?since={since}&limit={limit}{more}").json())["items"]:
        since, done = answer["since"], done + len(items)
        yield done


def export(database: Database, path: Path) -> Iterator[int]:
    """All articles into a file."""
    done = 0
    with database.reading() as connection, writing(path) as out:
        for group in records(connection, Choice()):
            out.write(group)
            done += len(group)
            yield done


def first_articles(database: Database, path: Path, count: int) -> Path:
    """A file of so many articles."""
    with database.reading() as connection, writing(path) as out:
        done = 0
        for group in records(connection, Choice(), removed=True):
            out.write(group[: count - done])
            done += len(group)
            if done >= count:
                break
    return path


def bring_back(folder: Path, part: Path) -> Iterator[int]:
    """A file into an empty database."""
    database = connect(f"sqlite:///{folder / 'back.sqlite'}")
    upgrade(database)
    yield sum(load(database, part).values())
    database.close()


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * 4096 / 1e6, 1)


def filled(path: Path, count: int) -> Database:
    """The database at that path, with so many articles where it is new."""
    there = path.exists()
    database = connect(f"sqlite:///{path}")
    upgrade(database)
    if not there:
        print(f"filling {path} with {count:,} articles …", file=sys.stderr)
        fill(database, count)
        with database.reading() as connection:
            ids = list(connection.scalars(select(schema.articles.c.id)))
        for start in range(0, count, 5_000):
            with database.writing() as connection:
                connection.execute(insert(schema.extractions), [extraction(id_) for id_ in ids[start : start + 5_000]])
    return database


def extraction(id_: str) -> dict[str, Any]:
    """A row of `extractions`."""
    made = {"document_id": id_, "revision": 1, "title": "T", "blocks": DROPPED + KEPT, "metadata": {}, "spans": []}
    return made | {"method": "lines/1", "lang": "fr", "title_lang": "fr", "at": NOW}


def show(figure: Figure) -> None:
    """One line."""
    memory = "" if figure.rss_mb is None else f"  {figure.rss_mb[0]:6.0f} -> {figure.rss_mb[1]:6.0f} MB"
    sign = "" if figure.bar is None else f"  {'at most' if figure.unit == 'ms' else 'at least'} {figure.bar:,.0f}"
    verdict = "" if figure.holds else "  MISSED"
    print(
        f"{figure.name:32} {figure.cpu:10,.1f} {figure.unit:10} wall {figure.wall:10,.1f}{memory}{sign}{verdict}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
