"""Two processes hold the index in memory: each sees what the other has placed and taken out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pytest

from ingest.pipeline import window
from ingest.store import engine
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, cluster, fresh

OTHER = """
import sys
from ingest.pipeline import window
from ingest.pipeline.cluster import withdraw
from ingest.store import engine
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, cluster
database = engine.connect(sys.argv[1])
window.hold(database, 10**9, placing=10**6)
for line in sys.stdin:
    what, number, story = line.split()
    if what == "place":
        (outcome,) = cluster(database, article(int(number), text(int(story))))
        print(outcome.size, flush=True)
    else:
        with database.writing() as connection:
            withdraw(connection, f"a{int(number):07d}")
        print(0, flush=True)
"""


class Process:
    """Another process that clusters in the same database, with an index of its own in memory."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._in, self._out = cast(IO[str], running.stdin), cast(IO[str], running.stdout)

    def ask(self, what: str, number: int, story: int = 0) -> int:
        """Place an article, or withdraw one; returns the size of its cluster."""
        self._in.write(f"{what} {number} {story}\n")
        self._in.flush()
        return int(self._out.readline())


@contextmanager
def process(url: str) -> Iterator[Process]:
    root = Path(__file__).parents[3]
    started = subprocess.Popen(
        [sys.executable, "-c", OTHER, url], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with started:
        yield Process(started)
        assert started.stdin is not None
        started.stdin.close()
    assert started.returncode == 0


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[engine.Database]:
    with fresh(tmp_path, request.param, held=True) as made:
        yield made


def test_each_sees_what_the_other_has_placed_and_taken_out(database: engine.Database) -> None:
    with process(database.writer.url.render_as_string(hide_password=False)) as other:
        assert other.ask("place", 1, 1) == 1
        assert [one.size for one in cluster(database, article(2, edited(1, 1)))] == [2]
        assert other.ask("place", 3, 1) == 3
        assert [one.size for one in cluster(database, article(4, text(2)))] == [1]
        assert other.ask("place", 5, 2) == 2
        for number in (4, 5):
            other.ask("withdraw", number)
        assert [one.size for one in cluster(database, article(6, edited(2, 1)))] == [1]
    assert window.held(database) is not None
