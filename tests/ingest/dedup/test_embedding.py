"""What an encoder says about texts: kept in eight bits, compared exactly, weighed beside words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dedup import Item, cluster_batch
from ingest.dedup.embedding import LEAST_COSINE, NEAREST, cosines, embed, nearest
from ingest.dedup.features import featurize
from ingest.dedup.related import LEAST_COSINE as LEAST_WORDS_IN_COMMON
from ingest.dedup.related import likeness
from tests.ingest.dedup.encoders import Told
from tests.ingest.dedup.news import text
from tests.ingest.dedup.test_related import BRIDGE, FREED, RESCUE

FERRY = (
    "Ferry between the islands stops for a week\nThe company that runs the boats said engines have to be checked after "
    "smoke was seen on Sunday. Islanders are angry: the chemist has run out of insulin, and the school sent its "
    "pupils home. A spokesman for the ministry promised a naval tender, which the mayor called a joke."
)
STRANDED = (
    "No boat, no bread\nShelves are empty on the islands since the old vessel was put out of service. Children learn "
    "at kitchen tables, and medicine comes by helicopter. Nobody was told for how long: a week, says a notice on the "
    "quay. What the ministry sends instead was laughed at by those who waited there."
)
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def related_pairs(items: list[Item], encoder: Told | None) -> set[frozenset[str]]:
    verdicts = cluster_batch(items, encoder=encoder)
    return {frozenset((verdict.id, kin.id)) for verdict in verdicts for kin in verdict.related}


def items_of(**texts: str) -> list[Item]:
    return [Item(key, body, "en", DAY) for key, body in texts.items()]


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_cosines_one_by_one_are_those_of_all_at_once(count: int, seed: int) -> None:
    some = np.random.default_rng(seed).integers(-127, 128, (count, 384)).astype(np.int8)
    together = cosines(some, some)
    alone = np.array([[cosines(some[[a]], some[[b]])[0, 0] for b in range(count)] for a in range(count)])
    assert (together == alone).all()
    assert (together == together.T).all()


@pytest.mark.parametrize(("some", "others", "dimensions"), [(1, 2100, 384), (33, 1043, 384), (17, 90, 9), (2, 3, 2000)])
def test_cosines_of_many_are_those_of_the_formula(some: int, others: int, dimensions: int) -> None:
    rng = np.random.default_rng(some)
    a, b = (rng.integers(-127, 128, (count, dimensions)).astype(np.int8) for count in (some, others))
    exact = a.astype(np.float64) @ b.T.astype(np.float64)
    exact /= np.linalg.norm(a.astype(np.float64), axis=1)[:, None] * np.linalg.norm(b.astype(np.float64), axis=1)
    assert np.abs(cosines(a, b) - exact).max() < 1e-5


def test_eight_bits_keep_a_cosine_to_two_places() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(50, 384)).astype(np.float32)
    vectors[1::2] += 1.5 * vectors[::2]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    class Given:
        label = "given"

        def encode(self, texts: object) -> np.ndarray:
            return vectors

    kept = embed(Given(), [""] * 50)
    assert kept.dtype == np.int8
    assert np.abs(cosines(kept, kept) - vectors @ vectors.T).max() < 0.01


def test_the_nearest_come_first_and_none_that_is_too_far() -> None:
    close = np.array([0.5, LEAST_COSINE - 0.01, 0.9, 0.5, -1], dtype=np.float32)
    assert nearest(close, 24).tolist() == [2, 0, 3]
    assert nearest(close, 2).tolist() == [2, 0]


@given(st.lists(st.sampled_from([0.2, 0.31, 0.5, 0.52, 0.9]), max_size=300), st.integers(1, 24))
def test_the_nearest_of_many_are_those_of_all_sorted(values: list[float], most: int) -> None:
    close = np.array(values, dtype=np.float32)
    order = sorted((i for i, value in enumerate(close.tolist()) if value >= LEAST_COSINE), key=lambda i: (-close[i], i))
    assert nearest(close, most).tolist() == order[:most]


def test_accounts_that_share_no_name_are_found_by_what_they_mean() -> None:
    texts = items_of(a=FERRY, b=STRANDED, c=BRIDGE)
    assert related_pairs(texts, None) == set()
    assert related_pairs(texts, Told({FERRY: 0, STRANDED: 0, BRIDGE: 1})) == {frozenset("ab")}


def test_what_means_something_else_is_not_shown_for_its_names() -> None:
    texts = items_of(a=FREED, b=RESCUE)
    assert related_pairs(texts, None) == {frozenset("ab")}
    assert related_pairs(texts, Told({FREED: 0, RESCUE: 1})) == set()


def test_what_shares_hardly_a_word_is_not_shown_for_its_meaning() -> None:
    one, other = text(1), FREED
    assert likeness(featurize(one), featurize(other), 1.0) is None
    assert likeness(featurize(one), featurize(one), LEAST_WORDS_IN_COMMON) is None


def test_texts_in_other_languages_are_weighed_by_words_alone() -> None:
    told = Told({})
    texts = [Item("a", FREED, "fr", DAY), Item("b", RESCUE, "fr", DAY), Item("c", BRIDGE, "en", DAY)]
    assert related_pairs(texts, told) == related_pairs(texts, None)
    assert told.asked == [BRIDGE]


def test_accounts_of_other_weeks_are_not_found_by_what_they_mean() -> None:
    told = Told({FERRY: 0, STRANDED: 0})
    texts = [Item("a", FERRY, "en", DAY), Item("b", STRANDED, "en", DAY + timedelta(days=4))]
    assert related_pairs(texts, told) == set()
    assert related_pairs([texts[0], Item("b", STRANDED, "en")], told) == {frozenset("ab")}  # of an unknown day


def test_copies_of_one_account_do_not_hide_the_others() -> None:
    copies = {f"n{number}": f"{FERRY} Printed in Varnholm, copy {number}." for number in range(NEAREST + 5)}
    told = Told(dict.fromkeys((STRANDED, *copies.values()), 0))
    verdicts = {v.id: v for v in cluster_batch(items_of(z=STRANDED, **copies), encoder=told)}
    assert len({verdicts[key].cluster for key in copies}) == 1
    assert all("z" in {kin.id for kin in verdicts[key].related} for key in list(copies)[:3])


def test_the_order_of_the_input_changes_nothing() -> None:
    told = Told({FERRY: 0, STRANDED: 0, FREED: 1, RESCUE: 1, BRIDGE: 2})
    texts = items_of(a=FERRY, b=STRANDED, c=FREED, d=RESCUE, e=BRIDGE, f=text(1), g=text(2))
    assert related_pairs(texts, told) == related_pairs(texts[::-1], told) == {frozenset("ab"), frozenset("cd")}


def test_each_text_is_encoded_once() -> None:
    told = Told({})
    cluster_batch([Item("a", FERRY, "en"), Item("b", FERRY, "en"), Item("c", BRIDGE, "en")], encoder=told)
    assert sorted(told.asked) == sorted([FERRY, BRIDGE])
