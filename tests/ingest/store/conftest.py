"""What the store is tested on: both kinds of database, empty, with this version's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.store import engine, schema
from ingest.store.engine import Database
from tests.databases import KINDS, empty_database


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with empty_database(request.param, tmp_path) as url:
        database = engine.connect(url)
        with database.writing() as connection:
            schema.metadata.create_all(connection)
        yield database
        database.close()
