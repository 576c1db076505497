"""Floods make no cluster of strangers and end in bounded time."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest

from ingest.dedup import Item, cluster_batch
from tests.ingest.dedup.news import NAMES, OBJECTS, PLACES, SUBJECTS, VERBS, text

SECONDS = 240.0  # of processor time for 10,000 items: ten times what it takes

FLOODS = pytest.mark.parametrize(
    "count",
    [
        pytest.param(1_000, marks=pytest.mark.slow),
        pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)]),  # its bound is in `bounded`
    ],
)


def bounded(items: list[Item]) -> dict[str, str]:
    """The cluster of each item, found in time."""
    start = time.process_time()
    found = {verdict.id: verdict.cluster for verdict in cluster_batch(items)}
    assert time.process_time() - start < SECONDS
    return found


def sizes(found: dict[str, str]) -> list[int]:
    counts: dict[str, int] = {}
    for cluster in found.values():
        counts[cluster] = counts.get(cluster, 0) + 1
    return sorted(counts.values(), reverse=True)


def notice(number: int) -> str:
    rng = random.Random(number)
    company = "".join(rng.choice("bcdfglmnprstvz") + rng.choice("aeiou") for _ in range(4)).capitalize()
    return (
        f"{company} shares closed at {rng.randrange(3, 900)} euros on day {rng.randrange(1, 31)}, "
        f"up {rng.randrange(1, 9)} percent from the previous session. "
        f"The benchmark index ended the day at {rng.randrange(1000, 9999)} points. "
        f"Trading volume reached {rng.randrange(10_000, 99_999)} shares. "
        f"Analysts expect {company} to publish quarterly "
        f"results in week {rng.randrange(1, 53)}. The stock has lost {rng.randrange(1, 60)} percent since January."
    )


@FLOODS
def test_notices_of_one_form_stay_apart(count: int) -> None:
    found = bounded([Item(str(n), notice(n), "en") for n in range(count)])
    assert sizes(found)[0] <= 2
    assert len(set(found.values())) >= 0.995 * count


@FLOODS
def test_single_sentences_stay_apart(count: int) -> None:
    rng = random.Random(3)
    lines = [
        f"The {rng.choice(SUBJECTS)} of {rng.choice(PLACES)} {rng.choice(VERBS)} the {rng.choice(OBJECTS)} that "
        f"{rng.choice(NAMES)} and {rng.choice(NAMES)} had planned for {rng.randrange(1900, 2100)}."
        for _ in range(count)
    ]
    found = bounded([Item(str(n), line, "en") for n, line in enumerate(lines)])
    assert sizes(found)[0] <= 8


@FLOODS
def test_one_text_over_and_over_is_one_cluster(count: int) -> None:
    tracemalloc.start()
    found = bounded([Item(str(n), text(1), "en") for n in range(count)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes(found) == [count]
    assert peak < 300e6


@pytest.mark.parametrize("body", ["", " ", "x", "Video", "\n\n\n", "¶" * 5000, "1 2 3"])
def test_texts_that_say_nothing_stand_alone(body: str) -> None:
    found = bounded([Item(str(n), body, "en") for n in range(50)])
    assert len(set(found.values())) == 50


def test_megabytes_are_compared_in_time() -> None:
    huge = [text(n, 40) * 300 for n in (1, 1, 2)]
    assert min(map(len, huge)) > 1_000_000
    found = bounded([Item(str(n), body, "en") for n, body in enumerate(huge)])
    assert found == {"0": "0", "1": "0", "2": "2"}


def test_one_word_a_hundred_thousand_times_is_read_in_time() -> None:
    assert bounded([Item("a", "buffalo " * 100_000, "en"), Item("b", "ab" * 500_000, "en")]) == {"a": "a", "b": "b"}
