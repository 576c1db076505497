"""A runtime without models, feeds to put on a site, and polls of them at a moment."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from sqlalchemy import select, update

from ingest.fetch import Fetcher
from ingest.pipeline.poll import Polled, poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import migrations
from ingest.store.engine import connect
from ingest.store.queue import owners
from ingest.store.schema import documents as documents_table
from ingest.store.schema import feeds as feeds_table
from ingest.store.sources import feeds
from tests import databases

RSS = "application/rss+xml"
WHOLE = "<content:encoded><![CDATA[" + "<p>Ein ganzer Absatz mit vielen Wörtern. </p>" * 40 + "]]></content:encoded>"

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def runtime(folder: Path, **settings: Any) -> Runtime:
    """Asks only loopback, without pauses unless a test wants them."""
    values = {
        "data_dir": folder,
        "host_gap_s": 0.0,
        "fetch_deadline_s": 2.0,
        "allow_private_hosts": ("127.0.0.1", "localhost"),
    }
    chosen = Settings(**(values | settings))
    empty_database(folder)
    database = connect(chosen.sqlalchemy_url)
    return Runtime(
        database=database,
        settings=chosen,
        owner=owners.this_process(),
        identifier=cast(Any, None),
        translator=cast(Any, None),
        fetcher=Fetcher.from_settings(chosen),
    )


@contextmanager
def open_runtime(kind: str, folder: Path) -> Iterator[Runtime]:
    """The same on a database of this kind (`tests.databases.KINDS`)."""
    if kind == "sqlite":
        yield runtime(folder)
        return
    with databases.empty_database(kind, folder) as url:
        database = connect(url)
        migrations.upgrade(database)
        database.close()
        held = runtime(folder, database_url=SecretStr(url))
        yield held
        held.database.close()


def empty_database(folder: Path) -> None:
    """Put a database with this version's tables where a deployment in this folder expects it."""
    shutil.copy(_template(), folder / "newsfold.sqlite")


@cache
def _template() -> Path:
    """Made once and copied: making forty tables takes longer than most tests."""
    path = Path(tempfile.mkdtemp(prefix="newsfold-")) / "empty.sqlite"
    atexit.register(shutil.rmtree, path.parent)
    database = connect(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


def item(number: int, link: str, *, title: str | None = None, more: str = "") -> str:
    head = f"<guid isPermaLink='false'>g{number}</guid><title>{title or f'Titel {number}'}</title>"
    return f"<item>{head}<link>{link}</link>{more}</item>"


def rss(*items: str, channel: str = "") -> str:
    return (
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>"
        f"<title>Zeitung</title><language>de</language>{channel}{''.join(items)}</channel></rss>"
    )


def add(held: Runtime, url: str, **options: Any) -> str:
    with held.database.writing() as connection:
        return feeds.add(connection, url, **options)[0]


def poll(held: Runtime, feed_id: str, now: datetime = NOW) -> Polled | None:
    """Poll at a moment, whether the feed is due or not."""
    with held.database.writing() as connection:
        connection.execute(update(feeds_table).where(feeds_table.c.id == feed_id).values(next_poll_at=now))
    return poll_feed(feed_id, held, now=now)


def row(held: Runtime, feed_id: str) -> Any:
    with held.database.reading() as connection:
        return feeds.load(connection, feed_id)


def all_documents(held: Runtime) -> list[Any]:
    with held.database.reading() as connection:
        return list(connection.execute(select(documents_table).order_by(documents_table.c.number)).mappings())


def wait_s(held: Runtime, feed_id: str, now: datetime = NOW) -> float:
    return float((row(held, feed_id)["next_poll_at"] - now).total_seconds())
