"""Which pieces translate which: IBM model 1 over token ids, and embeddings carried across it.

Brown et al. 1993, "The mathematics of statistical machine translation". Only the word table is
wanted, so model 1 is enough; pieces of a word align with pieces of its translation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class Lexicon:
    """Sparse table of t(target | source): one row per pair of pieces seen together, in source order."""

    def __init__(self, source: Ids, target: Ids, probability: NDArray[np.float64]) -> None:
        self.source, self.target, self.probability = source, target, probability

    def pruned(self, least: float) -> "Lexicon":
        """Return the entries of at least this probability, each source piece's scaled to sum to 1."""
        kept = self.probability >= least
        source, target, probability = self.source[kept], self.target[kept], self.probability[kept]
        total = np.bincount(source, probability)
        return Lexicon(source, target, probability / total[source])


def fit(
    sources: Sequence[Ids], targets: Sequence[Ids], target_size: int, rounds: int = 6, least_count: float = 0.0
) -> Lexicon:
    """Return the table of the target piece given the source piece after `rounds` of expectation maximisation.

    Each target piece is explained by exactly one piece of the source sentence, all positions alike.
    least_count drops source pieces expected fewer times than this.
    """
    source, target, link, token_count = _links(sources, targets)
    key = source * target_size + target
    entries, entry = np.unique(key, return_inverse=True)
    entry_source, entry_target = entries // target_size, entries % target_size
    source_size = int(source.max()) + 1
    probability: NDArray[np.float64] = np.ones(len(entries))
    count: NDArray[np.float64] = probability
    for _ in range(rounds):
        weight: NDArray[np.float64] = probability[entry]
        weight /= np.bincount(link, weight, token_count)[link]
        count = np.bincount(entry, weight, len(entries)).astype(np.float64)
        total = np.bincount(entry_source, count, source_size)
        probability = count / np.maximum(total[entry_source], 1e-12)
    kept = np.bincount(entry_source, count, source_size)[entry_source] >= least_count
    return Lexicon(entry_source[kept], entry_target[kept], probability[kept])


def symmetric(sources: Sequence[Ids], targets: Sequence[Ids], empty: int, target_size: int, rounds: int = 6) -> Lexicon:
    """Return the product of both directions' tables, scaled to sum to 1 for each source piece.

    The product drops the many rare pieces that one direction alone piles onto a frequent or unseen one.
    empty: the source id of the empty word, which explains what has no counterpart; it is not in the result.
    """
    forward = fit([np.append(s, empty) for s in sources], targets, target_size, rounds)
    backward = fit([np.append(t, target_size) for t in targets], sources, empty + 1, rounds)
    keys, back_keys = forward.source * target_size + forward.target, backward.target * target_size + backward.source
    real = backward.source < target_size
    back_keys, back_probability = back_keys[real], backward.probability[real]
    order = np.argsort(back_keys)
    place = order[np.minimum(np.searchsorted(back_keys, keys, sorter=order), len(order) - 1)]
    product = np.where(back_keys[place] == keys, forward.probability * back_probability[place], 0.0)
    kept = (product > 0) & (forward.source != empty)
    source, target, product = forward.source[kept], forward.target[kept], product[kept]
    total = np.bincount(source, product)
    return Lexicon(source, target, product / total[source])


def _links(sources: Sequence[Ids], targets: Sequence[Ids]) -> tuple[Ids, Ids, Ids, int]:
    """Return every (source piece, target piece) of every pair, with the number of the target token it may explain."""
    left, right, link, seen = [], [], [], 0
    for source, target in zip(sources, targets, strict=True):
        left.append(np.repeat(source[None], len(target), 0).ravel())
        right.append(np.repeat(target, len(source)))
        link.append(np.repeat(np.arange(seen, seen + len(target)), len(source)))
        seen += len(target)
    return np.concatenate(left), np.concatenate(right), np.concatenate(link), seen


def carry(lexicon: Lexicon, vectors: NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return for each source piece the mean of its translations' vectors, and which pieces have one.

    The mean is stretched to the mean length of the vectors in it, lest a piece of many meanings fade.
    vectors: one row per target piece. size: number of source pieces; rows without an entry are zero.
    """
    out = np.zeros((size, vectors.shape[1]), np.float32)
    share = lexicon.probability.astype(np.float32)
    np.add.at(out, lexicon.source, share[:, None] * vectors[lexicon.target])
    length = np.bincount(lexicon.source, share * np.linalg.norm(vectors[lexicon.target], axis=1), size)
    out *= (length / np.maximum(np.linalg.norm(out, axis=1), 1e-6))[:, None].astype(np.float32)
    has = np.zeros(size, bool)
    has[lexicon.source] = True
    return out, has
