"""Subscribers that are due are told side by side, each by one thread at a time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, cast

from ingest.fetch import Fetcher
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store.consumers import changes, webhooks
from ingest.store.engine import connect
from ingest.store.migrations import upgrade
from tests.receiver import receiving
from workers.app import configuration
from workers.postman import AT_ONCE, Postman


def holding(folder: Path, fetcher: Fetcher | None = None) -> Runtime:
    """What a clock holds, as far as telling needs it."""
    database = connect(f"sqlite:///{folder / 'post.sqlite'}")
    upgrade(database)
    nothing = cast(Any, None)
    return Runtime(database, Settings(data_dir=folder), "test", nothing, nothing, fetcher)


def subscribe(held: Runtime, url: str, count: int) -> list[str]:
    with held.database.writing() as connection:
        changes.record(connection, changes.CLUSTER, cluster_id="c")
        return [webhooks.add(connection, url, "whsec_AAAA", who="test", since=0).id for _ in range(count)]


def until(true: Any) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_nobody_is_told_twice_at_once_and_the_slow_do_not_hold_the_rest(tmp_path: Path) -> None:
    held, go_on, told = holding(tmp_path), threading.Event(), []

    def tell(_held: Runtime, webhook_id: str) -> None:
        told.append(webhook_id)
        go_on.wait(30)

    ids, postman = subscribe(held, "https://a.example/", AT_ONCE + 2), Postman(tell)
    assert postman.go(held) == AT_ONCE
    until(lambda: len(told) == AT_ONCE)
    assert postman.go(held) == 0
    assert len(set(told)) == AT_ONCE
    go_on.set()
    until(lambda: postman.go(held) or set(told) == set(ids))
    until(lambda: (postman.go(held), set(told) == set(ids))[1])
    held.database.close()


def test_due_subscriber_gets_its_changes(tmp_path: Path) -> None:
    with receiving() as receiver:
        held = holding(tmp_path, Fetcher(user_agent="test", allowed_hosts=(receiver.host,)))
        [id_] = subscribe(held, receiver.url, 1)
        postman = Postman()
        assert postman.go(held) == 1
        until(lambda: not postman._busy)
        assert len(receiver.came) == 1
        assert postman.go(held) == 0
        with held.database.reading() as connection:
            found = webhooks.load(connection, id_)
        assert found is not None
        assert found.delivered == 1
        held.database.close()


def test_the_clock_looks_for_subscribers_every_second(tmp_path: Path) -> None:
    schedule = configuration(Settings(data_dir=tmp_path))["beat_schedule"]
    assert schedule["deliver"] == {"task": "newsfold.deliver", "schedule": 1.0}
