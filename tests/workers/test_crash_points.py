"""Dying at any edge of an attempt loses nothing and does nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from ingest.settings import Settings
from ingest.store import engine, migrations, schema
from ingest.store.crashpoints import POINTS
from ingest.store.queue import reconciler, rings, standing
from ingest.store.texts import documents
from ingest.types import Page, Stage, State
from workers import deployment, tasks

TEXT = b"""The harbour of Leeds

The council said on Tuesday that the harbour would be closed for nine days while its gates are replaced.
Residents had asked for an answer since the storm of last winter, when forty houses were damaged by the water.
The work will cost nine hundred thousand euros and is paid for by the region, the mayor told reporters.
"""


def work(settings: Settings, stage: Stage, document_id: str, crash_at: str | None = None) -> int:
    """Do a task in a process of its own, with no broker to ring at; its exit status."""

    def child() -> None:
        if crash_at is not None:
            os.environ["INGEST_CRASH_AT"] = crash_at
        deployment.use(settings)
        getattr(tasks, stage)(document_id)

    process = multiprocessing.get_context("fork").Process(target=child)  # forked: the libraries are read already
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode


@pytest.mark.parametrize("point", POINTS)
def test_document_whose_worker_dies_there_goes_on_and_has_its_effect_once(point: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, broker_url=SecretStr(f"redis+socket://{tmp_path}/nobody.sock"))
    database = engine.connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    page = Page(TEXT, "text/plain", None, None, datetime.now(UTC))
    with database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="file").document_id

    database.close()  # nothing is open when the worker is forked off
    stage = Stage.TRANSLATE if point == "before_publish" else Stage.EXTRACT  # rung for, or worked at
    once = f"{stage}:{point}:{tmp_path / 'once'}"
    assert work(settings, Stage.EXTRACT, document_id, once) == -signal.SIGKILL
    committed = point in ("after_commit", "before_publish")
    with database.reading() as connection:
        row = documents.load(connection, document_id)
        assert row is not None
        assert (row["stage"], row["state"]) == (
            (Stage.TRANSLATE, State.PENDING) if committed else (Stage.EXTRACT, State.RUNNING)
        )
        assert (len(connection.execute(select(schema.extractions)).all()) == 1) == committed

    report = reconciler.reconcile(database, settings)
    database.close()
    assert report.recovered == (not committed), "a dead process of this machine is seen at once"
    if not committed:
        assert work(settings, Stage.EXTRACT, document_id) == 0
    with database.writing() as connection:
        assert len(connection.execute(select(schema.extractions)).all()) == 1
        trail = [(step.attempt, step.outcome) for step in standing.trail(connection, document_id)]
        assert trail == ([(1, "done")] if committed else [(1, "lost-lease"), (2, "done")])
        rung_again = rings.due(connection, Stage.TRANSLATE, 10, again_after_s=0)
        assert rung_again == (document_id,)
    database.close()
