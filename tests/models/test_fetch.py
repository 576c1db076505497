"""Models fetched from a hub and from a folder: pinned, checked, routed, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.fetch import fetch, remove, use
from models.manifest import BUILTIN, LOCK, ModelError, read, read_lock
from models.marian import load
from tests.models import tiny
from tests.models.hub import Hub

SPANISH = "Helsinki-NLP/opus-mt-es-en"
PINNED = next(c.revision for c in read().checkpoints if c.name == SPANISH)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny.write(tmp_path / "hf", tiny.Layout(apart=True, pad_drifted=False))


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[Hub]:
    served = Hub(SPANISH, PINNED, checkpoint)
    yield served
    served.close()


def test_fetched_from_a_folder_the_language_has_a_route(checkpoint: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert load(data).model("es") is None
    done = fetch(SPANISH, data, folder=checkpoint)
    translator = load(data)
    assert translator.model("es") == done.id
    assert done.revision.startswith("sha256-")
    assert translator.translate(["Il fait beau."], "es")[0].text


def test_running_translator_sees_the_new_route(checkpoint: Path, tmp_path: Path) -> None:
    translator = load(tmp_path)
    assert translator.model("es") is None
    fetch(SPANISH, tmp_path, folder=checkpoint)
    assert translator.model("es") is not None


def test_hub_is_asked_for_the_pinned_revision_and_never_again(hub: Hub, tmp_path: Path) -> None:
    done = fetch(SPANISH, tmp_path, endpoint=hub.endpoint)
    assert done.revision == PINNED
    assert any(f"/resolve/{PINNED}/model.safetensors" in path for path in hub.asked)
    hub.asked.clear()
    load(tmp_path).translate(["Il fait beau."], "es")
    assert hub.asked == []
    originals = read_lock(tmp_path).originals[done.id]
    assert set(originals) >= {"config.json", "vocab.json", "source.spm", "target.spm", "model.safetensors"}


def test_same_revision_with_other_bytes_is_refused(hub: Hub, checkpoint: Path, tmp_path: Path) -> None:
    done = fetch(SPANISH, tmp_path, endpoint=hub.endpoint)
    remove(SPANISH, tmp_path)
    tiny.write(checkpoint, tiny.Layout(apart=True, pad_drifted=False), seed=2)
    with pytest.raises(ModelError, match=r"model\.safetensors not as at the first fetch"):
        fetch(SPANISH, tmp_path, endpoint=hub.endpoint)
    assert done.id not in {c.id for c in read_lock(tmp_path).checkpoints}


def test_unreachable_hub_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--from DIR"):
        fetch(SPANISH, tmp_path, endpoint="http://127.0.0.1:9")


def test_damaged_file_is_named_before_it_is_loaded(checkpoint: Path, tmp_path: Path) -> None:
    done = fetch(SPANISH, tmp_path, folder=checkpoint)
    assert done.directory is not None
    with (done.directory / "model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match=r"model\.bin is damaged"):
        load(tmp_path).translate(["Hola."], "es")


def test_removed_model_leaves_no_route(checkpoint: Path, tmp_path: Path) -> None:
    done = fetch(SPANISH, tmp_path, folder=checkpoint)
    remove(SPANISH, tmp_path)
    assert load(tmp_path).model("es") is None
    assert done.directory is not None
    assert not done.directory.exists()
    with pytest.raises(ModelError, match="not fetched"):
        remove(SPANISH, tmp_path)


def test_fetched_model_takes_over_and_the_built_in_one_can_be_chosen_again(checkpoint: Path, tmp_path: Path) -> None:
    french = "Helsinki-NLP/opus-mt-fr-en"
    built_in = read().routes["fr"].name
    fetch(french, tmp_path, folder=checkpoint)
    assert read(data_dir=tmp_path).routes["fr"].name == french
    assert read(data_dir=tmp_path).routes["de"].name == built_in
    use(built_in, tmp_path, languages=["fr"])
    assert read(data_dir=tmp_path).routes["fr"].name == built_in
    with pytest.raises(ModelError, match="expected languages among"):
        use(built_in, tmp_path, languages=["es"])


def test_folder_of_an_unknown_model_needs_its_languages(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--lang"):
        fetch("ours", tmp_path, folder=checkpoint)
    assert fetch("ours", tmp_path, folder=checkpoint, languages=["pt"]).languages == ("pt",)
    assert fetch("somebody/opus-mt-fi-en", tmp_path, folder=checkpoint).languages == ("fi",)


def test_incomplete_folder_is_refused_and_nothing_is_left(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "source.spm").unlink()
    data = tmp_path / "data"
    with pytest.raises(ModelError, match=r"source\.spm missing"):
        fetch(SPANISH, data, folder=checkpoint)
    assert [path.name for path in (data / "models").iterdir()] == [".guard"]


def test_broken_lock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / LOCK).parent.mkdir()
    (tmp_path / LOCK).write_text(json.dumps({"checkpoints": 3}), encoding="utf-8")
    with pytest.raises(ModelError, match="expected a lock file"):
        load(tmp_path)


def test_built_in_manifest_names_every_file_that_ships() -> None:
    for checkpoint in read().checkpoints:
        if checkpoint.builtin:
            checkpoint.verify()
            assert checkpoint.directory is not None
            assert {path.name for path in checkpoint.directory.iterdir()} == {name for name, _ in checkpoint.files}
            assert checkpoint.directory.parent == BUILTIN
