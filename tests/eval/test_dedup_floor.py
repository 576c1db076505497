"""Floors under the quality of clustering: a change that sinks one fails here.

INGEST_EVAL_DATA names the folder that holds dedup/; without it the same measures run on stories made here, with
copies, teasers, translations' worth of rewording, and notices from one form.
"""

from __future__ import annotations

import json
import os
import random
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ingest.cli.evaluation.dedup import Labelled, figures_of, score
from ingest.dedup import Item, cluster_batch
from models import minilm
from tests.ingest.dedup.news import edited, story, text

DATA = Path(os.environ["INGEST_EVAL_DATA"]) / "dedup" if "INGEST_EVAL_DATA" in os.environ else None
EVENTS = Path(__file__).parents[1] / "data" / "dedup" / "events.jsonl"

needs_data = pytest.mark.skipif(DATA is None or not DATA.is_dir(), reason="INGEST_EVAL_DATA has no dedup/")


@needs_data
@pytest.mark.slow
def test_clusters_of_the_development_data_stay_above_their_floors() -> None:
    assert DATA is not None
    figures = figures_of(DATA)
    assert figures["near-duplicates"]["pair precision"] >= 0.995  # 1.000 when this was written
    assert figures["near-duplicates"]["pair F1"] >= 0.985  # .994
    assert figures["cross-lingual"]["pair precision"] >= 0.995  # 1.000
    assert figures["cross-lingual"]["pair F1"] >= 0.980  # .985
    assert figures["template pairs joined (of 861)"] <= 2  # 0
    assert figures["judged stories in one cluster, at most"] <= 2  # 1
    for half, among_set, among_strangers in (("choose", 0.77, 0.725), ("report", 0.76, 0.71)):
        related = figures[f"related, half {half}"]  # .781 and .739, .774 and .726
        assert related["among the set: F1"] >= among_set, related
        assert related["among strangers, too: F1"] >= among_strangers, related


@needs_data
@pytest.mark.long
@pytest.mark.skipif("INGEST_RELATED_ENCODER" not in os.environ, reason="INGEST_RELATED_ENCODER names no model")
def test_related_coverage_with_an_encoder_stays_above_its_floors() -> None:
    assert DATA is not None
    figures = figures_of(DATA, minilm.load(Path(os.environ["INGEST_RELATED_ENCODER"])))
    for half, among_set, among_strangers in (("choose", 0.86, 0.79), ("report", 0.845, 0.765)):
        related = figures[f"related, half {half}"]  # .872 and .803, .857 and .780
        assert related["among the set: F1"] >= among_set, related
        assert related["among strangers, too: F1"] >= among_strangers, related


def test_made_stories_are_found_and_kept_apart() -> None:
    rng = random.Random(5)
    gold, items = [], []
    for number in range(60):
        texts = [text(number), edited(number, 1), edited(number, 2), text(number).replace('"', "”").replace(".", " .")]
        texts.append(" ".join(rng.sample(story(number)[:5], 3)))
        for copy, body in enumerate(texts):
            gold.append(Labelled(f"{number}/{copy}", str(number), "mono", ""))
            items.append(Item(f"{number}/{copy}", body, "en"))
    for number, body in enumerate(notices(40)):
        gold.append(Labelled(f"n{number}", f"n{number}", "template", ""))
        items.append(Item(f"n{number}", body, "en"))
    rng.shuffle(items)
    figures = score(gold, {verdict.id: verdict.cluster for verdict in cluster_batch(items)})
    assert figures["false pairs"] == 0
    assert figures["template pairs joined (of 780)"] == 0
    assert figures["near-duplicates"]["pair F1"] >= 0.95, figures


def notices(count: int) -> list[str]:
    """Weather notices filled in from one form."""
    rng = random.Random(9)
    towns = [
        f"{a}{b}"
        for a in ("Nor", "Sud", "Ost", "West", "Alt", "Neu", "Grun", "Wald")
        for b in ("heim", "berg", "au", "furt", "dorf")
    ]
    winds = ("north", "south", "east", "west", "north-east")
    return [
        f"Weather in {town}: Tomorrow the sky over {town} stays mostly cloudy until {rng.randrange(6, 12)} o'clock. "
        f"Temperatures reach {rng.randrange(2, 31)} degrees in the afternoon and fall to {rng.randrange(-9, 2)} at "
        f"night. A moderate wind blows from the {rng.choice(winds)} at {rng.randrange(5, 60)} kilometres an hour. The "
        f"probability of rain is {rng.randrange(5, 95)} per cent. The outlook for {town} remains changeable."
        for town in towns[:count]
    ]  # fmt: skip


def related_f1(events: list[dict[str, Any]]) -> float:
    """F1 of what is shown as related among accounts of events; none of them may be taken for a copy."""
    items = [Item(f"{e['event']}/{side}", e[side], "en") for e in events for side in ("a", "b")]
    verdicts = {verdict.id: verdict for verdict in cluster_batch(items)}
    assert all(verdict.cluster == verdict.id for verdict in verdicts.values()), "no account is a copy"
    found = {frozenset((one, kin.id)) for one, verdict in verdicts.items() for kin in verdict.related}
    true = {frozenset((f"{e['event']}/a", f"{e['event']}/b")) for e in events if not e.get("apart")}
    return 2 * len(found & true) / (len(found) + len(true))


def test_accounts_of_one_event_are_related_and_never_one_cluster() -> None:
    events = [json.loads(line) for line in EVENTS.read_text(encoding="utf-8").splitlines()]
    assert related_f1(events[:40]) >= 0.95  # invented events; .961 when this was written
    assert related_f1(events) >= 0.79  # and sixteen public ones that share little but names, ten near misses: .792


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_the_input_changes_no_cluster(seed: int) -> None:
    items = [
        Item(f"{n}/{k}", body, "en") for n in range(25) for k, body in enumerate((text(n), edited(n, 1), edited(n, 2)))
    ]
    items += [Item(f"n{n}", body, "en") for n, body in enumerate(notices(30))]
    shuffled = items[:]
    random.Random(seed).shuffle(shuffled)
    assert together(items) == together(shuffled)


def together(items: list[Item]) -> set[tuple[str, str]]:
    """The pairs that stand in one cluster."""
    clusters: dict[str, list[str]] = {}
    for verdict in cluster_batch(items):
        clusters.setdefault(verdict.cluster, []).append(verdict.id)
    return {(a, b) for members in clusters.values() for a, b in combinations(sorted(members), 2)}
