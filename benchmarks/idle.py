"""What the service costs a machine while it only watches: two hundred feeds, news now and then.

`python -m benchmarks.idle [--feeds 200] [--minutes 5] [--seed 1] [--json]` starts `ingest up` on feeds that were all
polled before, as after a week of running, and counts the CPU time of every process of it. The feeds are served on as
many loopback addresses, so that each is a site of its own, and publish, answer 304 and name a Cache-Control as
`made_up_sites` says, at noon of a Wednesday; what they announce are pages that are fetched, read and clustered
(English, so that translation has nothing to do; its process is counted apart all the same).

It ends with one object and exits with 1 when the rest took more than 5 % of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import structlog
from sqlalchemy import func, select, update

from benchmarks.made_up_articles import ENGLISH, article
from benchmarks.made_up_sites import BEGIN, SimulatedFeed, SimulatedWeb, draw
from benchmarks.service import Service, processes
from ingest.fetch import Fetcher
from ingest.pipeline.poll import poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import migrations, schema
from ingest.store.engine import Database, connect
from ingest.store.sources import feeds
from ingest.types import State

MOST_PERCENT = 5.0
WARM_UP_S = 45.0
"""Seconds until every process has read what it needs."""

BEFORE = timedelta(minutes=45)
"""How long ago the feeds were polled last, as their sites see it: half of a usual interval, in which there was news."""

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Sites(SimulatedWeb):
    """The same feeds as of the simulated month, on sockets and on today's clock."""

    def __init__(self, simulated: list[SimulatedFeed]) -> None:
        super().__init__(simulated)
        self.by_address = {address(feed.number): feed for feed in simulated}
        self.port = 0
        self.pages = 0
        self.behind = BEFORE  # while the feeds are polled for the first time

    def start(self) -> None:
        """Serve in a thread that ends with the process."""
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait(30)

    def page(self, feed: SimulatedFeed, n: int) -> str:
        return f"http://{address(feed.number)}:{self.port}/{n}"

    async def _serve(self, ready: threading.Event) -> None:
        first, *others = self.by_address
        servers = [await asyncio.start_server(self._answer, first, 0)]
        self.port = servers[0].sockets[0].getsockname()[1]
        servers += [await asyncio.start_server(self._answer, other, self.port) for other in others]
        ready.set()
        await asyncio.Event().wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")
        said = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        feed = self.by_address[writer.get_extra_info("sockname")[0]]
        path = request.split()[1]
        self.now = datetime.now(UTC) - self.behind
        if path == "/feed":
            status, headers, body = self.ask(feed, said.get("if-none-match"))
        elif path == "/robots.txt":
            status, headers, body = 404, {}, b""
        else:
            self.pages += 1
            status, headers, body = 200, {"Content-Type": "text/html; charset=utf-8"}, page_of(feed, path)
        headers |= {"Content-Length": str(len(body)), "Connection": "close"}
        written = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status} It\r\n{written}\r\n".encode() + body)
        await writer.drain()
        writer.close()


def address(number: int) -> str:
    """A loopback address for each feed: politeness counts sites, and an address is one."""
    return f"127.1.{number // 200}.{number % 200 + 1}"


def page_of(feed: SimulatedFeed, path: str) -> bytes:
    """An article's page."""
    title, _, body = article(int(path.strip("/")), Random(f"{feed.number} {path}"), ENGLISH).partition("\n\n")
    paragraphs = "".join(f"<p>{line}</p>" for line in body.splitlines())
    menu = "".join(f"<li><a href='/section/{n}'>Section {n}</a></li>" for n in range(20))
    return (
        f"<!doctype html><html lang='en'><head><title>{title}</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>{title}</h1>{paragraphs}</article><footer>About us</footer></body></html>"
    ).encode()


def of_today(feed: SimulatedFeed, noon: datetime) -> SimulatedFeed:
    """The feed with the same news, so that now is noon of the month's second Wednesday."""
    moved = noon - (BEGIN + timedelta(days=9, hours=12))
    return replace(feed, published=[when + moved for when in feed.published], gone=None, quiet=frozenset(), requests=[])


