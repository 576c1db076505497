"""Copies that arrive in the same moment find each other: a hundred pairs make a hundred clusters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.pipeline.cluster import cluster_in_transaction
from ingest.pipeline.compare import newcomer, text_of
from ingest.store.engine import Database
from ingest.types import Article
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, cluster, fresh, partition, sound, store

WORKERS = 6


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, held: bool) -> Iterator[Database]:
    with fresh(tmp_path, request.param, held=held) as database:
        yield database


@pytest.fixture(params=[False, True], ids=["rows", "memory"])
def held(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.slow
def test_a_hundred_pairs_at_once_make_a_hundred_clusters(database: Database) -> None:
    pairs = [(article(2 * n + 1, text(n)), article(2 * n + 2, edited(n, 1))) for n in range(100)]
    everything = [one for pair in pairs for one in pair]
    with database.writing() as connection:
        for one in everything:
            store(connection, one)

    def work(one: Article) -> None:
        new = newcomer(text_of(one))  # before the transaction, as the task does
        with database.writing() as connection:
            cluster_in_transaction(connection, one, new=new)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, everything))
    assert partition(database) == {frozenset((a.id, b.id)) for a, b in pairs}
    sound(database)


def test_any_order_of_arrival_gives_the_same_clusters(database: Database) -> None:
    some = [
        article(10 * n + k, body)
        for n in range(1, 5)
        for k, body in enumerate((text(n), edited(n, 1), edited(n, 2), text(n)))
    ]
    random.Random(4).shuffle(some)
    cluster(database, *some)
    expected = {frozenset(f"a{10 * n + k:07d}" for k in range(4)) for n in range(1, 5)}
    assert partition(database) == expected
    sound(database)
