"""Clusters of texts that are all at hand: for the filter `ingest dedup` and for measuring. Nothing is stored.

The same verdicts as the store gives article by article, but found all at once: signatures are grouped band by band,
so the order of the input changes nothing but the order of the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from ingest.dedup import candidates, related
from ingest.dedup.embedding import Encoder, Meanings, embed
from ingest.dedup.explain import RULE_SAME, rule_of
from ingest.dedup.features import Detail, Features, detail, featurize
from ingest.dedup.frequency import guess
from ingest.dedup.minhash import BANDS, sign, values
from ingest.dedup.partition import partition
from ingest.dedup.verify import verify

WINDOW = timedelta(days=14)
"""Copies of one text appear within days; the same notice a month later is another notice."""

NEIGHBOURS = 16
"""In a band that more than `candidates.PER_KEY` texts share, each is compared with so many next to it, the texts being
sorted by their signatures."""

PAIRS_AT_ONCE = 65_536

DETAILS = 4096
"""Texts whose detail is remembered between verifications."""


@dataclass(frozen=True, slots=True)
class Item:
    """One text to compare, in its own language; None: the one whose everyday words it has."""

    id: str
    text: str
    lang: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another item of the same cluster that this one was matched with directly."""

    id: str
    similarity: float  # weighted Jaccard similarity of the stems; 1 for the same text
    rule: str


@dataclass(frozen=True, slots=True)
class Kin:
    """Another item about the same event, no copy of this one."""

    id: str
    similarity: float  # cosine of tf-idf


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one item. `cluster` is the id of the cluster's first item in the input."""

    id: str
    cluster: str
    duplicates: tuple[Duplicate, ...]  # exact copies name the first of them and are named by it, up to MOST
    related: tuple[Kin, ...]  # the most similar first


def cluster_batch(
    items: Iterable[Item], *, window: timedelta = WINDOW, encoder: Encoder | None = None
) -> list[Verdict]:
    """A verdict for each item, in the order of the input. Ids should differ; the input is held in memory.

    encoder: what English texts that may be related are weighed by, too; None: words alone.
    """
    batch = _Batch(list(items), window, encoder)
    batch.cluster()
    return batch.verdicts()


@dataclass(frozen=True, slots=True)
class _Node:
    """One text, once: the items that are exact copies of one another."""

    features: Features
    items: tuple[int, ...]  # positions in the input
    first: datetime | None  # of those with a date, the earliest and the latest
    last: datetime | None

    def near(self, other: _Node, window: timedelta) -> bool:
        """Whether they were published within a time of one another; without a date, yes."""
        if self.first is None or other.first is None or self.last is None or other.last is None:
            return True
        return self.first - other.last <= window and other.first - self.last <= window


