"""What sites repeat, on SQL: counted over different articles, fading, bounded, and people's pins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.extract import fingerprint
from ingest.store.engine import Database, connect
from ingest.store.schema import metadata
from ingest.store.sources import pins, site_memory

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MENU = fingerprint("Menu")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path / 'sites.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    yield made
    made.close()


def learn(database: Database, document: str, *texts: str, site: str = "example.org", now: datetime = NOW) -> None:
    with database.writing() as connection:
        site_memory.learn(connection, site, document, {fingerprint(text): text for text in texts}, now)


def count(
    database: Database, text: str, *, site: str = "example.org", document: str = "new", now: datetime = NOW
) -> int:
    with database.reading() as connection:
        recalled = site_memory.SqlSiteMemory(connection, document, now).recall(site, [fingerprint(text)])
    return recalled.blocks[fingerprint(text)].articles if fingerprint(text) in recalled.blocks else 0


def test_a_block_is_counted_once_an_article(database: Database) -> None:
    for number in range(4):
        learn(database, f"d{number}", "Menu", f"Article {number}")
    assert count(database, "Menu") == 4
    assert count(database, "Article 2") == 1
    assert count(database, "MENU") == 4
    assert count(database, "Never seen") == 0


def test_the_same_article_again_changes_nothing(database: Database) -> None:
    for _ in range(3):
        learn(database, "d1", "Menu")
    assert count(database, "Menu") == 1


def test_an_article_does_not_count_itself(database: Database) -> None:
    learn(database, "d1", "Menu")
    assert count(database, "Menu", document="d1") == 0


def test_sites_do_not_know_each_other(database: Database) -> None:
    learn(database, "d1", "Menu")
    assert count(database, "Menu", site="other.org") == 0


def test_what_a_site_gave_up_fades(database: Database) -> None:
    for number in range(8):
        learn(database, f"d{number}", "Menu")
    assert count(database, "Menu", now=NOW + timedelta(days=29)) == 8
    assert count(database, "Menu", now=NOW + timedelta(days=31)) == 4
    assert count(database, "Menu", now=NOW + timedelta(days=400)) == 0


def test_a_site_is_bounded_and_keeps_what_it_repeats(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_memory, "MAX_BLOCKS", 200)  # the real bound takes seconds to reach
    for number in range(30):
        learn(database, f"d{number}", "Menu", *(f"Line {number}-{i}" for i in range(20)))
    assert count(database, "Menu") == 30
    with database.reading() as connection:
        assert len(site_memory.repeated(connection, "example.org", least=1, limit=1_000)) <= 200
        assert site_memory.sites(connection) == [("example.org", 30)]


def test_a_pin_holds_until_it_is_undone(database: Database) -> None:
    def pin_of() -> bool | None:
        with database.reading() as connection:
            recalled = site_memory.SqlSiteMemory(connection, "new", NOW).recall("example.org", [MENU])
        return recalled.blocks[MENU].pin if MENU in recalled.blocks else None

    with database.writing() as connection:
        pins.pin(connection, "example.org", MENU, "Menu", keep=False, who="ada", now=NOW)
        pinned = pins.pin(connection, "example.org", MENU, "Menu", keep=True, who="ada", now=NOW)
    assert pin_of() is True  # the later word counts
    with database.reading() as connection:
        assert [(block.sample, block.pin) for block in site_memory.repeated(connection, "example.org")] == [
            ("Menu", True)
        ]
    with database.writing() as connection:
        assert pins.undo(connection, pinned, NOW)
        assert not pins.undo(connection, pinned, NOW)
    assert pin_of() is None
