"""Stored texts, made ready to be compared: dismissed by their vectors, read only where those come close.

A look-up answers signatures. Those that promise something are weighed by the vectors kept beside them, and the few
that could be copies are read as texts. Which those are repeats itself, so the latest are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, select

from ingest.dedup import candidates, related
from ingest.dedup.explain import RULE_SAME_APART, kind_of, passages, rule_of
from ingest.dedup.features import Detail, Features, detail, featurize, signed_text, unpack
from ingest.dedup.minhash import band_keys, digest_key, sign, term_keys, values
from ingest.dedup.normalize import digest
from ingest.dedup.verify import possible, verify
from ingest.pipeline.texts import Akin, Texts
from ingest.store.duplicates import signatures
from ingest.store.duplicates.signatures import Candidate, Signed
from ingest.store.schema import articles
from ingest.types import Article, Copy, Match, Related, SharedPassage
from ingest.urls import registered_domain

REMEMBERED = 10_000
"""Texts whose features a process remembers, about 2 kB each."""

REMEMBERED_TEXTS = 500
"""Texts that were read and taken apart, about 25 kB each."""

SAME_SCORE = 100.0
"""Score of a pair with the same text: above any weighed evidence."""


@dataclass(frozen=True, slots=True)
class Text:
    """An article's text as it is compared."""

    article_id: str
    lang: str  # of the original
    title: str
    text: str
    features: Features
    digest: bytes  # of the text without its title: the same for exact copies
    publisher: str = ""  # whose it is, as far as that is known

    @property
    def offset(self) -> int:
        """Characters of the signed text before the article's own."""
        return len(signed_text(self.title, self.text)) - len(self.text)

    def detail(self) -> Detail:
        """The text's bigrams and sentences."""
        return detail(signed_text(self.title, self.text))


def text_of(article: Article) -> Text:
    """The text of an article, ready to be compared."""
    by = publisher(article.url, article.source)
    return make_text(article.id, article.lang, article.title, article.text, by)


def make_text(article_id: str, lang: str, title: str, text: str, by: str = "") -> Text:
    """The text of an article by its parts."""
    features = featurize(signed_text(title, text))
    return Text(article_id, lang, title, text, features, digest(text) if title else features.digest, by)


def publisher(url: str | None, source: str | None) -> str:
    """Whose an article is: the registered domain of its address, else what its source is called; "" for unknown."""
    return registered_domain(url) if url else (source or "").casefold()


_READ = select(
    articles.c.id, articles.c.lang, articles.c.title, articles.c.text, articles.c.url, articles.c.source
).where(articles.c.id.in_(bindparam("ids", expanding=True)))

Key = tuple[int, bytes, bytes]
Kept = TypeVar("Kept", Features, tuple[Text, Detail])


class Reader:
    """Features and texts of signatures; the latest are remembered, each for as long as its signature stays the same."""

    def __init__(self) -> None:
        self._features: OrderedDict[Key, Features] = OrderedDict()
        self._texts: OrderedDict[Key, tuple[Text, Detail]] = OrderedDict()

    def remember(self, signed: Signed | Candidate, features: Features) -> None:
        """Keep a text's features: the next ones of the day will be compared with it."""
        _keep(self._features, _key(signed), features, REMEMBERED)

    def features(self, connection: Connection, wanted: Iterable[Candidate]) -> dict[int, Features]:
        """The features of texts, by number; one that is gone is missing."""
        found: dict[int, Features] = {}
        missing: dict[int, Candidate] = {}
        for signed in wanted:
            known = self._features.get(_key(signed))
            if known is None:
                missing[signed.number] = signed
            else:
                found[signed.number] = known
        fetched = {n: unpack(packed) for n, packed in signatures.load_vectors(connection, missing).items()}
        unpacked = {signed.article_id: signed for n, signed in missing.items() if n not in fetched}
        if unpacked:
            for text in _read(connection, unpacked):
                fetched[unpacked[text.article_id].number] = text.features
        for number, features in fetched.items():
            self.remember(missing[number], features)
        return found | fetched

    def text(self, connection: Connection, signed: Candidate, features: Features) -> tuple[Text, Detail] | None:
        """A text whose features are known, and its detail; None where it is gone."""
        known = self._texts.get(_key(signed))
        if known is None:
            row = connection.execute(_READ, {"ids": [signed.article_id]}).first()
            if row is None:
                return None
            by = publisher(row.url, row.source)
            text = Text(row.id, row.lang, row.title, row.text, features, signed.digest, by)
            known = text, text.detail()
            _keep(self._texts, _key(signed), known, REMEMBERED_TEXTS)
        return known


