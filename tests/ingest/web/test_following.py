"""Who starts from zero and follows the changes ends with what the database says, whoever writes meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from ingest.publish.record import to_json
from ingest.store import schema
from ingest.store.duplicates import cluster_listing
from ingest.store.engine import Database
from ingest.store.texts import listing
from ingest.types import Copy
from ingest.web.api.articles import load_full
from ingest.web.api.changes import read
from tests.databases import KINDS
from tests.ingest.pipeline.clustering import fresh
from tests.ingest.pipeline.histories import Step, begin, refused, so_many, step

MOVING = ("duplicate", "related", "feeds")
"""What an article brings along as it is at that moment: clusters have changes of their own, the others have none."""

Kept = tuple[str, dict[str, Copy | None]]
"""A cluster: the article to read, and in what way each member is a copy."""

rounds = st.lists(st.lists(step, min_size=1, max_size=6), min_size=1, max_size=3)
"""What each of up to three writers does at once, one step after the other."""

histories = st.lists(rounds, min_size=1, max_size=3)


@dataclass(slots=True)
class Follower:
    """A copy kept by the changes alone: articles as JSON, clusters as their members and the one to read."""

    database: Database
    since: int = 0
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    clusters: dict[str, Kept] = field(default_factory=dict)

    def follow(self, at_once: int) -> bool:
        """Apply the next changes; False at the end."""
        answer = json.loads(to_json(read(self.database, self.since, at_once, with_articles=True)))
        seqs = [change["seq"] for change in answer["items"]]
        assert seqs == sorted(set(seqs))
        assert not seqs or seqs[0] > self.since
        for change in answer["items"]:
            self._apply(change)
        self.since = answer["since"]
        return bool(seqs)

    def _apply(self, change: dict[str, Any]) -> None:
        if change["kind"] == "upsert" and change["article"] is not None:
            assert change["article"]["revision"] >= change["revision"]
            self.articles[change["article_id"]] = change["article"]
        elif change["kind"] in ("upsert", "delete"):
            self.articles.pop(change["article_id"], None)
            self.clusters = {
                id_: (head, {member: kind for member, kind in ids.items() if member != change["article_id"]})
                for id_, (head, ids) in self.clusters.items()
                if ids.keys() != {change["article_id"]}
            }
        else:
            self.clusters.pop(change["cluster_id"], None)
            with self.database.reading() as connection:
                self.clusters |= clusters_now(connection, [change["cluster_id"]])


def clusters_now(connection: Connection, ids: Sequence[str]) -> dict[str, Kept]:
    """What /v1/clusters says of these; merged ones and those that are gone are left out."""
    found = {}
    for id_ in ids:
        row = cluster_listing.cluster_row(connection, id_)
        if row is not None and not row["merged_into"]:
            members = {member.id: member.kind for member in listing.cluster_members(connection, id_)}
            found[id_] = (row["representative"], members)
    return found


def truth(database: Database) -> tuple[dict[str, dict[str, Any]], dict[str, Kept]]:
    """All articles and clusters there are."""
    with database.reading() as connection:
        rows = listing.list_articles(connection, limit=200).rows
        made = json.loads(to_json(load_full(connection, [row.id for row in rows])))
        ids = list(connection.scalars(select(schema.clusters.c.id)))
        return {one["id"]: one for one in made}, clusters_now(connection, ids)


def still(kept: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The articles without what moves on its own."""
    return {id_: {name: one[name] for name in one if name not in MOVING} for id_, one in kept.items()}


def play(database: Database, history: list[list[list[Step]]], at_once: int) -> None:
    """Rounds of writers with one who follows meanwhile, compared after each; another begins at zero at the end."""
    begin(database)
    live = Follower(database)
    for writers in history:
        write_and_watch(database, writers, live, at_once)
        compare(database, live, at_once)
    compare(database, Follower(database), at_once)


def write_and_watch(database: Database, writers: list[list[Step]], live: Follower, at_once: int) -> None:
    """One round: the writers side by side, the follower beside them."""
    ended = Event()

    def watch() -> None:
        while not ended.is_set():
            if not live.follow(at_once):
                ended.wait(0.002)

    def write(steps: list[Step]) -> None:
        for what in steps:
            refused(database, what)

    with ThreadPoolExecutor(len(writers) + 1) as pool:
        watching = pool.submit(watch)
        try:
            for writing in [pool.submit(write, steps) for steps in writers]:
                writing.result(timeout=120)
        finally:
            ended.set()
        watching.result(timeout=120)


def compare(database: Database, follower: Follower, at_once: int) -> None:
    """At the end of the sequence the copy is what the database says."""
    while follower.follow(at_once):
        pass
    kept, clusters = truth(database)
    assert still(follower.articles) == still(kept)
    assert follower.clusters == clusters


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as made:
        yield made


def holds(examples: int) -> Callable[..., None]:
    """The property over so many histories."""

    @so_many(examples)
    @given(history=histories, at_once=st.integers(1, 7))
    def followed(database: Database, history: list[list[list[Step]]], at_once: int) -> None:
        play(database, history, at_once)

    return followed


test_follower_ends_with_what_the_database_says = holds(6)
test_follower_of_two_hundred_histories = pytest.mark.slow(pytest.mark.timeout(1200)(holds(200)))
test_follower_of_a_thousand_histories = pytest.mark.long(pytest.mark.timeout(3000)(holds(1000)))
