"""A MarianMT checkpoint in Hugging Face layout becomes a CTranslate2 model directory, without PyTorch.

The mapping is that of `ctranslate2.converters.transformers.MarianMTLoader` written on numpy arrays, so that neither
PyTorch nor transformers need be installed to use a `model.safetensors`. It differs in one point: that converter always
starts decoding from a zero embedding. In Marian's own checkpoints the row of `<pad>`, from which transformers starts,
is zero as well; in one trained with transformers the row is tied to the output layer and has drifted. There `<pad>`
is kept as the start token, and barred from the output.
"""

from __future__ import annotations

import json
import math
import pickle
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.manifest import ModelError, sha256

Array = NDArray[np.float32]

END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"

BARRED = -1e9
"""Logit bias of a token that must never come out; finite, since int8 and float16 have no infinity."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of a checkpoint by their Hugging Face names; a missing one is an error that names it."""

    tensors: Mapping[str, Array]
    where: str

    def __getitem__(self, name: str) -> Array:
        if name not in self.tensors:
            raise ModelError(f"{self.where}: expected the tensor {name}, which MarianMT has; got none of that name")
        return self.tensors[name]

    def first(self, *names: str) -> Array:
        """The first tensor that is there; a checkpoint leaves out those that are tied to another."""
        for name in names:
            if name in self.tensors:
                return self.tensors[name]
        return self[names[0]]