_readers: WeakKeyDictionary[Engine, Reader] = WeakKeyDictionary()


def reader_of(connection: Connection) -> Reader:
    """What this process remembers of the database behind a connection; whoever places texts there does so alone."""
    reader = _readers.get(connection.engine)
    if reader is None:
        reader = _readers[connection.engine] = Reader()
    return reader


def _key(signed: Signed | Candidate) -> Key:
    return signed.number, signed.hashes, signed.digest


def _keep(memory: OrderedDict[Key, Kept], key: Key, value: Kept, most: int) -> None:
    memory[key] = value
    while len(memory) > most:
        memory.popitem(last=False)


def _read(connection: Connection, article_ids: Iterable[str]) -> list[Text]:
    rows = connection.execute(_READ, {"ids": list(article_ids)}).all()
    return [make_text(row.id, row.lang, row.title, row.text, publisher(row.url, row.source)) for row in rows]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an encoder says of a text; see `ingest.dedup.embedding`."""

    encoder: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A text with its signature and the keys it is found by."""

    text: Text
    hashes: bytes
    bands: tuple[int, ...]
    same: int  # the key of its digest
    terms: tuple[int, ...]
    meaning: Meaning | None = None  # None: nobody was asked

    @property
    def keys(self) -> tuple[int, ...]:
        """All keys under which it stands in the index; two of a text are the same once in two million."""
        return tuple(dict.fromkeys((*self.bands, self.same, *self.terms)))

    @property
    def packed_terms(self) -> bytes:
        """The keys of its weighty terms as they are stored."""
        return pack_keys(self.terms)


def newcomer(text: Text, meaning: Meaning | None = None) -> Newcomer:
    """Sign a text."""
    hashes = sign(text.features)
    return Newcomer(text, hashes, band_keys(hashes), digest_key(text.digest), term_keys(text.features.top), meaning)


def pack_keys(keys: Sequence[int]) -> bytes:
    """Keys as four bytes each."""
    return np.array(keys, dtype="<i4").tobytes()


def unpack_keys(packed: bytes) -> tuple[int, ...]:
    """The keys that `pack_keys` packed."""
    return tuple(np.frombuffer(packed, dtype="<i4").tolist())


@dataclass(frozen=True, slots=True)
class Promising:
    """A candidate worth weighing, with the estimated Jaccard similarity of its rare stems."""

    other: Candidate
    estimated: float


def promising(new: Newcomer, found: Texts) -> list[Promising]:
    """Those of the texts a newcomer shares a band with that are worth weighing, the most similar first."""
    if not len(found):
        return []
    size = len(new.text.features.rare)
    good, estimated = candidates.promising(values([new.hashes])[0], size, found.hashes, found.sizes)
    chosen = dict.fromkeys(good.tolist())
    chosen |= dict.fromkeys(np.flatnonzero(found.saying(new.text.digest)).tolist())
    some = [Promising(found.candidate(row), float(estimated[row])) for row in chosen]
    return [one for one in some if one.other.article_id != new.text.article_id]


