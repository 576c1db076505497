"""What newcomers mean beside what other texts do: the nearest of the same days, where an encoder is named.

All vectors of the same days are compared (`ingest.pipeline.embedded`). Whom they name is looked up, and is left out
where it is gone, has another text by now, or came at another time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from ingest.dedup.embedding import NEAREST, Encoder, cosines, embed, nearest
from ingest.dedup.features import signed_text
from ingest.dedup.minhash import SCHEME
from ingest.pipeline import embedded
from ingest.pipeline.compare import Meaning, Newcomer, Text
from ingest.pipeline.embedded import Of
from ingest.pipeline.lookup import RELATED_S
from ingest.pipeline.texts import Span
from ingest.store.duplicates import embeddings, signatures
from ingest.store.duplicates.embeddings import Embedded, Kind
from ingest.store.duplicates.signatures import Candidate


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
    for kind in dict.fromkeys(kind_of(meaning) for _, meaning in known):
        some = [(one, meaning.packed) for one, meaning in known if kind_of(meaning) == kind]
        found |= _near(connection, kind, some)
    return found


def kind_of(meaning: Meaning) -> Kind:
    """What it may be compared with."""
    return Kind(meaning.encoder, len(meaning.packed))


def _meaning(connection: Connection, one: Asking) -> Meaning | None:
    """What a newcomer means; where nobody was asked this time, what was said before."""
    if one.new.meaning is not None or not one.before:
        return one.new.meaning
    known = embeddings.of_text(connection, one.new.text.digest)
    return None if known is None else Meaning(*known)


def _near(connection: Connection, kind: Kind, some: Sequence[tuple[Asking, bytes]]) -> dict[str, Near]:
    days = Span(min(one.span.first_s for one, _ in some), max(one.span.last_s for one, _ in some))
    rows = [Embedded(one.number, one.new.text.digest, one.span.first_s, packed) for one, packed in some]
    own = embedded.block_of(rows)
    ofs, found_close = [], []
    for piece in embedded.pieces(connection, kind, days):
        others = piece.without(own.of.numbers)
        ofs.append(others.of)
        found_close.append(cosines(own.vectors, others.vectors))
    texts = embedded.together([*ofs, own.of])
    close = np.concatenate([*found_close, cosines(own.vectors, own.vectors)], axis=1)
    embedded.save(connection, kind.encoder, rows)
    for row, (one, _) in enumerate(some):
        close[row, len(texts) - len(some) + row :] = -1  # it comes after these
        close[row, ~texts.near(one.span)] = -1
    asking = [one for one, _ in some]
    most = NEAREST
    while True:
        best = [nearest(of, most + len(one.leave_out)) for one, of in zip(asking, close, strict=True)]
        numbers = set(texts.numbers[np.concatenate(best)].tolist())
        found = signatures.candidates(connection, numbers, SCHEME, days.first_s - RELATED_S, days.last_s + RELATED_S)
        chosen = [
            _chosen(one, texts, of, rows.tolist(), found) for one, of, rows in zip(asking, close, best, strict=True)
        ]
        if not any(
            len(near.texts) < NEAREST and len(rows) == most + len(one.leave_out)
            for one, near, rows in zip(asking, chosen, best, strict=True)
        ):
            return {one.new.text.article_id: near for one, near in zip(asking, chosen, strict=True)}
        most *= 2  # a copy names texts that are gone: they take nobody's place


def _chosen(
    one: Asking, texts: Of, close: NDArray[np.float32], best: Sequence[int], found: dict[int, Candidate]
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