def convert(checkpoint: Path, output: Path, quantization: str = "int8") -> None:
    """Write the CTranslate2 model of a Hugging Face MarianMT checkpoint, its SentencePiece models beside it.

    quantization: a CTranslate2 weight type ("int8", "float16", "float32", …).
    """
    config = _read_json(checkpoint / "config.json")
    if config.get("model_type") != "marian":
        raise ModelError(f"{checkpoint}: expected a MarianMT checkpoint, got model_type {config.get('model_type')!r}")
    weights = read_weights(checkpoint)
    source_tokens, target_tokens = read_vocabularies(checkpoint)
    spec = _specification(config, weights, source_tokens, target_tokens)
    spec.validate()
    spec.optimize(quantization=None if quantization == "float32" else quantization)
    output.mkdir(parents=True, exist_ok=True)
    spec.save(str(output))
    shutil.copyfile(checkpoint / "source.spm", output / "source.spm")
    if sha256(checkpoint / "target.spm") != sha256(checkpoint / "source.spm"):  # else the one file serves both sides
        shutil.copyfile(checkpoint / "target.spm", output / "target.spm")
    limit = int(config.get("max_position_embeddings", 512))
    facts = {"max_tokens": limit, "quantization": quantization}
    (output / "marian.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read_weights(checkpoint: Path) -> Weights:
    """All tensors of a checkpoint as float32: from safetensors, or from a `.bin` by PyTorch with weights only."""
    safe, pickled = checkpoint / "model.safetensors", checkpoint / "pytorch_model.bin"
    if safe.is_file():
        from safetensors.numpy import load_file

        tensors = {name: np.asarray(value, dtype=np.float32) for name, value in load_file(str(safe)).items()}
    elif pickled.is_file():
        tensors = _read_pickle(pickled)
    else:
        raise ModelError(f"{checkpoint}: expected model.safetensors or pytorch_model.bin, got neither")
    return Weights(tensors, str(checkpoint))


def _read_pickle(path: Path) -> dict[str, Array]:
    try:
        import torch
    except ImportError:
        raise ModelError(
            f"{path}: a .bin checkpoint needs PyTorch to be read safely; `pip install newsfold[convert]`"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise ModelError(f"{path}: expected weights only, got what PyTorch will not read: {error}") from None
    return {name: value.float().numpy() for name, value in state.items()}


def read_vocabularies(checkpoint: Path) -> tuple[list[str], list[str]]:
    """The tokens of source and target in the order of their ids; one list twice where the vocabulary is common."""
    source = _tokens(checkpoint / "vocab.json")
    separate = checkpoint / "target_vocab.json"
    return source, (_tokens(separate) if separate.is_file() else source)


def _tokens(path: Path) -> list[str]:
    ids: dict[str, int] = _read_json(path)
    if sorted(ids.values()) != list(range(len(ids))):
        raise ModelError(f"{path}: expected the ids 0 to {len(ids) - 1}, each once; got others")
    return sorted(ids, key=ids.__getitem__)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: expected a readable JSON file: {error}") from None


def _specification(
    config: Mapping[str, Any], weights: Weights, source_tokens: list[str], target_tokens: list[str]
) -> Any:
    from ctranslate2.specs import TransformerSpec, common_spec

    activations = {
        "relu": common_spec.Activation.RELU,
        "swish": common_spec.Activation.SWISH,
        "silu": common_spec.Activation.SWISH,
        "gelu": common_spec.Activation.GELU,
        "gelu_new": common_spec.Activation.GELUTanh,
    }
    name = config.get("activation_function", "relu")
    if name not in activations:
        raise ModelError(f"{weights.where}: expected an activation of {sorted(activations)}, got {name!r}")
    if config["encoder_attention_heads"] != config["decoder_attention_heads"]:
        raise ModelError(f"{weights.where}: expected as many heads in encoder and decoder, got different numbers")
    spec = TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        config["encoder_attention_heads"],
        pre_norm=False,  # MarianMT in transformers is post-norm, whatever normalize_before says
        activation=activations[name],
    )
    embeddings_in = weights.first("model.encoder.embed_tokens.weight", "model.shared.weight")
    embeddings_out = weights.first("model.decoder.embed_tokens.weight", "model.shared.weight")
    projection = weights.first("lm_head.weight", "model.decoder.embed_tokens.weight", "model.shared.weight")
    if config.get("tie_word_embeddings", True):
        projection = embeddings_out
    bias = weights.tensors.get("final_logits_bias")
    bias = np.zeros(len(projection), np.float32) if bias is None else bias.reshape(-1)

    encoder_tokens, embeddings_in = _without_pad(source_tokens, embeddings_in)
    pad = target_tokens.index(PAD) if PAD in target_tokens else None
    starts_from_zero = pad is None or not embeddings_out[pad].any()
    if starts_from_zero:
        decoder_tokens, embeddings_out = _without_pad(target_tokens, embeddings_out)
        _, projection = _without_pad(target_tokens, projection)
        _, bias = _without_pad(target_tokens, bias)
        start = END
    else:
        assert pad is not None
        bias = bias.copy()
        bias[pad] = BARRED
        decoder_tokens, start = target_tokens, PAD
        if source_tokens is target_tokens or source_tokens == target_tokens:  # one vocabulary file, one embedding
            encoder_tokens = target_tokens
            embeddings_in = weights.first("model.encoder.embed_tokens.weight", "model.shared.weight")

    scale = math.sqrt(config["d_model"]) if config.get("scale_embedding", True) else 1.0
    positions = sinusoids(int(config.get("max_position_embeddings", 512)), int(config["d_model"]))
    for part in (spec.encoder, spec.decoder):
        part.scale_embeddings = scale
        part.position_encodings.encodings = positions
    spec.encoder.embeddings[0].weight = embeddings_in
    spec.decoder.embeddings.weight = embeddings_out
    spec.decoder.projection.weight = projection
    if bias.any():
        spec.decoder.projection.bias = bias
    spec.decoder.start_from_zero_embedding = starts_from_zero
    for number, layer in enumerate(spec.encoder.layer):
        _set_layer(layer, weights, f"model.encoder.layers.{number}", cross=False)
    for number, layer in enumerate(spec.decoder.layer):
        _set_layer(layer, weights, f"model.decoder.layers.{number}", cross=True)

    spec.register_source_vocabulary(encoder_tokens)
    spec.register_target_vocabulary(decoder_tokens)
    spec.config.eos_token = END
    spec.config.unk_token = UNKNOWN
    spec.config.decoder_start_token = start
    return spec


def _without_pad(tokens: list[str], rows: Array) -> tuple[list[str], Array]:
    if tokens and tokens[-1] == PAD:
        return tokens[:-1], rows[: len(tokens) - 1]
    return tokens, rows[: len(tokens)]


def sinusoids(length: int, width: int) -> Array:
    """Marian's position encodings as transformers computes them, shape (length, width): sines, then cosines."""
    angles = np.arange(length)[:, None] / np.power(10000, 2 * (np.arange(width) // 2) / width)[None, :]
    encodings = np.zeros((length, width), np.float32)
    half = width // 2 + width % 2
    encodings[:, :half] = np.sin(angles[:, 0::2])
    encodings[:, half:] = np.cos(angles[:, 1::2])
    return encodings


def _set_layer(spec: Any, weights: Weights, prefix: str, *, cross: bool) -> None:
    _set_attention(spec.self_attention, weights, f"{prefix}.self_attn", fused=("q_proj", "k_proj", "v_proj"))
    _set_norm(spec.self_attention.layer_norm, weights, f"{prefix}.self_attn_layer_norm")
    if cross:
        _set_attention(spec.attention, weights, f"{prefix}.encoder_attn", fused=("k_proj", "v_proj"))
        _set_norm(spec.attention.layer_norm, weights, f"{prefix}.encoder_attn_layer_norm")
    _set_linear(spec.ffn.linear_0, weights, f"{prefix}.fc1")
    _set_linear(spec.ffn.linear_1, weights, f"{prefix}.fc2")
    _set_norm(spec.ffn.layer_norm, weights, f"{prefix}.final_layer_norm")


def _set_attention(spec: Any, weights: Weights, prefix: str, *, fused: tuple[str, ...]) -> None:
    linears = list(spec.linear)
    if len(fused) == 2:  # cross-attention: the query comes from the decoder and stays apart
        _set_linear(linears[0], weights, f"{prefix}.q_proj")
        linears = linears[1:]
    linears[0].weight = np.concatenate([weights[f"{prefix}.{name}.weight"] for name in fused])
    linears[0].bias = np.concatenate([weights[f"{prefix}.{name}.bias"] for name in fused])
    _set_linear(linears[-1], weights, f"{prefix}.out_proj")


def _set_linear(spec: Any, weights: Weights, prefix: str) -> None:
    spec.weight = weights[f"{prefix}.weight"]
    spec.bias = weights[f"{prefix}.bias"]


def _set_norm(spec: Any, weights: Weights, prefix: str) -> None:
    spec.gamma = weights[f"{prefix}.weight"]
    spec.beta = weights[f"{prefix}.bias"]


def manifest_entry(
    directory: Path, *, name: str, revision: str, languages: tuple[str, ...], licence: str, source: str
) -> str:
    """The `[[model]]` entry of `builtin/manifest.toml` for a converted model directory beside that file."""
    lines = ["[[model]]", f'name = "{name}"', f'revision = "{revision}"', f"languages = {json.dumps(languages)}"]
    lines += [f'licence = "{licence}"', f'source = "{source}"', f'directory = "{directory.name}"', "[model.files]"]
    lines += [f'"{path.name}" = "{sha256(path)}"' for path in sorted(directory.iterdir())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Convert one checkpoint into `models/builtin/` and print its manifest entry."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m models.convert", description=main.__doc__)
    parser.add_argument("checkpoint", type=Path, help="folder in Hugging Face MarianMT layout")
    parser.add_argument("output", type=Path, help="folder to write, e.g. models/builtin/fr-de-en")
    parser.add_argument("--quantization", default="int8")
    for option in ("name", "revision", "licence", "source"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--languages", required=True, nargs="+")
    asked = parser.parse_args()
    convert(asked.checkpoint, asked.output, asked.quantization)
    entry = manifest_entry(
        asked.output,
        name=asked.name,
        revision=asked.revision,
        languages=tuple(asked.languages),
        licence=asked.licence,
        source=asked.source,
    )
    sys.stdout.write(entry)


if __name__ == "__main__":
    main()
