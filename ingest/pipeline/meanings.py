"""What newcomers mean beside what other texts do: the nearest of the same days, where an encoder is named.

All vectors of the window are compared: 384 bytes a text, in a copy that each process keeps and reads on before it
asks. The rows stay the truth: whom the copy names is looked up, and is left out where it is gone, has another text by
now, or came at another time. What a transaction has written itself is read anew each time, for it may be rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, RootTransaction

from ingest.dedup.embedding import NEAREST, Embeddings, Encoder, cosines, embed, nearest
from ingest.dedup.features import signed_text
from ingest.dedup.minhash import SCHEME
from ingest.dedup.postings import LONGER
from ingest.pipeline.compare import Meaning, Newcomer, Text
from ingest.pipeline.lookup import RELATED_S
from ingest.pipeline.texts import Span
from ingest.store.duplicates import embeddings, signatures
from ingest.store.duplicates.embeddings import Embedded
from ingest.store.duplicates.signatures import Candidate

SPARE = 1 / 4
"""A copy is read anew once so large a share of it came in since: texts that left the window are still in it."""

LEAST_SPARE = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    """A newcomer whose meaning is known, or may be."""

    new: Newcomer
    number: int
    span: Span
    before: bool  # it had a place before
    leave_out: set[str]  # articles of its own cluster
    beside: Sequence[Candidate]  # whom words would weigh it beside


@dataclass(slots=True)
class Near:
    """What is near a newcomer: texts to weigh besides those found by words, and the cosines with all of them."""

    texts: list[Candidate] = field(default_factory=list)
    cosines: dict[int, float] = field(default_factory=dict)  # by number


def meaning_of(encoder: Encoder, text: Text, said: tuple[str, bytes] | None = None) -> Meaning | None:
    """What an encoder says of a text; None where there is too little text.

    said: who said what of this very text before (`ingest.store.duplicates.embeddings.of_text`); it is not asked again.
    """
    if not text.features.comparable:
        return None
    if said is not None and said[0] == encoder.label:
        return Meaning(*said)
    return Meaning(encoder.label, embed(encoder, [signed_text(text.title, text.text)])[0].tobytes())


def near(connection: Connection, asking: Sequence[Asking]) -> dict[str, Near]:
    """For each newcomer with a meaning what is near it, of those there and of those before it; its vector is kept."""
    known = [(one, meaning) for one in asking if (meaning := _meaning(connection, one)) is not None]
    found: dict[str, Near] = {}
    for label in dict.fromkeys(meaning.encoder for _, meaning in known):
        some = [(one, meaning.packed) for one, meaning in known if meaning.encoder == label]
        found |= _near(connection, label, some)
    return found


def _meaning(connection: Connection, one: Asking) -> Meaning | None:
    """What a newcomer means; where nobody was asked this time, what was said before."""
    if one.new.meaning is not None or not one.before:
        return one.new.meaning
    known = embeddings.of_text(connection, one.new.text.digest)
    return None if known is None else Meaning(*known)


def _near(connection: Connection, label: str, some: Sequence[tuple[Asking, bytes]]) -> dict[str, Near]:
    days = Span(min(one.span.first_s for one, _ in some), max(one.span.last_s for one, _ in some))
    own = _block([Embedded(one.number, one.new.text.digest, one.span.first_s, packed) for one, packed in some])
    before = _copy(connection, label).blocks(connection)
    blocks = [*(block.of(days).without(own.texts.numbers) for block in before), own]
    texts = _together([block.texts for block in blocks])
    close = np.concatenate([cosines(own.vectors, block.vectors) for block in blocks], axis=1)
    _save(connection, label, some)
    for row, (one, _) in enumerate(some):
        close[row, len(texts) - len(some) + row :] = -1  # it comes after these
        close[row, ~texts.near(one.span)] = -1
    best = [nearest(of, NEAREST + len(one.leave_out)) for (one, _), of in zip(some, close, strict=True)]
    numbers = set(texts.numbers[np.concatenate(best)].tolist())
    found = signatures.candidates(connection, numbers, SCHEME, days.first_s - RELATED_S, days.last_s + RELATED_S)
    return {
        one.new.text.article_id: _chosen(one, texts, close[row], best[row].tolist(), found)
        for row, (one, _) in enumerate(some)
    }


def _save(connection: Connection, label: str, some: Sequence[tuple[Asking, bytes]]) -> None:
    rows = [Embedded(one.number, one.new.text.digest, one.span.first_s, packed) for one, packed in some]
    embeddings.save(connection, label, rows)
    if (transaction := connection.get_transaction()) is not None:
        _writing.add(transaction)


def _chosen(
    one: Asking, texts: _Texts, close: NDArray[np.float32], best: Sequence[int], found: dict[int, Candidate]
) -> Near:
    """The nearest of those that stand as they were encoded, and the cosines of those found by words."""
    chosen = Near()
    for row in best:
        other = found.get(int(texts.numbers[row]))
        if other is not None and len(chosen.texts) < NEAREST and _fits(one, other, texts.digest(row)):
            chosen.texts.append(other)
            chosen.cosines[other.number] = float(close[row])
    beside = {other.number: other.digest for other in one.beside}
    for row in np.flatnonzero(np.isin(texts.numbers, list(beside)) & (close > -1)).tolist():
        number = int(texts.numbers[row])
        if beside[number] == texts.digest(row):
            chosen.cosines[number] = float(close[row])
    return chosen


def _fits(one: Asking, other: Candidate, digest: bytes) -> bool:
    near = other.last_s >= one.span.first_s - RELATED_S and other.first_s <= one.span.last_s + RELATED_S
    return near and other.digest == digest and other.article_id not in one.leave_out


@dataclass(frozen=True, slots=True)
class _Texts:
    """What vectors are of, side by side."""

    numbers: NDArray[np.int64]
    digests: NDArray[np.void]
    at_s: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def near(self, span: Span) -> NDArray[np.bool_]:
        """Which of them are of the same few days."""
        near: NDArray[np.bool_] = (self.at_s >= span.first_s - RELATED_S) & (self.at_s <= span.last_s + RELATED_S)
        return near

    def digest(self, row: int) -> bytes:
        """The digest of one's text."""
        return bytes(self.digests[row])


