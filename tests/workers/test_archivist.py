"""The day's dump is written once, in the background, and old ones go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.pipeline.export import MANIFEST, dump, dump_in_turn, verify
from ingest.settings import Settings
from ingest.store.queue import leases
from tests.workers.test_postman import holding
from workers.app import configuration
from workers.archivist import Archivist


def day(back: int) -> str:
    return (datetime.now(UTC) - timedelta(days=back)).strftime("%Y-%m-%d")


def test_day_gets_one_dump(tmp_path: Path) -> None:
    held = holding(tmp_path)
    held = replace(held, settings=Settings(data_dir=tmp_path, dump_dir=tmp_path / "new" / "dumps"))
    thread = Archivist().go(held)
    assert thread is not None
    thread.join(30)
    [folder] = (tmp_path / "new" / "dumps").iterdir()
    assert folder.name in (day(0), day(1))
    assert verify(folder)["since"] == 0
    assert dump_in_turn(held.database, held.settings, "test") is None
    held.database.close()


def test_old_dumps_go_and_nothing_else(tmp_path: Path) -> None:
    held, into = holding(tmp_path), tmp_path / "dumps"
    for name in (day(2), day(3), day(9), "before-the-move"):
        dump(held.database, into, day=name)
    (into / "2001-01-01").mkdir()
    (into / f".{day(1)}.1.part").mkdir()
    dump_in_turn(held.database, Settings(data_dir=tmp_path, dump_dir=into, dump_days=3), "test")
    kept = sorted(path.name for path in into.iterdir())
    assert kept == sorted([day(0), day(2), "before-the-move", "2001-01-01"])
    assert not (into / "2001-01-01" / MANIFEST).exists()
    held.database.close()


def test_two_clocks_write_one_dump(tmp_path: Path) -> None:
    held, into = holding(tmp_path), tmp_path / "dumps"
    settings = Settings(data_dir=tmp_path, dump_dir=into)
    with held.database.writing() as connection:
        assert leases.take(connection, "dump", "another", 60)
    assert dump_in_turn(held.database, settings, "test") is None
    assert not into.exists()
    held.database.close()


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    held = replace(holding(tmp_path), settings=Settings(data_dir=tmp_path, dump_dir=Path("/proc/dumps")))
    thread = Archivist().go(held)
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()
    held.database.close()


def test_the_clock_looks_every_ten_minutes(tmp_path: Path) -> None:
    schedule = configuration(Settings(data_dir=tmp_path))["beat_schedule"]
    assert schedule["dump"] == {"task": "newsfold.dump", "schedule": 600.0}
