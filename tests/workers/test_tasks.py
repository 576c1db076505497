"""What a task does with an error that is no document's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery.worker import state as worker_state

from ingest.pipeline.runtime import Runtime
from models.manifest import ModelError
from workers import runtime, tasks


@pytest.fixture
def untouched_worker_state() -> Iterator[None]:
    before = worker_state.should_stop
    yield
    worker_state.should_stop = before


@pytest.mark.usefixtures("untouched_worker_state")
def test_a_worker_whose_model_is_damaged_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object, **__: object) -> tuple[str, ...]:
        raise ModelError("newsfold: model.bin is damaged")

    monkeypatch.setattr(tasks, "translate_documents", damaged)
    monkeypatch.setattr(runtime, "current", lambda: object.__new__(Runtime))
    tasks.translate("d1")
    assert worker_state.should_stop == 1
