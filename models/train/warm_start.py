"""A MarianMT model that starts from the parent: its layers, its English, its decoder cell refitted as attention.

The parent's decoder has SSRU cells (Kim et al. 2019, "From research to production and back"), which neither
transformers nor CTranslate2 know. Each is replaced by ordinary self-attention, fitted beforehand to give what
the cell gave on the same inputs.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import MarianConfig, MarianMTModel

from models.train import pivot, vocabulary
from models.train.parent import parse_marian
from models.train.sentencepieces import parse

log = logging.getLogger(__name__)

END = 0
NEVER = -100.0  # output bias of the padding piece: transformers' search could otherwise write it


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a model; the parent's by default. Larger ones take from the parent what fits."""

    width: int = 256
    encoder_layers: int = 6
    decoder_layers: int = 2
    feed_forward: int = 1536
    heads: int = 8


PARENT_SHAPE = Shape()


def build(shape: Shape, size: int, dropout: float, fused_attention: bool = False) -> MarianMTModel:
    """Return a model with untied vocabularies of one size, the padding piece last; weights at random.

    fused_attention: for a GPU; on a CPU in bf16 the plain one trains three times as fast.
    """
    settings = dict[str, Any](
        vocab_size=size,
        decoder_vocab_size=size,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.feed_forward,
        decoder_ffn_dim=shape.feed_forward,
        max_position_embeddings=512,
        activation_function="relu",
        scale_embedding=True,
        static_position_embeddings=True,
        share_encoder_decoder_embeddings=False,
        tie_word_embeddings=True,
        normalize_before=False,
        pad_token_id=size - 1,
        eos_token_id=END,
        bos_token_id=None,
        decoder_start_token_id=size - 1,
        forced_eos_token_id=END,
        dropout=dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        attn_implementation="sdpa" if fused_attention else "eager",
    )
    model = MarianMTModel(MarianConfig(**settings))
    model.final_logits_bias[0, -1] = NEVER
    return model


def warm_start(model: MarianMTModel, prepared: Path, fit_steps: int = 400) -> None:
    """Copy the parent into the model: layers of the same shape, English embeddings, source embeddings by meaning.

    A wider model starts at random, but for the vocabularies: the parent's vectors fill its first columns.
    """
    tensors = {name: torch.from_numpy(a) for name, a in parse_marian((prepared / "parent.bin").read_bytes()).items()}
    with torch.no_grad():
        _copy_vocabularies(model, tensors, prepared)
    if model.config.d_model != PARENT_SHAPE.width:
        return
    with torch.no_grad():
        for number, layer in enumerate(model.model.encoder.layers[: PARENT_SHAPE.encoder_layers], 1):
            _copy_encoder_layer(layer, tensors, f"encoder_l{number}")
        for number, layer in enumerate(model.model.decoder.layers[: PARENT_SHAPE.decoder_layers], 1):
            _copy_decoder_layer(layer, tensors, f"decoder_l{number}")
    if fit_steps:
        fit_self_attention(model, tensors, prepared, fit_steps)


def _copy_vocabularies(model: MarianMTModel, tensors: dict[str, Tensor], prepared: Path) -> None:
    ids = {piece.text: i for i, piece in enumerate(parse((prepared / "parent.spm").read_bytes()).pieces)}
    target = parse((prepared / "target.spm").read_bytes())
    rows = torch.tensor([ids[piece.text] for piece in target.pieces])
    width = PARENT_SHAPE.width
    english, source = model.model.decoder.embed_tokens.weight, model.model.encoder.embed_tokens.weight
    vectors = torch.from_numpy(np.load(prepared / "source_vectors.npy").astype(np.float32))
    # embeddings are scaled by the square root of the width: keep what the layers see, not what is stored
    scale = (width / model.config.d_model) ** 0.5
    english[:-1, :width] = tensors["Wemb"][rows] * scale
    source[:, :width] = vectors * scale
    source[END, :width] = tensors["Wemb"][0] * scale
    english[-1] = source[-1] = 0.0
    if model.config.d_model == width:
        # the parent's output bias is its unigram; bf16 so that training and inference add the same number
        bias = tensors["decoder_ff_logit_out_b"][0][rows].bfloat16().float()
        model.final_logits_bias[0, :-1] = bias


def _copy_linear(module: nn.Linear, tensors: dict[str, Tensor], weight: str, bias: str) -> None:
    module.weight.copy_(tensors[weight])
    module.bias.copy_(tensors[bias][0])


def _copy_norm(module: nn.LayerNorm, tensors: dict[str, Tensor], name: str) -> None:
    module.weight.copy_(tensors[f"{name}_scale"][0])
    module.bias.copy_(tensors[f"{name}_bias"][0])