class _Batch:
    def __init__(self, items: list[Item], window: timedelta, encoder: Encoder | None = None) -> None:
        self.items, self.window, self.encoder = items, window, encoder
        self.nodes = _nodes(items, window)
        self.comparable = [number for number, node in enumerate(self.nodes) if node.features.comparable]
        self.pairs: dict[tuple[int, int], tuple[float, str]] = {}
        self.related: dict[int, list[tuple[float, int]]] = {}
        self.groups: list[tuple[int, ...]] = []
        self._detail = lru_cache(maxsize=DETAILS)(self._make_detail)

    def cluster(self) -> None:
        """Find, verify and partition."""
        verified: list[tuple[int, int, float]] = []
        for a, b in self._candidates():
            one, other = self.nodes[a], self.nodes[b]
            if not one.near(other, self.window):
                continue
            evidence = verify(one.features, other.features, lambda a=a: self._detail(a), lambda b=b: self._detail(b))  # type: ignore[misc]
            if evidence is not None and evidence.copy:
                self.pairs[a, b] = (evidence.jaccard, rule_of(evidence))
                verified.append((a, b, evidence.score))
        self.groups = partition(range(len(self.nodes)), verified)
        self._relate({node: group[0] for group in self.groups for node in group})

    def _make_detail(self, number: int) -> Detail:
        node = self.nodes[number]
        return detail(self.items[node.items[0]].text, node.features.lang)

    def _candidates(self) -> list[tuple[int, int]]:
        """Pairs of nodes worth verifying, the lower number first; few per node, whatever the input."""
        numbers = np.array(self.comparable, dtype=np.int64)
        if len(numbers) < 2:
            return []
        signatures = values([sign(self.nodes[number].features) for number in self.comparable])
        sizes = np.array([len(self.nodes[number].features.rare) for number in self.comparable])
        found: list[tuple[float, int, int]] = []
        for left, right in _colliding(signatures):
            shared = (signatures[left] == signatures[right]).mean(axis=1)
            sizes_of_both = (sizes[left], sizes[right])
            contained = shared / (1 + shared) * sum(sizes_of_both)
            contained = np.minimum(1.0, contained / np.maximum(1, np.minimum(*sizes_of_both)))
            good = contained >= candidates.LEAST_CONTAINMENT
            ends = (numbers[left[good]].tolist(), numbers[right[good]].tolist())
            found += zip((-contained[good]).tolist(), *ends, strict=True)
        return _most(found)

    def _relate(self, group: dict[int, int]) -> None:
        """Nodes of other groups that share weighty terms and enough of the whole, or mean much the same."""
        meanings = self._meanings()
        nearest = {} if meanings is None else self._nearest(meanings, group)
        weighed: set[tuple[int, int]] = set()
        terms: dict[tuple[str, int], list[int]] = {}
        for number in self.comparable:
            features = self.nodes[number].features
            seen: dict[int, int] = {}
            for term in features.top:
                posting = terms.setdefault((features.lang, term), [])
                telling = 2 if len(posting) <= related.FEW else 1
                for other in posting[-candidates.PER_KEY :]:
                    seen[other] = seen.get(other, 0) + telling
                posting.append(number)
            enough = [
                (-shared, -other)
                for other, shared in seen.items()
                if shared >= related.SHARED_TERMS and group[other] != group[number]
            ]
            found = [-other for _, other in nsmallest(related.COMPARED, enough)]
            others = [other for other in found if self.nodes[number].near(self.nodes[other], related.WINDOW)]
            if meanings is None:
                self._relate_node(number, others)
                continue
            pairs = {other: (min(number, other), max(number, other)) for other in (*others, *nearest.get(number, ()))}
            others = [other for other, pair in pairs.items() if pair not in weighed]
            weighed |= set(pairs.values())
            self._relate_node(number, others, meanings.cosines(number, others))

    def _relate_node(self, number: int, others: list[int], meant: list[float | None] | None = None) -> None:
        features = [self.nodes[other].features for other in others]
        found = related.likenesses(self.nodes[number].features, features, meant)
        for other, similarity in zip(others, found, strict=True):
            if similarity is not None:
                self.related.setdefault(other, []).append((similarity, number))
                self.related.setdefault(number, []).append((similarity, other))

    def _meanings(self) -> Meanings | None:
        """What the encoder says of the English nodes; None without one."""
        if self.encoder is None:
            return None
        numbers = [number for number in self.comparable if self.nodes[number].features.lang == "en"]
        texts = [self.items[self.nodes[number].items[0]].text for number in numbers]
        return Meanings(numbers, embed(self.encoder, texts)) if texts else None

    def _nearest(self, meanings: Meanings, group: dict[int, int]) -> dict[int, list[int]]:
        """For each node that has a vector the nearest of other groups, published within days of it."""
        nodes = [self.nodes[number] for number in meanings.numbers]
        first = np.array([-np.inf if node.first is None else node.first.timestamp() for node in nodes])
        last = np.array([np.inf if node.last is None else node.last.timestamp() for node in nodes])
        groups = np.array([group[number] for number in meanings.numbers], dtype=np.int64)
        return meanings.nearest(groups, first, last, related.WINDOW.total_seconds())

    def verdicts(self) -> list[Verdict]:
        """One verdict an item."""
        duplicates: dict[int, list[tuple[int, float, str]]] = {}
        cluster: dict[int, int] = {}
        for group in self.groups:
            first = min(self.nodes[node].items[0] for node in group)
            cluster |= dict.fromkeys(group, first)
        for (a, b), (similarity, rule) in sorted(self.pairs.items(), key=lambda pair: -pair[1][0]):
            if cluster[a] == cluster[b]:
                duplicates.setdefault(a, []).append((b, similarity, rule))
                duplicates.setdefault(b, []).append((a, similarity, rule))
        found: list[Verdict | None] = [None] * len(self.items)
        for number, node in enumerate(self.nodes):
            near = tuple(
                Duplicate(self._id(other), round(similarity, 4), rule)
                for other, similarity, rule in duplicates.get(number, ())
            )
            beside = sorted(self.related.get(number, ()), key=lambda pair: (-pair[0], pair[1]))[: related.MOST]
            kin = tuple(Kin(self._id(other), round(similarity, 4)) for similarity, other in beside)
            for item in node.items:
                same = self._same(node, item)
                found[item] = Verdict(self.items[item].id, self.items[cluster[number]].id, same + near, kin)
        return [verdict for verdict in found if verdict is not None]

    def _id(self, node: int) -> str:
        return self.items[self.nodes[node].items[0]].id

    def _same(self, node: _Node, item: int) -> tuple[Duplicate, ...]:
        others: Sequence[int] = node.items[:1] if item != node.items[0] else node.items[1 : candidates.MOST + 1]
        return tuple(Duplicate(self.items[other].id, 1.0, RULE_SAME) for other in others)


