"""What a worker is built from, as the settings name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import Misconfigured
from ingest.language import Identifier
from ingest.settings import Settings
from ingest.types import Identified, Span
from models.manifest import ModelError
from workers import runtime
from workers.checkup import checkup


class AlwaysFrench:
    """A language identifier that somebody brought along."""

    def identify(self, text: str, hint: str | None = None) -> Identified:
        return Identified("fr", (Span(0, len(text), "fr"),))


def named(detector: str, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(runtime, "settings", lambda: Settings(detector=detector))
    return runtime.identifier.__wrapped__()


def test_a_detector_named_in_the_settings_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(named("builtin", monkeypatch), Identifier)
    made = named("tests.workers.test_runtime:AlwaysFrench", monkeypatch)
    assert made.identify("Guten Tag").lang == "fr"  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", ["", "nowhere", "nowhere:Nothing", "ingest.language:Nothing"])
def test_a_detector_that_is_not_there_is_named_in_the_error(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="expected builtin or module:attribute"):
        named(wrong, monkeypatch)


def test_a_worker_is_built_though_the_encoders_folder_vanished(tmp_path: Path) -> None:
    gone = tmp_path / "minilm"
    held = runtime.build(Settings(data_dir=tmp_path, related_encoder=gone))
    try:
        assert held.encoder is not None
        with pytest.raises(ModelError, match=str(gone)):
            held.encoder.encode(["The ferry sank."])
        assert ModelError in held.fatal
    finally:
        held.database.close()


def test_doctor_names_the_folder_of_an_encoder_that_cannot_be_read(tmp_path: Path) -> None:
    gone = tmp_path / "minilm"
    findings = checkup(Settings(data_dir=tmp_path, related_encoder=gone))
    assert [(f.verdict, str(gone) in f.found) for f in findings if f.what == "encoder"] == [("fail", True)]
    assert not [f for f in checkup(Settings(data_dir=tmp_path)) if f.what == "encoder"]
