"""Synthetic news with a known share of copies, by number: the same number is always the same text.

Words are drawn from the frozen document frequencies that clustering itself weighs by, so that common words are common
and rare ones rare; each text has a topic's words and names of its own besides. One text in seven is an edited copy and
one in twenty an exact copy of one of the 2,000 before it.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.frequency import vocabulary

EDITED, EXACT, BACK = 1 / 7, 1 / 20, 2000
SENTENCES, LENGTH = 10, 22
TOPICS, TOPIC_WORDS, FROM_TOPIC = 2000, 60, 12
BLOCK = 1000

Lines = tuple[str, ...]


class News:
    """Texts by number."""

    def __init__(self) -> None:
        table = vocabulary("en")
        counts = {stem: n for stem, n in table.counts.items() if stem.isalpha() and table.stem(stem) == stem}
        self._words = np.array(list(counts), dtype=object)
        share = np.array(list(counts.values()), dtype=np.float64)
        told = share**1.25  # a common word is said several times in a text: some 140 different stems in 260 words
        self._cumulated = np.cumsum(told / told.sum())
        rng = np.random.default_rng(7)
        rare = np.flatnonzero(share < 0.01 * table.texts)
        self._topics = rng.choice(rare, (TOPICS, TOPIC_WORDS))
        self._block = lru_cache(maxsize=8)(self._make_block)

    def text(self, number: int) -> str:
        """Text number n: an original, or an edited or exact copy of an earlier one."""
        rng = random.Random(number)
        kind = rng.random()
        lines = self.original(number if kind > EDITED + EXACT else max(0, number - rng.randrange(1, BACK)))
        if kind <= EDITED:
            position = rng.randrange(SENTENCES)
            lines = (*lines[:position], *lines[position + 1 :], f"Note of the editors {number}.")
        return "\n".join(lines)

    def original(self, number: int) -> Lines:
        """The sentences of an original."""
        return self._block(number // BLOCK)[number % BLOCK]

    def _make_block(self, block: int) -> list[Lines]:
        rng = np.random.default_rng((11, block))
        drawn = np.searchsorted(self._cumulated, rng.random((BLOCK, SENTENCES * LENGTH)))
        drawn = np.minimum(drawn, len(self._words) - 1)
        topics = self._topics[rng.integers(TOPICS, size=BLOCK)]
        for position in range(FROM_TOPIC):
            drawn[:, position * 17] = topics[np.arange(BLOCK), rng.integers(TOPIC_WORDS, size=BLOCK)]
        return [self._lines(words, rng) for words in drawn]

    def _lines(self, drawn: NDArray[np.int64], rng: np.random.Generator) -> Lines:
        words = self._words[drawn].tolist()
        names = [words[int(i)].capitalize() + "son" for i in rng.integers(len(words), size=4)]
        figures = rng.integers(2, 990, size=SENTENCES).tolist()
        return tuple(
            " ".join((*words[i * LENGTH : (i + 1) * LENGTH], names[i % 4], str(figures[i]))).capitalize() + "."
            for i in range(SENTENCES)
        )
