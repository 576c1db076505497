"""`ingest doctor`: everything a deployment needs, looked at, with what to do about what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import IngestError
from ingest.settings import Settings
from ingest.store import engine, migrations
from ingest.store.duplicates import embeddings
from ingest.store.engine import Database, db_now
from ingest.store.queue import aside, leases, reconciler, standing
from ingest.store.schema import feeds
from ingest.types import State
from workers.broker import broker_url, socket_path

LEAST_FREE_BYTES = 1_000_000_000
MOST_SKEW_S = 5.0
MOST_WAL_BYTES = 512_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: str  # ok, warn, fail
    what: str
    found: str
    remedy: str = ""


def checkup(settings: Settings) -> list[Finding]:
    """Every finding, what works included."""
    found = [*_folder(settings), *_politeness(settings), *_safety(settings)]
    database = engine.connect(settings.sqlalchemy_url)
    try:
        found += _database(settings, database)
        if not any(finding.verdict == "fail" for finding in found):
            found += _work(settings, database)
    finally:
        database.close()
    return [*found, *_broker(settings), *_models(settings), *_encoder(settings)]


def _folder(settings: Settings) -> Iterable[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("warn", "data folder", f"{folder} is not there yet", "`ingest up` or `ingest migrate` makes it")
        return
    if not os.access(folder, os.W_OK):
        yield Finding("fail", "data folder", f"{folder} cannot be written", "give it to the user the service runs as")
        return
    free = shutil.disk_usage(folder).free
    verdict = "ok" if free >= LEAST_FREE_BYTES else "fail"
    remedy = "" if verdict == "ok" else "make room: a full disk stops everything"
    yield Finding(verdict, "data folder", f"{folder}, {free / 1e9:.1f} GB free", remedy)


def _politeness(settings: Settings) -> Iterable[Finding]:
    if "example.org" in settings.user_agent:
        yield Finding(
            "warn", "user agent", settings.user_agent, "set INGEST_USER_AGENT with an address where sites can reach you"
        )
    else:
        yield Finding("ok", "user agent", settings.user_agent)


def _safety(settings: Settings) -> Iterable[Finding]:
    if settings.broker_url is None:
        return
    parts = urlsplit(settings.broker_url.get_secret_value())
    if parts.hostname not in (None, "localhost", "127.0.0.1", "::1") and not parts.password:
        yield Finding(
            "warn",
            "broker password",
            f"none for {parts.hostname}",
            "set one and keep the broker off public networks: who reaches it commands the workers",
        )


def _database(settings: Settings, database: Database) -> Iterable[Finding]:
    shown = make_url(settings.sqlalchemy_url).render_as_string(hide_password=True)
    if shown.startswith("sqlite") and not os.path.exists(str(make_url(settings.sqlalchemy_url).database)):  # noqa: PTH110
        yield Finding("fail", "database", f"{shown} is not there", "run `ingest migrate`")
        return
    try:
        with database.writing() as connection:
            at = migrations.revision(connection)
            skew_s = abs((connection.scalar(select(db_now())) - datetime.now(UTC)).total_seconds())  # type: ignore[operator]
            sound = _sqlite_findings(connection) if shown.startswith("sqlite") else []
    except SQLAlchemyError as error:
        yield Finding(
            "fail", "database", f"{shown}: {type(error).__name__}", "check INGEST_DATABASE_URL and the server"
        )
        return
    yield Finding("ok", "database", shown)
    newest = migrations.head()
    if at != newest:
        yield Finding("fail", "schema", f"revision {at}, expected {newest}", "run `ingest migrate`")
    else:
        yield Finding("ok", "schema", f"revision {at}")
    if skew_s > MOST_SKEW_S:
        yield Finding("warn", "clock", f"{skew_s:.0f} s from the database's", "synchronise the clocks (NTP)")
    yield from sound


def _sqlite_findings(connection: Connection) -> list[Finding]:
    found = []
    version = tuple(int(part) for part in str(connection.scalar(text("SELECT sqlite_version()"))).split("."))
    name = ".".join(map(str, version))
    if version < engine.FIXED_SQLITE:
        remedy = "install the package pysqlite3: versions before 3.51.3 can, very rarely, damage a database"
        found.append(Finding("warn", "SQLite", name, remedy))
    else:
        found.append(Finding("ok", "SQLite", name))
    damage = connection.scalar(text("PRAGMA quick_check(1)"))
    if damage != "ok":
        found.append(Finding("fail", "integrity", str(damage)[:200], "restore a backup: `ingest restore FILE`"))
    else:
        found.append(Finding("ok", "integrity", "quick check passed"))
    wal = str(connection.engine.url.database) + "-wal"
    size = os.stat(wal).st_size if os.path.exists(wal) else 0  # noqa: PTH110, PTH116
    if size > MOST_WAL_BYTES:
        remedy = "some process reads without end; restart the service"
        found.append(Finding("warn", "write-ahead log", f"{size / 1e6:.0f} MB", remedy))
    return found


def _work(settings: Settings, database: Database) -> Iterable[Finding]:
    with database.reading() as connection:
        age_s = leases.age_s(connection, reconciler.RECONCILER)
        counts = standing.count_states(connection)
        waiting = aside.waiting_languages(connection)
        failing = connection.scalars(select(feeds.c.url).where(feeds.c.state == "active", feeds.c.failures >= 5)).all()
        vectors = _vectors(settings, connection)
    if age_s is None or age_s > max(3 * settings.reconcile_s, 10):
        seen = "never" if age_s is None else f"{age_s:.0f} s ago"
        yield Finding("warn", "schedule", f"last ran {seen}", "start the service: `ingest up`, or `ingest beat`")
    else:
        yield Finding("ok", "schedule", f"ran {age_s:.0f} s ago")
    if stuck := counts[State.QUARANTINED]:
        yield Finding("warn", "quarantine", f"{stuck} documents gave up", "`ingest quarantine list` says why")
    for lang, count in waiting.items():
        yield Finding("warn", f"language {lang}", f"{count} documents wait for a model", "`ingest models list`")
    yield from vectors
    if failing:
        yield Finding("warn", "feeds", f"{len(failing)} fail, {failing[0]} among them", "`ingest feeds list`")


def _vectors(settings: Settings, connection: Connection) -> list[Finding]:
    """Whether the encoder that is named has seen the texts that new ones may be related to."""
    if settings.related_encoder is None:
        return []
    from ingest.dedup.minhash import SCHEME
    from models.minilm import MiniLM

    now_s = int(datetime.now(UTC).timestamp())
    lacking, texts = embeddings.coverage(connection, MiniLM.label, SCHEME, now_s)
    if not lacking:
        return [Finding("ok", "vectors", f"all {texts:,} texts of the window have one")]
    remedy = "`ingest reindex` encodes them; until then they are related by words alone"
    return [Finding("warn", "vectors", f"{lacking:,} of {texts:,} texts of the window have none", remedy)]


def _broker(settings: Settings) -> Iterable[Finding]:
    from redis import Redis
    from redis.exceptions import RedisError

    embedded = settings.broker_url is None
    try:
        client = (
            Redis(unix_socket_path=str(socket_path(settings)), socket_timeout=2)
            if embedded
            else Redis.from_url(broker_url(settings), socket_timeout=2, socket_connect_timeout=2)
        )
        with client:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except (RedisError, OSError, ValueError) as error:
        if embedded:
            yield Finding("warn", "broker", "the embedded one does not run", "`ingest up` starts it")
        else:
            yield Finding("fail", "broker", type(error).__name__, "check INGEST_BROKER_URL and the server")
        return
    if policy not in (None, "noeviction"):
        yield Finding("warn", "broker", f"maxmemory-policy {policy}", "set noeviction: evicting drops queues")
    else:
        yield Finding("ok", "broker", "answers")


def _models(settings: Settings) -> Iterable[Finding]:
    from models import manifest

    try:
        known = manifest.read(data_dir=settings.data_dir)
    except Exception as error:
        yield Finding("fail", "models", str(error), "`ingest models verify`")
        return
    for lang, checkpoint in sorted(known.routes.items()):
        yield _tried(f"model {lang}", checkpoint.id, checkpoint.verify)


def _encoder(settings: Settings) -> Iterable[Finding]:
    from models import minilm

    if (folder := settings.related_encoder) is None:
        return
    try:
        minilm.load(folder).encode(["The ferry sank off the island."])
    except Exception as error:
        remedy = "convert it anew, or unset INGEST_RELATED_ENCODER; until then related coverage goes by words alone"
        yield Finding("fail", "encoder", str(error)[:200], remedy)
        return
    yield Finding("ok", "encoder", str(folder))


def _tried(what: str, found: str, check: Callable[[], object]) -> Finding:
    try:
        check()
    except (IngestError, Exception) as error:
        return Finding("fail", what, str(error)[:200], "`ingest models fetch` gets it anew")
    return Finding("ok", what, found)
