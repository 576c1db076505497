"""Two vocabularies of one size: source pieces for French and German, target pieces for English.

The English side is the parent's own SentencePiece model less the pieces English never uses, so that the
decoder starts with the embeddings it was trained with. The source side joins pieces learned on French and
German with the parent's: names and numbers are cut as the parent cuts them.

Hugging Face and CTranslate2 both want the padding piece last and at the same id on both sides, hence one size.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from models.train.sentencepieces import NORMAL, Piece, PieceModel, parse, serialize, with_pieces

SIZE = 20_000  # </s> is 0, <unk> 1, <pad> SIZE - 1; 99.99 % of the English news pieces are inside
LEARNED = 18_000  # pieces learned on French and German before the parent's join them
END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"


def english_pieces(parent: PieceModel, english: Iterable[str], size: int = SIZE) -> PieceModel:
    """Return the parent's model cut down to the pieces that the English text uses, most frequent first."""
    special = _special(parent)
    counts = _count(parent, english)
    ranked = sorted((p for p in parent.pieces if p.kind == NORMAL), key=lambda p: (-_needed(p, counts), -p.score))
    return with_pieces(parent, [*special, *ranked[: size - 3]])


def source_pieces(parent: PieceModel, learned: PieceModel, text: Sequence[str], size: int = SIZE) -> PieceModel:
    """Return a model joining the learned pieces with the parent's, cut to those that the source text uses.

    A piece of both keeps the learned score; the parent's settings (normalisation) apply.
    """
    joined = {p.text: p for p in parent.pieces if p.kind == NORMAL}
    joined.update({p.text: p for p in learned.pieces if p.kind == NORMAL})
    everything = with_pieces(parent, [*_special(parent), *joined.values()])
    counts = _count(everything, text)
    ranked = sorted(joined.values(), key=lambda p: (-_needed(p, counts), -p.score))
    return with_pieces(parent, [*_special(parent), *ranked[: size - 3]])


def learn(text_file: Path, prefix: Path, size: int = LEARNED) -> PieceModel:
    """Return a unigram model learned on the lines of a text file; leaves PREFIX.model and PREFIX.vocab behind."""
    sentencepiece.SentencePieceTrainer.train(
        input=str(text_file),
        model_prefix=str(prefix),
        vocab_size=size,
        model_type="unigram",
        character_coverage=0.9999,
        input_sentence_size=300_000,
        shuffle_input_sentence=True,
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return parse(prefix.with_suffix(".model").read_bytes())


def identifiers(model: PieceModel) -> dict[str, int]:
    """Return the ids by piece, the padding piece last: the content of vocab.json."""
    return {**{piece.text: i for i, piece in enumerate(model.pieces)}, PAD: len(model.pieces)}


def write(folder: Path, source: PieceModel, target: PieceModel) -> None:
    """Write source.spm, target.spm, vocab.json and target_vocab.json as MarianTokenizer reads them."""
    if len(source.pieces) != len(target.pieces):
        raise ValueError(f"expected two vocabularies of one size, got {len(source.pieces)} and {len(target.pieces)}")
    for name, vocabulary, model in (("source.spm", "vocab.json", source), ("target.spm", "target_vocab.json", target)):
        (folder / name).write_bytes(serialize(model))
        (folder / vocabulary).write_text(json.dumps(identifiers(model), ensure_ascii=False), encoding="utf-8")


def processor(model: PieceModel) -> sentencepiece.SentencePieceProcessor:
    """Return a processor that cuts text into the ids of this model."""
    return sentencepiece.SentencePieceProcessor(model_proto=serialize(model))


def _special(model: PieceModel) -> list[Piece]:
    special = [p for p in model.pieces if p.kind != NORMAL]
    if [p.text for p in special[:2]] != [END, UNKNOWN]:
        raise ValueError(f"expected a vocabulary that begins with {END}, {UNKNOWN}; got {[p.text for p in special]}")
    return special[:2]


def _needed(piece: Piece, counts: Counter[str]) -> int:
    """Return the piece's rank value: its count, and for single letters enough to stay (no text may become unknown)."""
    return max(counts[piece.text], 20 if len(piece.text) == 1 and piece.text.isascii() else 0)


def _count(model: PieceModel, text: Iterable[str]) -> Counter[str]:
    pieces = processor(model)
    counts: Counter[str] = Counter()
    for line in pieces.encode(list(text), out_type=str):
        counts.update(line)
    return counts
