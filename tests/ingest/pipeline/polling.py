"""A runtime without models, and feeds to put on a site."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from ingest.fetch import Fetcher
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import migrations
from ingest.store.engine import connect
from ingest.store.queue import owners
from tests import databases


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


RSS = "application/rss+xml"
WHOLE = "<content:encoded><![CDATA[" + "<p>Ein ganzer Absatz mit vielen Wörtern. </p>" * 40 + "]]></content:encoded>"