def prepare(sites: Sites, settings: Settings, random: Random) -> None:
    """A database whose feeds were all polled before; what they held is taken as done long ago."""
    database = connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    runtime = Runtime(database, settings, "idle", cast(Any, None), cast(Any, None), Fetcher.from_settings(settings))
    with database.writing() as connection:
        ids = [feeds.add(connection, f"http://{host}:{sites.port}/feed")[0] for host in sites.by_address]
    for feed_id in ids:
        poll_feed(feed_id, runtime)
    with database.writing() as connection:
        connection.execute(update(schema.documents).values(state=State.REJECTED, reason="seen-before"))
        now = datetime.now(UTC)
        for feed_id in ids:
            row = feeds.load(connection, feed_id)
            assert row is not None
            due = now + random.random() * (row["next_poll_at"] - now)
            connection.execute(update(schema.feeds).where(schema.feeds.c.id == feed_id).values(next_poll_at=due))
    database.close()


def cpu_s(pid: int) -> Counter[str]:
    """Seconds of CPU by process name, of a process and all below it, those that ended included."""
    spent: Counter[str] = Counter()
    below = {pid}
    for child, parent, name in sorted(processes()):
        if child == pid or parent in below:
            below.add(child)
            try:
                fields = Path(f"/proc/{child}/stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            spent[name if child != pid else "supervisor"] += sum(map(int, fields[11:15])) / TICKS_A_SECOND
    return spent


def counted(database: Database) -> Counter[str]:
    """Polls by outcome, and outcomes of documents by stage."""
    polls, outcomes = schema.polls.c, schema.outcomes.c
    with database.reading() as connection:
        found: Counter[str] = Counter()
        for outcome, number in connection.execute(select(polls.outcome, func.count()).group_by(polls.outcome)):
            found[f"poll {outcome}"] = number
        by_stage = select(outcomes.stage, outcomes.outcome, func.count()).group_by(outcomes.stage, outcomes.outcome)
        for stage, outcome, number in connection.execute(by_stage):
            found[f"{stage} {outcome}"] = number
    return found


def measure(service: Service, minutes: float) -> dict[str, Any]:
    """Percent of one core by process over so many minutes, and what was done in them."""
    assert service.process is not None
    pid = service.process.pid
    time.sleep(WARM_UP_S)
    began, before, done_before = time.monotonic(), cpu_s(pid), counted(service.database)
    time.sleep(minutes * 60)
    seconds, after, done = time.monotonic() - began, cpu_s(pid), counted(service.database)
    percent = {name: round(100 * (after[name] - before[name]) / seconds, 2) for name in sorted(after)}
    return {
        "minutes": minutes,
        "done": dict(sorted((done - done_before).items())),
        "percent_of_one_core": percent,
        "percent_apart_from_translation": round(sum(percent.values()) - percent.get("nf-translate", 0.0), 2),
    }


def main() -> int:
    """Exit status 0 where it stayed under the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long is counted")
    parser.add_argument("--seed", type=int, default=1, help="of the feeds")
    parser.add_argument("--json", action="store_true", help="print nothing but one JSON object")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    random, noon = Random(options.seed), datetime.now(UTC)
    sites = Sites([of_today(draw(number, 10, random), noon) for number in range(options.feeds)])
    sites.start()
    folder = Path(tempfile.mkdtemp(prefix="newsfold-idle-"))
    deployed = {f"INGEST_{name}": str(Settings.model_fields[name.lower()].default) for name in AS_DEPLOYED}
    allowed = tuple(sites.by_address)
    service = Service(folder, **deployed, INGEST_ALLOW_PRIVATE_HOSTS=" ".join(allowed))
    try:
        prepare(sites, Settings(data_dir=folder, allow_private_hosts=allowed, host_gap_s=0.0), random)
        sites.behind = timedelta(0)
        service.start()
        service.wait_until_up()
        result = {"feeds": options.feeds, **measure(service, options.minutes)}
    finally:
        if service.process is not None:
            service.stop()
        service.database.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result, indent=None if options.json else 2))
    return int(result["percent_apart_from_translation"] > MOST_PERCENT)


AS_DEPLOYED = ("LEASE_S", "TRANSLATE_LEASE_S", "RECONCILE_S", "REPING_S", "MAX_ATTEMPTS")
"""Settings that are short for the benchmark of faults."""


if __name__ == "__main__":
    sys.exit(main())
