"""Subscribers are told of every change, in order, at least once, whatever happens to them or to us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from ingest.errors import BadInput
from ingest.fetch import Fetcher
from ingest.pipeline.deliver import FIRST_PAUSE_S, LONGEST_PAUSE_S, deliver, pause_s
from ingest.publish.signing import check, new_secret
from ingest.store import engine, schema
from ingest.store.consumers import changes, following, webhooks
from ingest.store.consumers.webhooks import Webhook, WebhookState
from ingest.store.engine import Database
from ingest.store.schema import changes as changes_table
from ingest.store.schema import webhooks as table
from ingest.store.texts import articles, documents
from ingest.types import Article, Page
from tests.databases import KINDS, empty_database
from tests.receiver import Message, Receiver, receiving

SECRET = new_secret()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@contextmanager
def fresh(folder: Path, kind: str = "sqlite") -> Iterator[Database]:
    """A database with empty tables, of either kind."""
    with empty_database(kind, folder) as url:
        made = engine.connect(url)
        with made.writing() as connection:
            schema.metadata.create_all(connection)
        yield made
        made.close()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def fetcher(receiver: Receiver) -> Fetcher:
    return Fetcher(user_agent="test", deadline_s=5, allowed_hosts=(receiver.host,))


def subscribe(database: Database, receiver: Receiver, **more: Any) -> str:
    """A subscriber from the beginning on; returns its id."""
    values = {"since": 0, "with_articles": False, "at_once": 2} | more
    with database.writing() as connection:
        return webhooks.add(connection, receiver.url, SECRET, who="test", **values).id


def happen(database: Database, count: int, kind: str = "cluster") -> None:
    """So many changes."""
    with database.writing() as connection:
        for _ in range(count):
            changes.record(connection, kind, cluster_id="c")


def standing(database: Database, id_: str) -> Webhook:
    with database.reading() as connection:
        found = webhooks.load(connection, id_)
    assert found is not None
    return found


def later(database: Database, id_: str) -> None:
    """The pause and the lease are over."""
    past = datetime.now(UTC) - timedelta(minutes=10)
    with database.writing() as connection:
        held = {"lease_until": past, "next_try_at": past}
        connection.execute(update(table).where(table.c.id == id_).values(**held))


def seqs(messages: list[Message]) -> list[int]:
    return [item["seq"] for message in messages for item in json.loads(message.body)["data"]["items"]]


def everything(database: Database) -> list[int]:
    with database.reading() as connection:
        return [change.seq for change in following.changes_since(connection, 0, 1000)]


def test_every_change_comes_once_in_order_and_signed(database: Database, receiver: Receiver, fetcher: Fetcher) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 5)
    assert deliver(database, fetcher, id_) == 3
    assert seqs(receiver.came) == everything(database)
    for message in receiver.came:
        assert check(SECRET, message.headers, message.body) == message.headers["webhook-id"]
    assert deliver(database, fetcher, id_) == 0
    with database.reading() as connection:
        assert webhooks.due(connection) == ()


def test_change_brings_its_article_where_that_is_wanted(
    database: Database, receiver: Receiver, fetcher: Fetcher
) -> None:
    body = "The dam was repaired."
    with database.writing() as connection:
        came = documents.admit_page(connection, Page(body.encode(), "text/plain", None, None, NOON), origin="file")
        made = Article(came.document_id, 0, None, None, None, NOON, None, NOON, "", body, "", body, "en", (), ())
        articles.save(connection, made, text_digest="")
    id_ = subscribe(database, receiver, with_articles=True)
    deliver(database, fetcher, id_)
    [item] = json.loads(receiver.came[0].body)["data"]["items"]
    assert (item["kind"], item["article"]["text"]) == ("upsert", body)


def test_receiver_that_is_down_gets_the_same_message_when_it_is_back(
    database: Database, receiver: Receiver, fetcher: Fetcher
) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 2)
    receiver.answers = [503]
    assert deliver(database, fetcher, id_) == 0
    failing = standing(database, id_)
    assert (failing.state, failing.failures, failing.last_status) == (WebhookState.ACTIVE, 1, 503)
    assert failing.next_try_at > datetime.now(UTC) + timedelta(seconds=FIRST_PAUSE_S / 4)
    assert deliver(database, fetcher, id_) == 0  # it is not time yet
    happen(database, 3)  # what comes meanwhile is no part of the message on its way
    later(database, id_)
    deliver(database, fetcher, id_)
    assert receiver.came[0].headers["webhook-id"] == receiver.came[1].headers["webhook-id"]
    assert receiver.came[0].body.partition(b'"newest"')[0] == receiver.came[1].body.partition(b'"newest"')[0]
    assert seqs(receiver.came[1:]) == everything(database)
    assert standing(database, id_).failures == 0


def test_nobody_there_is_a_failure_like_any_other(database: Database, fetcher: Fetcher) -> None:
    with receiving() as gone:
        id_ = subscribe(database, gone)
        reaching = Fetcher(user_agent="test", allowed_hosts=(gone.host,))
    happen(database, 1)
    assert deliver(database, reaching, id_) == 0
    assert "could not be reached" in str(standing(database, id_).last_error)


def test_slow_receiver_does_not_hold_us(database: Database, receiver: Receiver) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 1)
    receiver.wait_s = 2
    deliver(database, Fetcher(user_agent="test", deadline_s=0.3, allowed_hosts=(receiver.host,)), id_)
    assert standing(database, id_).last_error == "no answer within 0.3 s"


def test_receiver_that_is_gone_is_dead_at_once_and_resumes_where_it_stopped(
    database: Database, receiver: Receiver, fetcher: Fetcher
) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 4)
    receiver.answers = [200, 410]
    assert deliver(database, fetcher, id_) == 1
    dead = standing(database, id_)
    assert dead.state is WebhookState.DEAD
    assert "410" in str(dead.reason)
    assert deliver(database, fetcher, id_) == 0
    with database.writing() as connection:
        assert webhooks.resume(connection, id_)
    assert deliver(database, fetcher, id_) == 1
    assert seqs([receiver.came[0], receiver.came[2]]) == everything(database)


def test_receiver_that_takes_nothing_for_days_is_dead(database: Database, receiver: Receiver, fetcher: Fetcher) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 1)
    receiver.answers = [500, 500]
    deliver(database, fetcher, id_)
    assert standing(database, id_).state is WebhookState.ACTIVE
    with database.writing() as connection:
        connection.execute(update(table).values(failing_since=datetime.now(UTC) - timedelta(days=4)))
    later(database, id_)
    deliver(database, fetcher, id_)
    assert standing(database, id_).reason == "nothing taken for 3 days; last: answered 500"


def test_redirect_is_not_followed_and_a_private_address_not_called(
    database: Database, receiver: Receiver, fetcher: Fetcher
) -> None:
    with receiving() as inside:
        id_ = subscribe(database, receiver)
        happen(database, 1)
        receiver.answers, receiver.headers = [307], {"Location": inside.url}
        deliver(database, fetcher, id_)
        assert inside.came == []
        assert "not redirected" in str(standing(database, id_).last_error)
        private = subscribe(database, inside)
        deliver(database, fetcher, private)
        assert inside.came == []
        assert "expected port 80 or 443" in str(standing(database, private).last_error)
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.id == private).values(url="http://127.0.0.1/hook"))
    later(database, private)
    deliver(database, Fetcher(user_agent="test"), private)
    assert "not public" in str(standing(database, private).last_error)


def test_crash_between_delivery_and_recording_sends_the_same_message_again(
    tmp_path: Path, receiver: Receiver, fetcher: Fetcher
) -> None:
    with fresh(tmp_path, "sqlite") as database:
        id_ = subscribe(database, receiver)
        happen(database, 3)
        url = database.writer.url.render_as_string(hide_password=False)
        code = (
            "from ingest.fetch import Fetcher; from ingest.pipeline.deliver import deliver\n"
            "from ingest.store.engine import connect\n"
            f"deliver(connect({url!r}), Fetcher(user_agent='test', allowed_hosts=({receiver.host!r},)), {id_!r})"
        )
        crash = {"INGEST_CRASH_AT": f"deliver:before_commit:{tmp_path / 'once'}"}
        ended = subprocess.run([sys.executable, "-c", code], env=os.environ | crash, timeout=120)
        assert ended.returncode == -signal.SIGKILL
        assert standing(database, id_).seq == 0
        happen(database, 1)
        assert deliver(database, fetcher, id_) == 0  # the lease of the one that died holds
        later(database, id_)
        assert deliver(database, fetcher, id_) == 2
        assert receiver.came[0].headers["webhook-id"] == receiver.came[1].headers["webhook-id"]
        assert seqs(receiver.came[1:]) == everything(database)


def test_one_worker_at_a_time_tells_a_subscriber(database: Database, receiver: Receiver) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 1)
    with database.writing() as connection:
        first = webhooks.take(connection, id_)
        assert webhooks.take(connection, id_) is None
    assert first is not None
    later(database, id_)
    with database.writing() as connection:
        assert webhooks.take(connection, id_) is not None  # another took over
        assert not webhooks.taken(connection, first, 200)  # and the first, who was frozen, changes nothing
    assert standing(database, id_).seq == 0


def test_only_wanted_kinds_come_and_the_place_moves_past_the_others(
    database: Database, receiver: Receiver, fetcher: Fetcher
) -> None:
    id_ = subscribe(database, receiver, kinds=["delete"])
    happen(database, 3)
    deliver(database, fetcher, id_)
    assert receiver.came == []
    happen(database, 1, "delete")
    happen(database, 2)
    deliver(database, fetcher, id_)
    assert [item["kind"] for item in json.loads(receiver.came[0].body)["data"]["items"]] == ["delete"]
    assert standing(database, id_).seq == everything(database)[-1]


def test_paused_subscriber_is_told_nothing_but_a_test(database: Database, receiver: Receiver, fetcher: Fetcher) -> None:
    id_ = subscribe(database, receiver)
    happen(database, 1)
    with database.writing() as connection:
        webhooks.pause(connection, id_)
        webhooks.ask_test(connection, id_)
    deliver(database, fetcher, id_)
    assert [json.loads(message.body)["type"] for message in receiver.came] == ["test"]
    assert standing(database, id_).test_result == "taken, the receiver answered 200"
    assert standing(database, id_).seq == 0


def test_both_secrets_sign_for_a_day_after_a_rotation(database: Database, receiver: Receiver, fetcher: Fetcher) -> None:
    id_, fresh_secret = subscribe(database, receiver), new_secret()
    with database.writing() as connection:
        webhooks.rotate(connection, id_, fresh_secret)
    happen(database, 2)
    deliver(database, fetcher, id_)
    message = receiver.came[0]
    assert check(SECRET, message.headers, message.body) == check(fresh_secret, message.headers, message.body)
    with database.writing() as connection:
        connection.execute(update(table).values(former_until=datetime.now(UTC) - timedelta(seconds=1)))
    happen(database, 1)
    deliver(database, fetcher, id_)
    with pytest.raises(BadInput):
        check(SECRET, receiver.came[1].headers, receiver.came[1].body)


def test_place_beyond_the_sequence_is_told_not_hidden(database: Database, receiver: Receiver, fetcher: Fetcher) -> None:
    id_ = subscribe(database, receiver)
    with database.writing() as connection:
        connection.execute(update(table).values(seq=99))
    assert deliver(database, fetcher, id_) == 0
    assert "backup" in str(standing(database, id_).reason)


def test_address_and_size_are_checked_when_it_is_added(database: Database, receiver: Receiver) -> None:
    for url in ("ftp://example.org/", "http://name:word@example.org/", "nonsense"):
        with database.writing() as connection, pytest.raises(BadInput):
            webhooks.add(connection, url, SECRET, who="test")
    with pytest.raises(BadInput, match="newest"):
        subscribe(database, receiver, since=7)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.sampled_from([200, 204, 301, 429, 500]), max_size=5)), max_size=5
    )
)
def test_nothing_is_skipped_and_nothing_comes_out_of_order(
    database: Database, receiver: Receiver, fetcher: Fetcher, rounds: list[tuple[int, list[int]]]
) -> None:
    with database.writing() as connection:
        connection.execute(delete(table))
        connection.execute(delete(changes_table))
    receiver.came.clear()
    id_, taken = subscribe(database, receiver, since=0), []
    for count, answers in [*rounds, (0, []), (1, [])]:
        happen(database, count)
        receiver.answers, before = list(answers), len(receiver.came)
        later(database, id_)
        deliver(database, fetcher, id_)
        statuses = answers + [200] * 99
        fresh_ones = receiver.came[before:]
        taken += [one for one, status in zip(fresh_ones, statuses, strict=False) if status < 300]
    later(database, id_)
    deliver(database, fetcher, id_)
    came = seqs(receiver.came)
    assert list(dict.fromkeys(came)) == everything(database) == sorted(set(came))
    assert seqs(taken) == everything(database)[: len(seqs(taken))]


def test_pauses_double_up_to_an_hour_and_keep_what_the_receiver_asks_for() -> None:
    for failures in range(1, 40):
        nominal = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (failures - 1))
        assert nominal / 2 <= pause_s(failures, None) <= nominal
    assert pause_s(1, 600.0) == 600.0
    assert len({pause_s(5, None) for _ in range(20)}) > 10
