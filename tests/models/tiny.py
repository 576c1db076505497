"""Small MarianMT checkpoints with random weights, in the layouts that occur, written without PyTorch."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from safetensors.numpy import save_file

FRENCH = (
    "Le gouvernement a annoncé lundi 14 000 emplois.\nLa Corée du Nord livre des missiles à la Russie.\n"
    "Il fait beau à Paris, dit le président.\nDer Bericht wurde am 3. Oktober veröffentlicht.\n"
    "Die Regierung will 3,5 Millionen Euro zahlen.\nÄpfel, Öl und Übung: groß und schön!\n"
)
ENGLISH = (
    "The government announced 14,000 jobs on Monday.\nNorth Korea is sending missiles to Russia.\n"
    "The weather is fine in Paris, says the president.\nThe report was published on 3 October.\n"
    "The government wants to pay 3.5 million euros.\nApples, oil and practice: big and beautiful!\n"
)
PIECES = 120
WIDTH, FEED_FORWARD, HEADS = 32, 64, 4


@dataclass(frozen=True)
class Layout:
    """How a checkpoint is built; the defaults are those of the model that ships."""

    apart: bool = False  # source.spm is not target.spm; vocab.json holds the pieces of both
    separate_vocabularies: bool = False  # target_vocab.json as well, and two embeddings
    untied_source: bool = False  # one vocabulary, but the encoder has an embedding of its own
    logits_bias: bool = False
    pad_drifted: bool = True  # the row of <pad> is not zero
    half: bool = False  # float16
    activation: str = "relu"
    scale_embedding: bool = True


def write(folder: Path, layout: Layout | None = None, seed: int = 1) -> Path:
    """Write a checkpoint into the folder, and return the folder."""
    layout = layout if layout is not None else Layout()
    folder.mkdir(parents=True, exist_ok=True)
    distinct = layout.apart or layout.separate_vocabularies
    _train(folder / "source.spm", FRENCH if distinct else FRENCH + ENGLISH)
    if distinct:
        _train(folder / "target.spm", ENGLISH)
    else:
        shutil.copyfile(folder / "source.spm", folder / "target.spm")
    source, target = _pieces(folder / "source.spm"), _pieces(folder / "target.spm")
    if layout.separate_vocabularies:
        vocabulary, target_vocabulary = _vocabulary(source), _vocabulary(target)
        _json(folder / "target_vocab.json", target_vocabulary)
    else:
        vocabulary = target_vocabulary = _vocabulary(list(dict.fromkeys(source + target)))
    _json(folder / "vocab.json", vocabulary)
    config = _config(layout, len(vocabulary), len(target_vocabulary))
    _json(folder / "config.json", config)
    tokenizer = {"source_lang": "fr", "target_lang": "en", "model_max_length": 64, "tokenizer_class": "MarianTokenizer"}
    _json(folder / "tokenizer_config.json", tokenizer | {"separate_vocabs": layout.separate_vocabularies})
    tensors = _tensors(layout, len(vocabulary), len(target_vocabulary), np.random.default_rng(seed))
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    return folder


def _train(path: Path, text: str) -> None:
    corpus = path.with_suffix(".txt")
    corpus.write_text(text, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(path.with_suffix("")),
        vocab_size=PIECES,
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        pad_id=-1,
        hard_vocab_limit=False,
        split_digits=True,
        minloglevel=2,
    )
    path.with_suffix(".model").rename(path)
    for left in (corpus, path.with_suffix(".vocab")):
        left.unlink()


def _pieces(path: Path) -> list[str]:
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def _vocabulary(pieces: list[str]) -> dict[str, int]:
    return {piece: number for number, piece in enumerate([*pieces, "<pad>"])}


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _config(layout: Layout, source: int, target: int) -> dict[str, Any]:
    pad = target - 1
    return {
        "model_type": "marian",
        "architectures": ["MarianMTModel"],
        "vocab_size": source,
        "decoder_vocab_size": target,
        "d_model": WIDTH,
        "encoder_layers": 2,
        "decoder_layers": 1,
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": FEED_FORWARD,
        "decoder_ffn_dim": FEED_FORWARD,
        "activation_function": layout.activation,
        "max_position_embeddings": 64,
        "scale_embedding": layout.scale_embedding,
        "static_position_embeddings": True,
        "share_encoder_decoder_embeddings": not (layout.separate_vocabularies or layout.untied_source),
        "tie_word_embeddings": True,
        "normalize_before": False,
        "pad_token_id": pad,
        "eos_token_id": 0,
        "decoder_start_token_id": pad,
        "forced_eos_token_id": 0,
        "bos_token_id": None,
    }


def _tensors(layout: Layout, source: int, target: int, random: np.random.Generator) -> dict[str, Any]:
    kind = np.float16 if layout.half else np.float32

    def normal(*shape: int, scale: float = 0.25) -> Any:
        return random.normal(0, scale, shape).astype(kind)

    tensors: dict[str, Any] = {}

    def linear(name: str, rows: int, columns: int) -> None:
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = normal(rows, columns), normal(rows, scale=0.1)

    def norm(name: str) -> None:
        tensors[f"{name}.weight"] = (1 + random.normal(0, 0.1, WIDTH)).astype(kind)
        tensors[f"{name}.bias"] = normal(WIDTH, scale=0.1)

    def layer(name: str, attentions: tuple[str, ...]) -> None:
        for attention in attentions:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{name}.{attention}.{projection}", WIDTH, WIDTH)
            norm(f"{name}.{attention}_layer_norm")
        linear(f"{name}.fc1", FEED_FORWARD, WIDTH)
        linear(f"{name}.fc2", WIDTH, FEED_FORWARD)
        norm(f"{name}.final_layer_norm")

    for number in range(2):
        layer(f"model.encoder.layers.{number}", ("self_attn",))
    layer("model.decoder.layers.0", ("self_attn", "encoder_attn"))
    embedding_in, embedding_out = normal(source, WIDTH, scale=0.3), normal(target, WIDTH, scale=0.3)
    if not layout.pad_drifted:
        embedding_in[-1] = embedding_out[-1] = 0
    if layout.separate_vocabularies or layout.untied_source:
        tensors["model.encoder.embed_tokens.weight"] = embedding_in
        tensors["model.decoder.embed_tokens.weight"] = embedding_out
    else:
        tensors["model.shared.weight"] = embedding_out
    bias = normal(1, target) if layout.logits_bias else np.zeros((1, target), kind)
    tensors["final_logits_bias"] = bias
    return tensors
