"""`ingest reindex` and what `ingest doctor` says of texts without a vector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from sqlalchemy import func, select
from typer.testing import CliRunner

from ingest.cli import app
from ingest.dedup.minhash import SCHEME
from ingest.errors import Misconfigured
from ingest.settings import load
from ingest.store import engine, schema
from models.minilm import FILES, MiniLM
from tests.ingest.dedup.encoders import Told
from tests.ingest.dedup.news import text
from tests.ingest.pipeline.clustering import article, cluster

RUN = CliRunner()
TEXTS = 45


class Encoder(Told):
    """The encoder that is named; Ctrl-C comes at its n-th text."""

    label = MiniLM.label

    def __init__(self, stopped_at: int | None = None) -> None:
        super().__init__({})
        self.stopped_at = stopped_at

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.stopped_at is not None and len(self.asked) == self.stopped_at:
            raise KeyboardInterrupt
        return super().encode(texts)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with articles that were clustered while no encoder was named."""
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path / "data"))
    assert RUN.invoke(app, ["migrate"]).exit_code == 0
    database = engine.connect(load().sqlalchemy_url)
    now = datetime.now(UTC)
    cluster(database, *(article(number, text(number), at=now) for number in range(1, TEXTS + 1)))
    database.close()
    return tmp_path


def name(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an encoder be the one that is named: a real one would have to be MiniLM, which is not in the repository."""
    monkeypatch.setattr("ingest.cli.encoder.the_encoder", lambda _settings: encoder)


def kept() -> int:
    database = engine.connect(load().sqlalchemy_url)
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(schema.embeddings)).scalar_one()
    database.close()
    return count


def test_without_an_encoder_nothing_is_encoded() -> None:
    done = RUN.invoke(app, ["reindex", "--json"])
    assert json.loads(done.stdout) == {"scheme": SCHEME, "encoder": None, "signed": 0, "encoded": 0, "stopped": False}
    assert kept() == 0


def test_what_was_clustered_before_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    name(Encoder(), monkeypatch)
    assert f"{TEXTS} encoded by {MiniLM.label}" in RUN.invoke(app, ["reindex"]).stdout
    assert kept() == TEXTS
    assert json.loads(RUN.invoke(app, ["reindex", "--json"]).stdout)["encoded"] == 0


def test_interrupted_it_says_how_far_it_came_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    name(Encoder(stopped_at=30), monkeypatch)
    stopped: Result = RUN.invoke(app, ["reindex", "--json"])
    assert stopped.exit_code != 0
    done = json.loads(stopped.stdout.splitlines()[0])
    assert (done["encoded"], done["stopped"]) == (kept(), True) == (20, True)
    name(Encoder(), monkeypatch)
    assert json.loads(RUN.invoke(app, ["reindex", "--json"]).stdout)["encoded"] == TEXTS - 20
    assert kept() == TEXTS


def test_an_encoder_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = folder / "minilm"
    broken.mkdir()
    for file in FILES:
        (broken / file).write_text("no model")
    monkeypatch.setenv("INGEST_RELATED_ENCODER", str(broken))
    done = RUN.invoke(app, ["reindex"])
    assert isinstance(done.exception, Misconfigured)
    assert str(broken) in str(done.exception)


def test_doctor_counts_the_texts_of_the_window_without_a_vector(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "vectors" not in findings()
    monkeypatch.setenv("INGEST_RELATED_ENCODER", str(folder / "minilm"))
    name(Encoder(stopped_at=20), monkeypatch)
    RUN.invoke(app, ["reindex"])
    assert findings()["vectors"]["verdict"] == "warn"
    assert "25 of 45 texts" in findings()["vectors"]["found"]
    assert "ingest reindex" in findings()["vectors"]["remedy"]
    name(Encoder(), monkeypatch)
    RUN.invoke(app, ["reindex"])
    assert findings()["vectors"]["verdict"] == "ok"


def findings() -> dict[str, dict[str, str]]:
    return {row["what"]: row for row in json.loads(RUN.invoke(app, ["doctor", "--json"]).stdout)}
