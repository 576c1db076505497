"""Conversion without PyTorch: every layout loads and translates; what is wrong is named."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest

from models.convert import convert
from models.manifest import ModelError
from models.marian import Decoding, Marian
from tests.models import tiny

LAYOUTS = {
    "shipped": tiny.Layout(),
    "zero pad": tiny.Layout(pad_drifted=False),
    "two SentencePiece models, one vocabulary": tiny.Layout(apart=True),
    "two vocabularies": tiny.Layout(separate_vocabularies=True),
    "two vocabularies, zero pad": tiny.Layout(separate_vocabularies=True, pad_drifted=False),
    "untied source embedding": tiny.Layout(apart=True, untied_source=True),
    "bias on the logits, swish, float16": tiny.Layout(logits_bias=True, activation="swish", half=True),
    "unscaled embedding": tiny.Layout(scale_embedding=False),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_becomes_a_model_that_translates(layout: tiny.Layout, tmp_path: Path) -> None:
    convert(tiny.write(tmp_path / "hf", layout), tmp_path / "ct2", "float32")
    model = Marian(tmp_path / "ct2", device="cpu", compute_type="default", threads=1)
    answers = model.translate(["Il fait beau.", "La Corée du Nord livre 14 000 missiles."], Decoding(1), retry=False)
    assert len(answers) == 2
    assert all(answer.text and answer.score is not None and answer.score < 0 for answer in answers)
    assert model.max_tokens == 64


def test_one_sentencepiece_model_is_stored_once(tmp_path: Path) -> None:
    convert(tiny.write(tmp_path / "hf"), tmp_path / "ct2")
    assert (tmp_path / "ct2" / "source.spm").is_file()
    assert not (tmp_path / "ct2" / "target.spm").exists()


def test_pytorch_is_not_imported(tmp_path: Path) -> None:
    convert(tiny.write(tmp_path / "hf"), tmp_path / "ct2")
    assert "torch" not in sys.modules


def test_int8_is_about_a_quarter_of_float32(tmp_path: Path) -> None:
    checkpoint = tiny.write(tmp_path / "hf")
    convert(checkpoint, tmp_path / "int8")
    convert(checkpoint, tmp_path / "float32", "float32")
    small, large = ((tmp_path / name / "model.bin").stat().st_size for name in ("int8", "float32"))
    assert small < large / 2  # biases and norms stay float32, and weigh in a model this small


def test_other_architecture_is_refused_by_name(tmp_path: Path) -> None:
    checkpoint = tiny.write(tmp_path / "hf")
    (checkpoint / "config.json").write_text(json.dumps({"model_type": "bart"}), encoding="utf-8")
    with pytest.raises(ModelError, match="expected a MarianMT checkpoint, got model_type 'bart'"):
        convert(checkpoint, tmp_path / "ct2")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    checkpoint = tiny.write(tmp_path / "hf")
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"expected model\.safetensors or pytorch_model\.bin"):
        convert(checkpoint, tmp_path / "ct2")


def test_missing_tensor_is_named(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    checkpoint = tiny.write(tmp_path / "hf")
    path = checkpoint / "model.safetensors"
    tensors = load_file(str(path))
    del tensors["model.encoder.layers.1.fc2.bias"]
    save_file(tensors, str(path))
    with pytest.raises(ModelError, match=r"expected the tensor model\.encoder\.layers\.1\.fc2\.bias"):
        convert(checkpoint, tmp_path / "ct2")


def test_vocabulary_with_a_gap_is_refused(tmp_path: Path) -> None:
    checkpoint = tiny.write(tmp_path / "hf")
    ids = json.loads((checkpoint / "vocab.json").read_text(encoding="utf-8"))
    ids["extra"] = len(ids) + 5
    (checkpoint / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    with pytest.raises(ModelError, match="each once"):
        convert(checkpoint, tmp_path / "ct2")


@pytest.mark.torch
def test_a_bin_checkpoint_gives_the_same_model_as_safetensors(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    tiny.write(tmp_path / "safe")
    shutil.copytree(tmp_path / "safe", tmp_path / "pickled")
    torch.save(load_file(tmp_path / "safe" / "model.safetensors"), tmp_path / "pickled" / "pytorch_model.bin")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    for name in ("safe", "pickled"):
        convert(tmp_path / name, tmp_path / f"{name}-ct2", "int8")
    assert (tmp_path / "safe-ct2" / "model.bin").read_bytes() == (tmp_path / "pickled-ct2" / "model.bin").read_bytes()


class Bomb:
    """Unpickles as a call of a function."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


@pytest.mark.torch
def test_a_bin_checkpoint_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path / "hf")
    (tmp_path / "hf" / "model.safetensors").unlink()
    (tmp_path / "hf" / "pytorch_model.bin").write_bytes(pickle.dumps({"model.shared.weight": Bomb()}, protocol=2))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="weights only"):
        convert(tmp_path / "hf", tmp_path / "ct2", "int8")
    assert not (tmp_path / "exploded").exists()
