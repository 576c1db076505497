"""`ingest models`: fetch, list, verify, use, remove, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli.models import app
from ingest.errors import Misconfigured
from models.manifest import read_lock
from tests.models import tiny

NAME = "Helsinki-NLP/opus-mt-es-en"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path / "data"))  # the process's own settings: no other way in
    return tmp_path / "data"


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.output


def states() -> dict[str, tuple[str, list[str]]]:
    rows = [json.loads(line) for line in run("list", "--json").splitlines()]
    return {row["name"]: (row["state"], row["used_for"]) for row in rows}


def test_a_models_life(data: Path, tmp_path: Path) -> None:
    checkpoint = tiny.write(tmp_path / "hf")
    assert states()[NAME] == ("can be fetched", [])
    assert "ready, translates es" in run("fetch", NAME, "--from", str(checkpoint))
    assert states()[NAME] == ("fetched", ["es"])
    assert "files as they should be" in run("verify")
    (fetched,) = read_lock(data).checkpoints
    assert fetched.directory is not None
    (fetched.directory / "model.bin").write_bytes(b"")
    assert "model.bin is damaged" in run("verify", status=1)
    run("remove", NAME)
    assert states()[NAME] == ("can be fetched", [])


def test_built_in_model_is_used_for_both_languages(data: Path) -> None:
    name, (state, used) = next((n, s) for n, s in states().items() if s[0] == "built in")
    assert (state, used) == ("built in", ["fr", "de"])
    assert "used for fr" in run("use", name, "--lang", "fr")


@pytest.mark.parametrize("command", [("remove", "nothing"), ("use", "nothing"), ("fetch", "x", "--from", "/nowhere")])
def test_what_cannot_be_done_is_explained(data: Path, command: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured):
        run(*command)
