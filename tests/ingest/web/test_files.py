"""Articles leave as files and come back: a consumer of either database reads the same."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import func, select

from ingest.errors import BadInput
from ingest.pipeline.export import dump, records, verify
from ingest.pipeline.load import load
from ingest.pipeline.remove import take_down
from ingest.publish.files import lines_of, reading, writing
from ingest.store import schema
from ingest.store.consumers import following
from ingest.store.engine import Database, connect
from ingest.store.sources import entries, feeds
from ingest.store.texts.listing import Choice
from ingest.types import NEEDS_REVIEW, Block, BlockKind, FeedEntry
from ingest.web.api.articles import load_full, with_removed

from .conftest import GERMAN, NOON, Newsroom

REMOVED = (Block("Lesen Sie auch: \u2028 ]]>", BlockKind.BOILERPLATE, kept=False, rule="related", line=3),)
SUFFIXES = (".jsonl", ".jsonl.zst", ".parquet")
NAUGHTY = (("a \u2028 ]]> </script> \U0001f9ca", 'a “quoted” \\ " \u0007 line'),)


@pytest.fixture
def other(tmp_path: Path, empty_file: Path) -> Iterator[Database]:
    """Another empty database."""
    copyfile(empty_file, tmp_path / "other.sqlite")
    made = connect(f"sqlite:///{tmp_path / 'other.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def filled(newsroom: Newsroom) -> list[str]:
    """A cluster of two, a related account, a feed, hostile text."""
    first = newsroom.article(removed=REMOVED, flags=(NEEDS_REVIEW,))
    second = newsroom.article(GERMAN, lang="de")
    third, alone = newsroom.article(NAUGHTY, source=None), newsroom.article()
    newsroom.cluster(first, second)
    newsroom.cluster(alone)
    newsroom.related(first, third)
    with newsroom.database.writing() as connection:
        feed_id, _ = feeds.add(connection, "https://example.org/feed.xml", title="Le Courrier")
        entry = FeedEntry("https://example.org/feed.xml", "g1", None, "T", "", "", None, None, None, None)
        entries.add(connection, feed_id, entry, sha256="0", document_id=first, now=NOON)
    return [first, second, third, alone]


def read(database: Database) -> dict[str, Any]:
    """Everything a consumer reads of articles, what was left out included."""
    with database.reading() as connection:
        ids = list(connection.scalars(select(schema.articles.c.id)))
        return {one["id"]: with_removed(connection, one) for one in load_full(connection, ids)}


def write(database: Database, path: Path, **more: Any) -> int:
    with database.reading() as connection, writing(path) as out:
        count = 0
        for group in records(connection, Choice(), **more):
            out.write(group)
            count += len(group)
    return count


def models(database: Database) -> set[tuple[Any, ...]]:
    with database.reading() as connection:
        return {tuple(row) for row in connection.execute(select(schema.article_models))}


def count_changes(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(schema.changes)) or 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_comes_back_reads_as_what_went_out(
    database: Database, other: Database, filled: list[str], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"articles{suffix}"
    assert write(database, path, removed=True) == len(filled)
    assert load(other, path) == {"new": len(filled)}
    assert read(other) == read(database)
    assert models(other) == models(database)
    told = count_changes(other)
    assert load(other, path) == {"same": len(filled)}
    assert count_changes(other) == told


def test_newer_here_stays_and_taken_down_here_stays_down(
    database: Database, other: Database, newsroom: Newsroom, filled: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "articles.jsonl"
    write(database, path, removed=True)
    load(other, path)
    take_down(other, filled[0], who="test", why="asked")
    with other.writing() as connection:
        connection.execute(schema.articles.update().where(schema.articles.c.id == filled[1]).values(revision=9))
    assert load(other, path) == {"down": 1, "older": 1, "same": 2}
    assert filled[0] not in read(other)


def test_newer_revision_replaces_and_is_announced(
    database: Database, other: Database, filled: list[str], tmp_path: Path
) -> None:
    write(database, tmp_path / "one.jsonl", removed=True)
    load(other, tmp_path / "one.jsonl")
    with database.writing() as connection:
        changed = schema.articles.update().where(schema.articles.c.id == filled[2])
        connection.execute(changed.values(revision=2, text="Corrected."))
    write(database, tmp_path / "two.jsonl", removed=True)
    assert load(other, tmp_path / "two.jsonl") == {"changed": 1, "same": 3}
    assert read(other) == read(database)


def test_address_of_another_document_is_left_alone(
    database: Database, other: Database, filled: list[str], tmp_path: Path
) -> None:
    theirs = Newsroom(other).article(url="https://example.org/1")
    write(database, tmp_path / "articles.jsonl")
    assert load(other, tmp_path / "articles.jsonl")["elsewhere"] == 1
    assert theirs in read(other)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_damaged_line_is_named_and_what_stood_before_is_in(
    database: Database, other: Database, filled: list[str], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "articles.jsonl"
    write(database, path, removed=True)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = tmp_path / f"damaged{suffix}"
    with writing(damaged) as out:
        out._out.write(b"".join(lines[:2]) + lines[2][:40] + b"\n" + lines[3])  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match=r"damaged.*line 3: expected an article"):
        load(other, damaged)
    assert len(read(other)) == 2
    assert load(other, path) == {"same": 2, "new": 2}  # the whole file goes on where the damaged one ended
    assert read(other) == read(database)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"id": 7}', "schema_version|id|revision"),
        ("[]", "object"),
        ("\xff", "line 1"),
        ('{"schema_version":"1.0","id":"a","deleted":true}', "at"),
    ],
)
def test_line_that_is_no_article_says_what_is_wrong(other: Database, tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(line.encode("latin-1") + b"\n")
    with pytest.raises(BadInput, match=what):
        load(other, path)


def test_cut_or_foreign_file_is_damage_not_silence(
    database: Database, other: Database, filled: list[str], tmp_path: Path
) -> None:
    whole = tmp_path / "articles.jsonl.zst"
    write(database, whole, removed=True)
    cut = tmp_path / "cut.jsonl.zst"
    cut.write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(BadInput, match="cut"):
        load(other, cut)
    for name in ("foreign.jsonl.zst", "foreign.parquet"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(BadInput, match="foreign"):
            load(other, tmp_path / name)


def test_file_stands_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"articles{suffix}"
        with pytest.raises(RuntimeError), writing(path):
            raise RuntimeError("interrupted")
    assert list(tmp_path.iterdir()) == []


def test_dump_is_described_checked_and_read_back(
    database: Database, other: Database, filled: list[str], tmp_path: Path
) -> None:
    made = dump(database, tmp_path / "dumps", day="2026-03-02")
    manifest = verify(made.folder)
    with database.reading() as connection:
        newest = following.newest(connection)
    assert (manifest["cursor"], manifest["files"][0]["records"]) == (newest, len(filled))
    assert manifest["schema_version"] == "1.0"
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made.folder, capture_output=True, text=True)
    assert sums.returncode == 0, sums.stderr
    with pytest.raises(BadInput, match="no dump yet"):
        dump(database, tmp_path / "dumps", day="2026-03-02")
    load(other, made.folder)
    assert read(other) == read(database)


def test_dumps_of_what_changed_carry_edits_and_takedowns(
    database: Database, other: Database, newsroom: Newsroom, filled: list[str], tmp_path: Path
) -> None:
    load(other, dump(database, tmp_path / "dumps", day="1").folder)
    newsroom.article()
    take_down(database, filled[1], who="test", why="asked")
    made = dump(database, tmp_path / "dumps", day="2", incremental=True)
    assert made.records == 2
    assert load(other, made.folder) == {"new": 1, "removed": 1}
    assert read(other).keys() == read(database).keys()
    assert dump(database, tmp_path / "dumps", day="3", incremental=True).records == 0


def test_damaged_dump_is_not_begun(database: Database, other: Database, filled: list[str], tmp_path: Path) -> None:
    made = dump(database, tmp_path / "dumps", day="1")
    file = made.folder / "articles.jsonl.zst"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(BadInput, match="checksum"):
        load(other, made.folder)
    assert read(other) == {}
    (made.folder / "SHA256SUMS").unlink()
    with pytest.raises(BadInput, match="SHA256SUMS"):
        load(other, made.folder)


def test_dump_that_fails_leaves_nothing(database: Database, filled: list[str], tmp_path: Path) -> None:
    with database.writing() as connection:
        connection.execute(schema.articles.update().values(sentences=[{"broken": True}]))
    with pytest.raises(KeyError):
        dump(database, tmp_path / "dumps", day="1")
    assert list((tmp_path / "dumps").iterdir()) == []


def test_dump_of_a_database_put_back_from_a_backup_says_so(
    database: Database, filled: list[str], tmp_path: Path
) -> None:
    earlier = tmp_path / "dumps" / "9"
    earlier.mkdir(parents=True)
    (earlier / "manifest.json").write_text('{"cursor": 99999}')
    with pytest.raises(BadInput, match="newest dump"):
        dump(database, tmp_path / "dumps", day="a", incremental=True)


def test_lines_are_what_the_interface_gives(database: Database, filled: list[str], tmp_path: Path) -> None:
    write(database, tmp_path / "a.jsonl", removed=True)
    kept = {one["id"]: one for one in map(json.loads, lines_of(tmp_path / "a.jsonl"))}
    assert set(kept) == set(filled)
    assert {record.id for _, record in reading(tmp_path / "a.jsonl")} == set(filled)
    assert hashlib.sha256(kept[filled[0]]["text"].encode()).hexdigest() == kept[filled[0]]["text_sha256"]