class Comparison:
    """A newcomer beside one candidate after another."""

    def __init__(self, connection: Connection, new: Newcomer) -> None:
        self._connection, self._reader = connection, reader_of(connection)
        self._new = new.text
        self._detail: Detail | None = None

    def match(self, one: Promising, features: Features) -> tuple[Match, float] | None:
        """The verified pair with the score of its evidence; None where they are no copies, or the other is gone."""
        if one.other.digest == self._new.digest:
            return self._match_of_same(one, features)
        if not possible(self._new.features, features):
            return None
        read = self._reader.text(self._connection, one.other, features)
        if read is None:
            return None
        text, other = read
        evidence = verify(self._new.features, features, self.detail, lambda: other)
        if evidence is None or not evidence.copy:
            return None
        shared = passages(evidence, self.detail(), other, self._new.offset, text.offset)
        ours = self._new.publisher
        kind = kind_of(evidence, self._new.lang, text.lang, one_publisher=bool(ours) and ours == text.publisher)
        ids = self._new.article_id, text.article_id
        match = _ordered(*ids, one.estimated, evidence.jaccard, rule_of(evidence), kind, shared)
        return match, evidence.score

    def detail(self) -> Detail:
        """The newcomer's detail, made when it is first asked for."""
        if self._detail is None:
            self._detail = self._new.detail()
        return self._detail

    def _match_of_same(self, one: Promising, features: Features) -> tuple[Match, float] | None:
        read = self._reader.text(self._connection, one.other, features)
        if read is None:
            return None
        new, other = self._new, read[0]
        lengths = len(new.text), len(other.text)
        return same_text(new.article_id, other.article_id, *lengths, RULE_SAME_APART), SAME_SCORE


def same_text(one: str, other: str, one_length: int, other_length: int, rule: str) -> Match:
    """The match of two exact copies: all of both."""
    whole = (SharedPassage(0, one_length, 0, other_length),)
    return _ordered(one, other, 1.0, 1.0, rule, Copy.EXACT, whole)


def _ordered(
    one: str,
    other: str,
    estimated: float,
    exact: float,
    rule: str,
    kind: Copy,
    shared: tuple[SharedPassage, ...],
) -> Match:
    """The match with the lower id first, passages turned accordingly."""
    if one < other:
        return Match(one, other, round(estimated, 4), round(exact, 4), rule, kind, shared)
    turned = tuple(SharedPassage(p.b_start, p.b_end, p.a_start, p.a_end) for p in shared)
    turned = tuple(sorted(turned, key=lambda p: (p.a_start, p.b_start)))
    return Match(other, one, round(estimated, 4), round(exact, 4), rule, kind, turned)


def nearest(akin: Akin, leave_out: set[str]) -> list[Candidate]:
    """Those of the texts that share weighty terms that are worth weighing: the most terms first, then the newest."""
    texts, rows = akin.texts, akin.rows
    wanted: list[Candidate] = []
    for row in rows[np.lexsort((texts.numbers[rows], akin.shared))[::-1]].tolist():
        if texts.ids[row].decode() not in leave_out:
            wanted.append(texts.candidate(row))
        if len(wanted) == related.COMPARED:
            break
    return wanted


def kin(
    new: Newcomer, found: Iterable[Candidate], features: dict[int, Features], meant: dict[int, float]
) -> list[Related]:
    """Accounts of the same event among some texts, the most similar first.

    meant: the cosines that an encoder gives the newcomer with texts, by number; missing where either has no vector.
    """
    others = [other for other in found if other.number in features and other.article_id != new.text.article_id]
    pairs = []
    likenesses = related.likenesses(
        new.text.features,
        [features[other.number] for other in others],
        [meant.get(other.number) for other in others] if meant else None,
    )
    for other, similarity in zip(others, likenesses, strict=True):
        if similarity is not None:
            a, b = sorted((new.text.article_id, other.article_id))
            pairs.append(Related(a, b, round(similarity, 4)))
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.a, pair.b))[: related.MOST]
