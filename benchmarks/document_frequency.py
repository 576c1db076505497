"""Makes the frozen document-frequency tables of `ingest.dedup` from parallel corpora.

    python benchmarks/document_frequency.py CORPORA

CORPORA holds fr-en.tsv.xz, de-en.tsv.xz (source, English, origin; tab-separated) and newsdev.{fr,de}-en.tsv. What
counts as a text is ten sentences in a row of one origin, about the length of a short article. News and prose are
taken whole, parliament and technical manuals only in part, dictionaries not at all. Stems in fewer than three texts
are left out: they count as in one.
"""

from __future__ import annotations

import collections
import gzip
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path

from ingest.dedup.frequency import LANGUAGES, TABLE, stemmer
from ingest.dedup.normalize import fold, words

SENTENCES = 10
LEAST = 3
MOST_SENTENCES = {  # of an origin; those not named are taken whole
    "europarl": 150_000, "tatoeba": 30_000, "debian-descriptions": 6_000, "libreoffice-help": 6_000,
    "wesnoth": 5_000, "bcontrast": 3_000, "cataclysm": 3_000, "debian-docs": 3_000, "php-manual": 3_000,
    "plenty-manual": 3_000, "fdroid": 2_000, "freeciv": 2_000, "gnome-help": 2_000,
    "ding": 0, "freedict": 0, "cldr-names": 0, "newsdev-kd": 0, "newsdev-bt": 0,
}  # fmt: skip
LICENCES = """\
# Document frequencies of stems: counts only, no text. Counted in:
#   WMT news test sets 2008-2012 and 2016-2018 (free for research, with citation); Europarl v7 (no known
#   restrictions); PUD, MT-GenEval, Cataclysm, GNOME help (CC BY-SA 3.0); TICO-19, MLQE-PE (CC0 1.0); XQuAD,
#   BConTrasT, Privacy Guides (CC BY-SA 4.0); MuCoW (CC BY 4.0); Tatoeba (CC BY 2.0 FR); PHP manual (CC BY 3.0);
#   Canadian Digital Service, OpenNMT WMT sample, bitcoin.org (MIT); mozilla.org (MPL-2.0); LibreOffice help
#   (MPL-2.0); F-Droid (AGPL-3.0-or-later); Wesnoth, Freeciv, Debian documentation (GPL-2.0-or-later); Debian package
#   descriptions (DFSG-free); student essays and the plentymarkets manual (licence unknown)."""


def rows(corpora: Path) -> Iterator[tuple[str, str, str, str]]:
    """Language, source sentence, English sentence, origin."""
    for lang in ("fr", "de"):
        with (corpora / f"newsdev.{lang}-en.tsv").open(encoding="utf-8") as news:
            for line in news:
                source, english, origin = line.rstrip("\n").split("\t")
                yield lang, source, english, f"newsdev-{origin}"
        taken: collections.Counter[str] = collections.Counter()
        with lzma.open(corpora / f"{lang}-en.tsv.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                source, english, origin = line.rstrip("\n").split("\t")
                taken[origin] += 1
                if taken[origin] <= MOST_SENTENCES.get(origin, taken[origin]):
                    yield lang, source, english, origin


def texts(corpora: Path) -> Iterator[tuple[str, str]]:
    """Language and text, ten sentences at a time, both sides."""
    key, pairs = ("", ""), list[tuple[str, str]]()
    for lang, source, english, origin in [*rows(corpora), ("", "", "", "")]:
        if (lang, origin) != key or len(pairs) == SENTENCES:
            if pairs:
                yield key[0], "\n".join(source for source, _ in pairs)
                yield "en", "\n".join(english for _, english in pairs)
            key, pairs = (lang, origin), []
        pairs.append((source, english))


def main(corpora: Path) -> None:
    """Count and write one table a language."""
    stem = {lang: stemmer(lang) for lang in LANGUAGES}
    stems: dict[tuple[str, str], str] = {}
    counts = {lang: collections.Counter[str]() for lang in LANGUAGES}
    total: collections.Counter[str] = collections.Counter()
    for lang, text in texts(corpora):
        found = set()
        for form in map(fold, words(text)):
            if (lang, form) not in stems:
                stems[lang, form] = form if form[0].isdigit() else stem[lang](form)
            found.add(stems[lang, form])
        counts[lang].update(found)
        total[lang] += 1
    for lang in LANGUAGES:
        write(lang, total[lang], counts[lang])


def write(lang: str, total: int, counts: collections.Counter[str]) -> None:
    """One line a count: the count, a tab, its stems."""
    by_count: dict[int, list[str]] = collections.defaultdict(list)
    for stem, count in counts.items():
        if count >= LEAST:
            by_count[count].append(stem)
    lines = [LICENCES, f"# texts {total}"]
    lines += [f"{count}\t{' '.join(sorted(by_count[count]))}" for count in sorted(by_count)]
    path = Path(__file__).parents[1] / "ingest" / "dedup" / "data" / f"{TABLE}.{lang}.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    print(f"{path.name}: {sum(map(len, by_count.values())):,} stems of {total:,} texts, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
