"""The encoder of related coverage: read late, refused where it is another model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from models import minilm
from models.manifest import ModelError

WORDS = ["[UNK]", "soldiers", "bank", "Varnholm", "Kelmar", "minister", "shares", "freed"]
WIDTH, HEADS = 16, 2


def bert(folder: Path) -> Path:
    """A BERT of one layer with random weights, as CTranslate2 keeps it, and its tokenizer."""
    from ctranslate2.specs import TransformerEncoderModelSpec, TransformerEncoderSpec, common_spec

    spec = TransformerEncoderModelSpec(
        TransformerEncoderSpec(
            1,
            HEADS,
            pre_norm=False,
            activation=common_spec.Activation.GELU,
            layernorm_embedding=True,
            num_source_embeddings=2,
            embeddings_merge=common_spec.EmbeddingsMerge.ADD,
        )
    )
    rng = np.random.default_rng(1)
    encoder = spec.encoder

    def linear(layer: Any, out: int, into: int) -> None:
        layer.weight = rng.normal(size=(out, into)).astype(np.float32)
        layer.bias = np.zeros(out, dtype=np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, dtype=np.float32), np.zeros(WIDTH, dtype=np.float32)

    encoder.scale_embeddings = np.dtype("int8").type(0)
    encoder.embeddings[0].weight = rng.normal(size=(len(WORDS), WIDTH)).astype(np.float32)
    encoder.embeddings[1].weight = np.zeros((2, WIDTH), dtype=np.float32)
    encoder.position_encodings.encodings = rng.normal(size=(512, WIDTH)).astype(np.float32)
    norm(encoder.layernorm_embedding)
    layer = encoder.layer[0]
    linear(layer.self_attention.linear[0], 3 * WIDTH, WIDTH)
    linear(layer.self_attention.linear[1], WIDTH, WIDTH)
    norm(layer.self_attention.layer_norm)
    linear(layer.ffn.linear_0, 4 * WIDTH, WIDTH)
    linear(layer.ffn.linear_1, WIDTH, 4 * WIDTH)
    norm(layer.ffn.layer_norm)
    spec.register_vocabulary(WORDS)
    spec.config.unk_token = "[UNK]"
    spec.validate()
    spec.optimize(quantization=None)
    folder.mkdir()
    spec.save(str(folder))
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_folder_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json of a converted MiniLM, got no model\.bin"):
        minilm.load(tmp_path)


def test_nothing_is_read_before_the_first_text(tmp_path: Path) -> None:
    for name in minilm.FILES:
        (tmp_path / name).write_text("no model")
    encoder = minilm.load(tmp_path)
    with pytest.raises(ModelError, match="expected a converted sentence encoder"):
        encoder.encode(["Soldiers freed the hostages."])


def test_what_cannot_be_read_is_tried_once(tmp_path: Path) -> None:
    encoder = minilm.load(bert(tmp_path / "bert"))
    said = []
    for _ in range(2):
        with pytest.raises(ModelError) as refused:
            encoder.encode(["soldiers freed"])
        said.append(str(refused.value))
        (tmp_path / "bert" / "model.bin").unlink(missing_ok=True)
    assert said[0] == said[1]


def test_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected all-MiniLM-L6-v2, .* a cosine of 0\.\d+; got"):
        minilm.load(bert(tmp_path / "bert")).encode(["soldiers freed"])


def test_rows_are_of_length_one_whatever_stands_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PROBE", ())
    encoder = minilm.load(bert(tmp_path / "bert"))
    texts = ["soldiers freed", "minister bank shares " * 400, "Varnholm"]
    rows = encoder.encode(texts)
    assert rows.shape == (3, WIDTH)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert all((encoder.encode([one])[0] == row).all() for one, row in zip(texts, rows, strict=True))


class Saying:
    """A model that says of each token its number."""

    def forward_batch(self, batch: Sequence[Sequence[int]]) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=[[[float(number), 1.0] for number in one] for one in batch])


def test_a_vector_is_the_mean_over_the_tokens() -> None:
    tokenizer = SimpleNamespace(encode=lambda text: SimpleNamespace(ids=json.loads(text)))
    rows = minilm._encode(Saying(), tokenizer, ["[1, 3]"])
    assert np.allclose(rows[0], np.array([2.0, 1.0]) / np.sqrt(5))


def test_a_long_text_is_cut_before_it_is_read() -> None:
    seen: list[int] = []

    def encode(text: str) -> SimpleNamespace:
        seen.append(len(text))
        return SimpleNamespace(ids=[1, 3])

    minilm._encode(Saying(), SimpleNamespace(encode=encode), ["a word " * 700_000])
    assert seen == [minilm.CHARACTERS]
    assert minilm.CHARACTERS > 10 * minilm.TOKENS
