"""`ingest webhooks` from adding to removing, with a receiver that is really there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.errors import BadInput, Permanent
from ingest.publish.signing import check
from ingest.store.engine import connect
from ingest.store.migrations import upgrade
from tests.receiver import receiving

run = CliRunner()


def test_webhook_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path))
    database = connect(f"sqlite:///{tmp_path / 'newsfold.sqlite'}")
    upgrade(database)
    database.close()
    with receiving() as receiver:
        monkeypatch.setenv("INGEST_ALLOW_PRIVATE_HOSTS", receiver.host)
        made = json.loads(run.invoke(app, ["webhooks", "add", receiver.url, "--json"]).stdout)
        tried = run.invoke(app, ["webhooks", "test", made["id"]])
        assert tried.stdout.strip() == "taken, the receiver answered 200"
        check(made["secret"], receiver.came[0].headers, receiver.came[0].body)
        receiver.answers = [500]
        with pytest.raises(Permanent, match="answered 500"):
            run.invoke(app, ["webhooks", "test", made["id"]], catch_exceptions=False)
    assert run.invoke(app, ["webhooks", "pause", made["id"]]).exit_code == 0
    listed = json.loads(run.invoke(app, ["webhooks", "list", "--json"]).stdout)
    assert (listed["state"], listed["reason"], listed["behind"]) == ("paused", "paused by a person", 0)
    assert "secret" not in listed
    assert run.invoke(app, ["webhooks", "rotate", made["id"]]).stdout.startswith("whsec_")
    assert "paused" in run.invoke(app, ["webhooks", "list"]).stdout
    assert run.invoke(app, ["webhooks", "resume", made["id"]]).exit_code == 0
    assert run.invoke(app, ["webhooks", "remove", made["id"]]).exit_code == 0
    with pytest.raises(BadInput, match="webhooks list"):
        run.invoke(app, ["webhooks", "remove", made["id"]], catch_exceptions=False)
