"""Label-smoothed cross-entropy over a large vocabulary, a slice of rows at a time, gradients in the forward pass.

On a CPU the softmax over 20,000 pieces costs as much as the rest of a small model. Here it is computed in bf16 with
its gradient in one go (no float32 copy of the logits, no second pass), and on request over candidates only: the
frequent pieces, the batch's own, and a random draw of the others that stands for all of them.
"""

from dataclasses import dataclass
from math import log
from typing import Any

import torch
from torch import Tensor

ROWS = 512  # of logits held at once on a CPU: 20 MB in bf16
ROWS_CUDA = 16_384


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pieces the softmax runs over, with what is added to their logits, and the place of each label among them."""

    pieces: Tensor
    correction: Tensor
    labels: Tensor


def everything(labels: Tensor, size: int) -> Candidates:
    """Return the whole vocabulary as candidates."""
    return Candidates(torch.arange(size, device=labels.device), torch.zeros(size, device=labels.device), labels)


def draw(labels: Tensor, size: int, frequent: int, drawn: int) -> Candidates:
    """Return the first `frequent` pieces, the labels, and `drawn` random others; ids are in order of frequency.

    A random piece counts for as many as were not drawn (its logit is raised by the log of that number), so the sum
    over the candidates estimates the sum over the vocabulary (Jean et al. 2015, "On using very large target
    vocabulary for neural machine translation").
    """
    own = torch.unique(labels[labels >= frequent])
    others = torch.randint(frequent, size, (drawn,), device=labels.device).unique()
    others = others[~torch.isin(others, own)]
    pieces = torch.cat([torch.arange(frequent, device=labels.device), own, others])
    correction = torch.zeros(len(pieces), device=labels.device)
    if len(others):
        correction[frequent + len(own) :] = log(max(1.0, (size - frequent - len(own)) / len(others)))
    place = torch.empty(size, dtype=torch.int64, device=labels.device)
    place[pieces] = torch.arange(len(pieces), device=labels.device)
    return Candidates(pieces, correction, place[labels])


def smoothed_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor, candidates: Candidates, smoothing: float
) -> Tensor:
    """Return the mean over rows of the cross-entropy against (1 - smoothing) one-hot + smoothing / candidates.

    hidden [rows, width]; weight [vocabulary, width], frozen or trained; bias [vocabulary], not trained.
    """
    whole = len(candidates.pieces) == len(weight)
    chosen = weight if whole else weight[candidates.pieces]
    offset = (bias if whole else bias[candidates.pieces]) + candidates.correction
    loss: Tensor = _SmoothedCrossEntropy.apply(hidden, chosen, offset, candidates.labels, smoothing)
    return loss


class _SmoothedCrossEntropy(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        count, size = hidden.shape[0], weight.shape[0]
        trained = weight.requires_grad
        matrix, states, offset = weight.bfloat16(), hidden.bfloat16(), bias.bfloat16()
        mean_weight, mean_bias = weight.mean(0), bias.mean()
        to_hidden = torch.empty_like(hidden, dtype=torch.float32)
        to_weight = torch.zeros_like(weight, dtype=torch.float32) if trained else None
        total = torch.zeros((), device=hidden.device)
        rows = ROWS_CUDA if hidden.is_cuda else ROWS
        for first in range(0, count, rows):
            part, gold = states[first : first + rows], labels[first : first + rows]
            logits = torch.addmm(offset, part, matrix.t())
            log_gold = logits.gather(1, gold[:, None])[:, 0].float()
            share = torch.softmax(logits, 1)
            normalizer = log_gold - share.gather(1, gold[:, None])[:, 0].float().clamp_min(1e-30).log()
            mean = part.float() @ mean_weight + mean_bias
            total += (normalizer - (1 - smoothing) * log_gold - smoothing * mean).sum()
            to_hidden[first : first + rows] = share @ matrix
            if to_weight is not None:
                to_weight += share.t() @ part
        # the part of the smoothed target: rank one, so it never needs a row of the vocabulary's length
        to_hidden -= (1 - smoothing) * weight[labels] + smoothing * mean_weight
        if to_weight is not None:
            to_weight -= smoothing / size * states.float().sum(0)
            to_weight.index_add_(0, labels, states.float(), alpha=-(1 - smoothing))
        ctx.save_for_backward(to_hidden, to_weight)
        ctx.count = count
        return total / count

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor | None, ...]:
        to_hidden, to_weight = ctx.saved_tensors
        scale = grad[0] / ctx.count
        return to_hidden * scale, None if to_weight is None else to_weight * scale, None, None, None