def _nodes(items: list[Item], window: timedelta) -> list[_Node]:
    """Exact copies within the window put together; in the order of their normalised text, not of the input."""
    made: list[tuple[bytes, float, _Node]] = []
    features: dict[tuple[str | None, str], Features] = {}
    same: dict[tuple[bytes, str], list[int]] = {}
    for position, item in enumerate(items):
        one = features.get((item.lang, item.text)) or featurize(item.text, item.lang or guess(item.text))
        features[item.lang, item.text] = one
        same.setdefault((one.digest, one.lang) if one.comparable else (str(position).encode(), ""), []).append(position)
    for positions in same.values():
        one = features[items[positions[0]].lang, items[positions[0]].text]
        for run in _runs(positions, items, window):
            dates = sorted(date for p in run if (date := items[p].published) is not None)
            node = _Node(one, tuple(sorted(run)), dates[0] if dates else None, dates[-1] if dates else None)
            made.append((one.digest, dates[0].timestamp() if dates else 0.0, node))
    return [node for _, _, node in sorted(made, key=lambda entry: entry[:2])]


def _runs(positions: list[int], items: list[Item], window: timedelta) -> Iterator[list[int]]:
    """Exact copies, cut where more than the window lies between one and the next; without a date: with the first."""
    dated = sorted((date, p) for p in positions if (date := items[p].published) is not None)
    run = [p for p in positions if items[p].published is None]
    previous: datetime | None = None
    for date, position in dated:
        if previous is not None and date - previous > window:
            yield run
            run = []
        run.append(position)
        previous = date
    if run:
        yield run


def _colliding(signatures: NDArray[np.uint16]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of rows that share a band, each pair once, in parts: one array of lower and one of higher rows."""
    order = np.lexsort(signatures.T[::-1])  # texts alike stand side by side
    bands = np.ascontiguousarray(signatures[order]).view(np.uint32)  # two rows are one number
    count = len(signatures)
    codes = np.sort(np.concatenate([_in_band(bands[:, band], order, count) for band in range(BANDS)]))
    pairs = codes[np.r_[True, codes[1:] != codes[:-1]]] if len(codes) else codes
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[start : start + PAIRS_AT_ONCE]
        yield some // count, some % count


def _in_band(keys: NDArray[np.uint32], order: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """Codes (lower row * count + higher row) of the pairs that share one band's key."""
    by_key = np.argsort(keys, kind="stable")
    ordered = keys[by_key]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    length_of = np.repeat(lengths, lengths)
    end_of = np.repeat(starts + lengths, lengths)
    found = []
    positions = np.arange(len(ordered))
    for step in range(1, min(int(lengths.max(initial=1)), candidates.PER_KEY)):
        allowed = (length_of <= candidates.PER_KEY) | (step <= NEIGHBOURS)
        left = positions[(positions + step < end_of) & allowed]
        if not len(left):
            break
        a, b = order[by_key[left]], order[by_key[left + step]]
        found.append(np.minimum(a, b) * count + np.maximum(a, b))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _most(found: list[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """The pairs, at most `candidates.MOST` a node counted from the most similar, in order of nodes."""
    taken: dict[int, int] = {}
    kept = []
    for _, a, b in sorted(found):
        if taken.get(a, 0) < candidates.MOST or taken.get(b, 0) < candidates.MOST:
            taken[a], taken[b] = taken.get(a, 0) + 1, taken.get(b, 0) + 1
            kept.append((min(a, b), max(a, b)))
    return sorted(kept)
