"""What a supervisor is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import insert

from ingest.settings import Settings
from ingest.store.engine import Database, connect
from ingest.store.schema import leases
from ingest.web.app import create_app


def test_fresh_database_is_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


def test_database_without_tables_is_alive_but_not_ready(tmp_path: Path, settings: Settings) -> None:
    bare = connect(f"sqlite:///{tmp_path / 'bare.sqlite'}")
    client = TestClient(create_app(settings, database=bare), base_url="http://localhost")
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "run `ingest migrate`" in answer.json()["checks"]["schema"]
    bare.close()


def test_silent_reconciler_is_not_ready(client: TestClient, database: Database) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with database.writing() as connection:
        connection.execute(insert(leases).values(name="reconcile", until=long_ago, done_at=long_ago))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "last ran 36" in answer.json()["checks"]["reconciler"]
