"""Stored texts, read to be compared: their features and details, remembered for as long as they stay the same.

A look-up answers signatures; the few that are worth verifying are read as texts. Which those are repeats itself: news
of one day are compared with one another over and over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from ingest.dedup import candidates, related
from ingest.dedup.explain import RULE_SAME_APART, kind_of, passages, rule_of
from ingest.dedup.features import Detail, Features, detail, featurize, signed_text
from ingest.dedup.minhash import band_keys, sign, term_key, values
from ingest.dedup.normalize import digest
from ingest.dedup.verify import verify
from ingest.store.schema import articles
from ingest.store.signatures import Candidate, Signed
from ingest.types import Article, Copy, Match, Related, SharedPassage

REMEMBERED = 10_000
"""Texts whose features a process remembers, about 3 kB each; details, 20 kB each, for a twentieth of them."""

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

    @property
    def offset(self) -> int:
        """Characters of the signed text before the article's own."""
        return len(signed_text(self.title, self.text)) - len(self.text)

    def detail(self) -> Detail:
        """The text's bigrams and sentences."""
        return detail(signed_text(self.title, self.text))


def text_of(article: Article) -> Text:
    """The text of an article, ready to be compared."""
    return make_text(article.id, article.lang, article.title, article.text)


def make_text(article_id: str, lang: str, title: str, text: str) -> Text:
    """The text of an article by its parts."""
    features = featurize(signed_text(title, text))
    return Text(article_id, lang, title, text, features, digest(text) if title else features.digest)


class Reader:
    """Reads texts for signatures, and remembers the latest ones."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[int, bytes], Text] = OrderedDict()
        self._details: OrderedDict[tuple[int, bytes], Detail] = OrderedDict()

    def remember(self, signed: Signed | Candidate, text: Text) -> None:
        """Keep a text that was just signed: the next ones of the day will be compared with it."""
        self._texts[signed.number, signed.hashes] = text
        while len(self._texts) > REMEMBERED:
            self._texts.popitem(last=False)

    def texts(self, connection: Connection, wanted: Iterable[Candidate]) -> dict[int, Text]:
        """The texts of signatures, by number; one that is gone is missing."""
        found: dict[int, Text] = {}
        missing: dict[str, Candidate] = {}
        for signed in wanted:
            known = self._texts.get((signed.number, signed.hashes))
            if known is None:
                missing[signed.article_id] = signed
            else:
                found[signed.number] = known
        if missing:
            a = articles.c
            query = select(a.id, a.lang, a.title, a.text).where(a.id.in_(list(missing)))
            for row in connection.execute(query):
                signed = missing[row.id]
                found[signed.number] = make_text(row.id, row.lang, row.title, row.text)
                self.remember(signed, found[signed.number])
        return found

    def detail(self, signed: Candidate, text: Text) -> Detail:
        """The detail of a text."""
        key = (signed.number, signed.hashes)
        known = self._details.get(key)
        if known is None:
            known = self._details[key] = text.detail()
            while len(self._details) > REMEMBERED // 20:
                self._details.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A text with its signature and the keys it is found by."""

    text: Text
    hashes: bytes
    bands: tuple[int, ...]
    terms: tuple[int, ...]

    @property
    def packed_terms(self) -> bytes:
        """The keys of its weighty terms as they are stored."""
        return pack(self.terms)


def newcomer(text: Text) -> Newcomer:
    """Sign a text."""
    hashes = sign(text.features)
    terms = tuple(dict.fromkeys(term_key(term) for term in text.features.top))
    return Newcomer(text, hashes, band_keys(hashes), terms)


def pack(keys: Sequence[int]) -> bytes:
    """Keys as four bytes each."""
    return b"".join(key.to_bytes(4, "little", signed=True) for key in keys)


def unpack(packed: bytes) -> tuple[int, ...]:
    """The keys that `pack` packed."""
    return tuple(int.from_bytes(packed[i : i + 4], "little", signed=True) for i in range(0, len(packed), 4))


def copies(
    connection: Connection, new: Newcomer, found: Sequence[Candidate], reader: Reader
) -> list[tuple[Match, float]]:
    """The verified pairs of a newcomer with those that share a band, each with the score of its evidence."""
    others = [signed for signed in found if signed.article_id != new.text.article_id]
    if not others:
        return []
    sizes = np.array([signed.size for signed in others])
    mine = values([new.hashes])[0]
    good, estimated = candidates.promising(
        mine, len(new.text.features.rare), values([signed.hashes for signed in others]), sizes
    )
    same = [i for i, signed in enumerate(others) if signed.digest == new.text.digest and i not in good]
    wanted = [others[i] for i in (*good.tolist(), *same)]
    texts = reader.texts(connection, wanted)
    matched = []
    for i in (*good.tolist(), *same):
        signed = others[i]
        if signed.number in texts:
            pair = _verified(new, signed, texts[signed.number], float(estimated[i]), reader)
            if pair is not None:
                matched.append(pair)
    return matched


def _verified(
    new: Newcomer, signed: Candidate, other: Text, estimated: float, reader: Reader
) -> tuple[Match, float] | None:
    mine = new.text
    if mine.digest == other.digest:
        return same_text(
            mine.article_id, other.article_id, len(mine.text), len(other.text), RULE_SAME_APART
        ), SAME_SCORE
    own: list[Detail] = []

    def detail_of_mine() -> Detail:
        own.append(mine.detail())
        return own[0]

    evidence = verify(mine.features, other.features, detail_of_mine, lambda: reader.detail(signed, other))
    if evidence is None or not evidence.copy:
        return None
    shared = passages(evidence, own[0], reader.detail(signed, other), mine.offset, other.offset)
    kind = kind_of(evidence, mine.lang, other.lang)
    match = _ordered(mine.article_id, other.article_id, estimated, evidence.jaccard, rule_of(evidence), kind, shared)
    return match, evidence.score


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


def kin(
    connection: Connection, new: Newcomer, found: Sequence[Candidate], reader: Reader, leave_out: set[str]
) -> list[Related]:
    """Accounts of the same event among those that share weighty terms, the most similar first."""
    enough = [one for one in found if one.shared >= related.SHARED_TERMS and one.article_id not in leave_out]
    enough.sort(key=lambda one: (-one.shared, -one.number))
    wanted = enough[: related.COMPARED]
    pairs = []
    for text in reader.texts(connection, wanted).values():
        similarity = related.cosine(new.text.features, text.features)
        if similarity >= related.COSINE and text.article_id != new.text.article_id:
            a, b = sorted((new.text.article_id, text.article_id))
            pairs.append(Related(a, b, round(similarity, 4)))
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.a, pair.b))[: related.MOST]