@dataclass(frozen=True, slots=True)
class _Block:
    """Texts with their vectors."""

    texts: _Texts
    vectors: Embeddings

    def of(self, span: Span) -> _Block:
        """Those of the same few days."""
        return self._only(self.texts.near(span))

    def without(self, numbers: NDArray[np.int64]) -> _Block:
        """Those of other numbers: of a number only what was kept last may be compared, and named once."""
        return self._only(~np.isin(self.texts.numbers, numbers))

    def _only(self, these: NDArray[np.bool_]) -> _Block:
        if these.all():
            return self
        rows = np.flatnonzero(these)
        texts = _Texts(self.texts.numbers[rows], self.texts.digests[rows], self.texts.at_s[rows])
        return _Block(texts, self.vectors[rows])


def _block(some: Sequence[Embedded]) -> _Block:
    """Vectors of one encoder, at least one."""
    texts = _Texts(
        numbers=np.array([one.number for one in some], dtype=np.int64),
        digests=np.frombuffer(b"".join(one.digest for one in some), dtype="V16"),
        at_s=np.array([one.at_s for one in some], dtype=np.int64),
    )
    vectors = np.frombuffer(b"".join(one.packed for one in some), dtype=np.int8)
    return _Block(texts, vectors.reshape(len(some), -1))


def _together(some: Sequence[_Texts]) -> _Texts:
    return _Texts(
        numbers=np.concatenate([texts.numbers for texts in some]),
        digests=np.concatenate([texts.digests for texts in some]),
        at_s=np.concatenate([texts.at_s for texts in some]),
    )


class _Copy:
    """The vectors of one encoder that this process knows to be in the database, of each number the last: a few blocks,
    each many times as long as the next, as in `ingest.dedup.postings`."""

    def __init__(self, label: str) -> None:
        self._label, self._stamp, self._loaded = label, 0, 0
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        """How many vectors there are, some of texts that are gone."""
        return sum(len(block.texts) for block in self._blocks)

    def blocks(self, connection: Connection) -> list[_Block]:
        """All vectors there are now."""
        stamp, rows = embeddings.since(connection, self._label, self._stamp)
        known = self._blocks
        if rows:
            fresh = _block(rows)
            known = [*(block.without(fresh.texts.numbers) for block in known), fresh]
        if connection.get_transaction() in _writing:
            return known
        self._stamp, self._blocks = stamp, known
        while len(self._blocks) > 1 and len(self._blocks[-2].texts) < LONGER * len(self._blocks[-1].texts):
            one, other = self._blocks[-2:]
            vectors = np.concatenate([one.vectors, other.vectors])
            self._blocks[-2:] = [_Block(_together([one.texts, other.texts]), vectors)]
        if len(self) > LEAST_SPARE + (1 + SPARE) * self._loaded:
            rows = embeddings.since(connection, self._label, 0)[1]
            self._blocks, self._loaded = [_block(rows)] if rows else [], len(rows)
        return self._blocks


_writing: WeakSet[RootTransaction] = WeakSet()
_copies: WeakKeyDictionary[Engine, dict[str, _Copy]] = WeakKeyDictionary()


def _copy(connection: Connection, label: str) -> _Copy:
    of_engine = _copies.setdefault(connection.engine, {})
    return of_engine.setdefault(label, _Copy(label))