def _copy_attention(module: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    for ours, theirs in (("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("out_proj", "o")):
        _copy_linear(getattr(module, ours), tensors, f"{name}_W{theirs}", f"{name}_b{theirs}")


def _copy_feed_forward(layer: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    _copy_linear(layer.fc1, tensors, f"{name}_ffn_W1", f"{name}_ffn_b1")
    _copy_linear(layer.fc2, tensors, f"{name}_ffn_W2", f"{name}_ffn_b2")
    _copy_norm(layer.final_layer_norm, tensors, f"{name}_ffn_ffn_ln")


def _copy_encoder_layer(layer: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    _copy_attention(layer.self_attn, tensors, f"{name}_self")
    _copy_norm(layer.self_attn_layer_norm, tensors, f"{name}_self_Wo_ln")
    _copy_feed_forward(layer, tensors, name)


def _copy_decoder_layer(layer: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    _copy_attention(layer.encoder_attn, tensors, f"{name}_context")
    _copy_norm(layer.encoder_attn_layer_norm, tensors, f"{name}_context_Wo_ln")
    _copy_norm(layer.self_attn_layer_norm, tensors, f"{name}_rnn_ffn_ln")
    _copy_feed_forward(layer, tensors, name)
    layer.self_attn.v_proj.weight.copy_(tensors[f"{name}_rnn_W"])
    layer.self_attn.out_proj.weight.copy_(torch.eye(PARENT_SHAPE.width))


def ssru(inputs: Tensor, tensors: dict[str, Tensor], name: str) -> Tensor:
    """Return what the parent's cell gives: c[t] = f[t] c[t-1] + (1 - f[t]) W x[t], then ReLU.

    inputs: [batch, time, width].
    """
    forget = torch.sigmoid(inputs @ tensors[f"{name}_rnn_Wf"].T + tensors[f"{name}_rnn_bf"][0])
    new = (1 - forget) * (inputs @ tensors[f"{name}_rnn_W"].T)
    state, states = torch.zeros_like(new[:, 0]), []
    for time in range(inputs.shape[1]):
        state = forget[:, time] * state + new[:, time]
        states.append(state)
    return torch.relu(torch.stack(states, 1))


class _Cell(nn.Module):  # type: ignore[misc, unused-ignore]
    """Stands in for a decoder layer's self-attention while the parent's own behaviour is recorded."""

    def __init__(self, tensors: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.tensors, self.name = tensors, name
        self.inputs, self.outputs = torch.empty(0), torch.empty(0)

    def forward(self, hidden_states: Tensor, **_: object) -> tuple[Tensor, None]:
        self.inputs, self.outputs = hidden_states, ssru(hidden_states, self.tensors, self.name)
        return self.outputs, None


def fit_self_attention(model: MarianMTModel, tensors: dict[str, Tensor], prepared: Path, steps: int) -> None:
    """Train each decoder layer's self-attention to give what the parent's cell gives on Portuguese news.

    The parent translates the pivot's sentences (teacher-forced); each layer's inputs and outputs are recorded and
    fitted by least squares, layer by layer, so that the whole stays the parent's decoder as nearly as attention can.
    """
    batches = _pivot_batches(model, tensors, prepared)
    layers = list(model.model.decoder.layers)
    attentions = [layer.self_attn for layer in layers]
    cells = [_Cell(tensors, f"decoder_l{number}") for number in range(1, len(layers) + 1)]
    optimizer = torch.optim.Adam([p for a in attentions for p in a.parameters()], lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    portuguese = nn.Embedding.from_pretrained(tensors["Wemb"])
    own = model.model.encoder.embed_tokens
    model.train(False)
    for step in range(steps):
        source, target = batches[step % len(batches)]
        with torch.no_grad():
            model.model.encoder.embed_tokens = portuguese
            for layer, cell in zip(layers, cells, strict=True):
                layer.self_attn = cell
            model.model(input_ids=source, attention_mask=(source >= 0).long(), decoder_input_ids=target)
            for layer, attention in zip(layers, attentions, strict=True):
                layer.self_attn = attention
            model.model.encoder.embed_tokens = own
        length = target.shape[1]
        mask = torch.full((length, length), float("-inf")).triu(1)[None, None]
        loss = torch.zeros(())
        parts = []
        for attention, cell in zip(attentions, cells, strict=True):
            guess = attention(cell.inputs, attention_mask=mask)[0]
            part = (guess - cell.outputs).square().mean() / cell.outputs.var()
            parts.append(float(part))
            loss = loss + part
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            log.info("self-attention for SSRU, step %d: unexplained variance %s", step, [f"{p:.3f}" for p in parts])


def _pivot_batches(model: MarianMTModel, tensors: dict[str, Tensor], prepared: Path) -> list[tuple[Tensor, Tensor]]:
    """Return batches of (Portuguese ids, English ids shifted right), each of one length on either side, no padding."""
    portuguese = vocabulary.processor(parse((prepared / "parent.spm").read_bytes()))
    english = vocabulary.processor(parse((prepared / "target.spm").read_bytes()))
    by_length: dict[int, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {}
    for left, right in pivot.read(prepared / "pivot.tsv"):
        source, target = [*portuguese.encode(left), END], english.encode(right)
        if 5 <= len(target) <= 60:
            by_length.setdefault(len(target), []).append((np.array(source), np.array(target)))
    start = model.config.decoder_start_token_id
    batches = []
    for pairs in by_length.values():
        for first in range(0, len(pairs) - 15, 16):
            chosen = pairs[first : first + 16]
            # the encoder only has to be near what it would be: sources are cut to the shortest of the batch
            shortest = min(len(source) for source, _ in chosen)
            sources = torch.from_numpy(np.stack([source[:shortest] for source, _ in chosen]))
            targets = torch.from_numpy(np.stack([np.concatenate([[start], target]) for _, target in chosen]))
            batches.append((sources, targets))
    order = torch.randperm(len(batches), generator=torch.Generator().manual_seed(1))
    return [batches[i] for i in order]
