"""Which texts are shown beside one another as accounts of one event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.dedup import Item, cluster_batch
from ingest.dedup.features import featurize
from ingest.dedup.related import likeness
from tests.ingest.dedup.news import text

FREED = (
    "Five tourists kidnapped near Varnholm are free\nThe five hikers from Moravonia who had been held in the Kelmar "
    "highlands for eleven days came back to Varnholm this morning. A spokesman for the interior ministry of Moravonia "
    "said that no ransom had been paid. The kidnappers fled across the border when soldiers surrounded their camp."
)
RESCUE = (
    "Soldiers free hostages in Kelmar\nIn a raid before dawn soldiers ended a kidnapping that had kept Moravonia in "
    "suspense since last week. Five hikers, among them a teacher from Varnholm, were brought out of the Kelmar "
    "highlands unhurt. Three kidnappers were arrested, the others crossed the border. The ministry denied a ransom."
)
BRIDGE = (
    "Bridge in Varnholm closed for repairs\nLorries have to leave the city by the northern ring from Monday on. The "
    "mayor of Varnholm said that the steel cables of the old bridge were in worse condition than engineers thought. "
    "Repairs will take until spring and cost four million; shopkeepers on both banks fear for their trade."
)


def test_two_accounts_of_one_event_are_alike() -> None:
    assert likeness(featurize(FREED), featurize(RESCUE)) is not None


def test_news_from_one_town_about_two_things_is_not() -> None:
    assert likeness(featurize(FREED), featurize(BRIDGE)) is None


def test_texts_in_two_languages_are_not_compared() -> None:
    assert likeness(featurize(FREED, "en"), featurize(RESCUE, "fr")) is None


def test_a_handful_of_words_is_not_compared() -> None:
    assert likeness(featurize("Varnholm hostages free"), featurize(FREED)) is None


def test_length_alone_makes_no_two_texts_alike() -> None:
    one = "\n".join(text(number) for number in range(40))
    other = "\n".join(f"{FREED} {BRIDGE}" for _ in range(20))
    assert likeness(featurize(one), featurize(other)) is None


@given(st.sampled_from([FREED, RESCUE, BRIDGE, text(1), text(2)]), st.sampled_from([FREED, RESCUE, BRIDGE, text(3)]))
def test_likeness_is_symmetric(a: str, b: str) -> None:
    one, other = featurize(a), featurize(b)
    assert (likeness(one, other) is None) == (likeness(other, one) is None)


def test_one_rare_name_is_enough_to_be_found_by() -> None:
    others = [Item(f"s{number}", text(number), "en") for number in range(50)]
    verdicts = {v.id: v for v in cluster_batch([Item("a", FREED, "en"), Item("b", RESCUE, "en"), *others])}
    assert [kin.id for kin in verdicts["a"].related] == ["b"]
    assert verdicts["a"].cluster != verdicts["b"].cluster
