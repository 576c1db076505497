"""Copies are told from accounts of one event, strangers and forms filled in twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dedup.explain import compare
from ingest.dedup.features import detail, featurize, pack, unpack
from ingest.dedup.normalize import MAX_CHARACTERS, digest, fold, sentences, words
from ingest.dedup.verify import verify
from tests.eval.test_dedup_floor import notices
from tests.ingest.dedup.news import edited, story, text

SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("00*.txt"))


def judge(a: str, b: str, lang: str = "en") -> bool:
    evidence = verify(featurize(a, lang), featurize(b, lang), lambda: detail(a, lang), lambda: detail(b, lang))
    return evidence is not None and evidence.copy


def test_a_story_and_its_edited_copy_are_copies() -> None:
    assert judge(text(1), edited(1, 1))


def test_two_stories_are_not() -> None:
    assert not judge(text(1), text(2))


@pytest.mark.parametrize(("one", "other"), [(17, 72), (19, 96), (34, 50)])
def test_stories_of_one_narrow_vocabulary_are_no_copies(one: int, other: int) -> None:
    assert not judge(text(one), text(other))
    assert not judge(edited(one, 1), edited(other, 1))
    assert not judge(text(one), edited(other, 1))


def test_a_teaser_is_a_copy_of_its_article() -> None:
    assert judge(" ".join(story(1)[:3]), text(1))


def test_packed_features_say_the_same_as_the_text() -> None:
    for body in (text(1), "the cat " * 400 + text(2), ""):
        made = featurize(body)
        kept = unpack(pack(made))
        assert kept.stems.tolist() == made.stems.tolist()
        assert kept.tfidf.tolist() == made.tfidf.tolist()
        assert (kept.words, kept.digest) == (made.words, made.digest)
        assert (kept.total, kept.norm) == pytest.approx((made.total, made.norm), abs=1e-6)


def test_site_furniture_makes_no_copies_of_short_strangers() -> None:
    notice = (
        "Sign up for our daily newsletter to get the top stories delivered to your inbox. Follow us on social media "
        "for more news. Read more: the most important events of the day. Copyright, all rights reserved."
    )
    one, other = " ".join(story(1)[:3]), " ".join(story(2)[:3])
    assert not judge(f"{one} {notice}", f"{other} {notice}")


def test_a_form_filled_in_twice_is_no_copy() -> None:
    one, other, *_ = notices(2)
    assert not judge(one, other)


def test_languages_are_never_compared() -> None:
    a, b = featurize(text(1), "fr"), featurize(text(1), "de")
    assert verify(a, b, lambda: detail(text(1)), lambda: detail(text(1))) is None


@pytest.mark.parametrize("one", range(5))
@pytest.mark.parametrize("other", range(5))
def test_none_of_the_five_documents_is_a_copy_of_another(one: int, other: int) -> None:
    if one < other:
        a, b = (SEEDS[n].read_text(encoding="utf-8") for n in (one, other))
        assert not judge(a, b, "fr")


WORDS = st.sampled_from(
    [
        "North",
        "Korea",
        "sent",
        "11,000",
        "soldiers",
        "to",
        "Russia.",
        "Berlin\nsays",
        "3.5",
        "million",
        "of",
        "it;",
        "the",
        "vote",
        "“was”",
        "close",
    ]
)
TEXTS = st.lists(WORDS, max_size=80).map(" ".join) | st.text(max_size=300)


@given(a=TEXTS, b=TEXTS)
@settings(max_examples=60, deadline=None)
def test_the_verdict_is_symmetric(a: str, b: str) -> None:
    one, other = featurize(a), featurize(b)
    there = verify(one, other, lambda: detail(a), lambda: detail(b))
    back = verify(other, one, lambda: detail(b), lambda: detail(a))
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.copy == back.copy
        assert there.score == pytest.approx(back.score, abs=1e-6)


@given(a=TEXTS, b=TEXTS)
@settings(max_examples=60, deadline=None)
def test_passages_lie_inside_both_texts(a: str, b: str) -> None:
    _, shared = compare("A headline", a, "", b)
    for p in shared:
        assert 0 <= p.a_start < p.a_end <= len(a)
        assert 0 <= p.b_start < p.b_end <= len(b)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_a_text_of_some_length_is_a_copy_of_itself(a: str) -> None:
    if featurize(a).words >= 8 and len(detail(a).sentences) > 0 and featurize(a).total > 20:
        assert judge(a, a)


@pytest.mark.parametrize("number", ["11.000", "11 000", "11,000", "11’000", "11\u202f000"])
def test_a_grouped_number_is_one_word_however_it_is_grouped(number: str) -> None:
    assert words(f"about {number} soldiers") == ["about", "11000", "soldiers"]
    assert digest(f"about {number} soldiers") == digest("About 11000 soldiers.")


def test_years_and_decimals_are_no_groups() -> None:
    assert [fold(word) for word in words("in 2011 300 of 3,5 or 1.250 in 7. 8")] == [
        "in",
        "2011",
        "300",
        "of",
        "3.5",
        "or",
        "1250",
        "in",
        "7",
        "8",
    ]


def test_sentences_cover_lines_and_stops() -> None:
    body = "One. Two!\nThree? “Four.” Five"
    assert [body[a:b].strip() for a, b in sentences(body)] == ["One.", "Two!", "Three?", "“Four.”", "Five"]


def test_a_megabyte_is_read_in_part_and_in_time() -> None:
    huge = text(1, 10) * 700
    assert len(huge) > MAX_CHARACTERS
    assert featurize(huge).words < 30_000
    assert judge(huge, huge + "more")
