"""The tables say what langdetect's say, exactly, and the word list adds to them."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest

from ingest.language.profiles import LANGUAGES, LISTED, OURS, SCALE, SMOOTHING, Profiles, word_starts, words_of

PROFILES = Profiles()


def by_langdetect(word: str) -> dict[str, float]:
    """The scaled sum of log(p + smoothing) over langdetect's own n-grams of a word, from its own detector."""
    from langdetect.detector_factory import DetectorFactory

    names = [lang for lang in LANGUAGES if lang not in OURS]
    folder = resources.files("langdetect") / "profiles"
    factory = DetectorFactory()
    factory.load_json_profile([(folder / lang).read_text(encoding="utf-8") for lang in names])
    detector = factory.create()
    detector.append(f" {word} ")
    grams = detector._extract_ngrams()
    assert grams
    columns = zip(*(factory.word_lang_prob_map[gram] for gram in grams), strict=True)
    return {
        lang: SCALE * sum(math.log(p + SMOOTHING) for p in column) for lang, column in zip(names, columns, strict=True)
    }


@pytest.mark.parametrize("word", ["Zxqvgeschwurbel", "Strzxbrücken", "éloignassions"])
def test_unlisted_word_scores_as_by_langdetect_without_its_dice(word: str) -> None:
    expected = by_langdetect(word)
    found = dict(zip(LANGUAGES, PROFILES.look_up([word])[0], strict=False))
    assert {lang: found[lang] for lang in expected} == pytest.approx(expected, rel=1e-5)


def test_frequent_word_counts_for_the_language_that_has_it() -> None:
    (row,) = PROFILES.look_up(["und"])
    assert LANGUAGES[int(row[: len(LANGUAGES)].argmax())] == "de"
    assert dict(zip(LISTED, row[len(LANGUAGES) :], strict=True)) == {"fr": 0, "de": 1, "en": 1}


def test_same_word_scores_the_same_however_often_and_beside_whatever() -> None:
    alone = PROFILES.look_up(["Regierung"])[0]
    beside = PROFILES.look_up(["le", "Regierung", "Regierung"])
    assert np.array_equal(beside[1], alone)
    assert np.array_equal(beside[2], alone)


def test_words_begin_where_they_are_said_to() -> None:
    text = "L'OTAN a dit: «Nous partons» à 12 h."
    assert words_of(text) == ["L", "a", "dit", "Nous", "partons", "à", "h"]
    assert [text[start : start + len(word)] for start, word in zip(word_starts(text), words_of(text), strict=True)] == (
        words_of(text)
    )


def test_word_list_is_sorted_and_well_formed() -> None:
    lines = (resources.files("ingest.language") / "data" / "words.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    assert {len(row) for row in rows} == {2 + len(LISTED)}
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    assert all(3 <= float(value) < 9 for row in rows for value in row[1:4] if value)
    assert {lang for row in rows for lang in row[4].split()} <= set(LANGUAGES)


@pytest.mark.parametrize("lang", sorted(OURS))
def test_our_profiles_have_langdetects_form(lang: str) -> None:
    made = json.loads((resources.files("ingest.language") / "data" / f"{lang}.json").read_text(encoding="utf-8"))
    assert made["name"] == lang
    assert {len(gram) for gram in made["freq"]} == {1, 2, 3}
    for n in (1, 2, 3):
        assert sum(count for gram, count in made["freq"].items() if len(gram) == n) <= made["n_words"][n - 1] * 1.01
