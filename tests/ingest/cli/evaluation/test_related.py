"""The list of judged pairs: what it says of itself, and how what is shown is counted."""

from __future__ import annotations

from ingest.cli.evaluation.related import figures_of, judged, named


def test_no_pair_is_judged_twice() -> None:
    known = judged()
    assert not known.pairs & known.near
    assert not known.unsure & (known.pairs | known.near)


def test_each_half_has_forty_pairs_and_forty_near_misses() -> None:
    known = judged()
    for half in ("choose", "report"):
        mine = {text for text, its in known.half.items() if its == half}
        assert sum(pair <= mine for pair in known.pairs) >= 40
        assert sum(pair <= mine for pair in known.near) >= 40


def test_what_hangs_together_stands_in_one_half() -> None:
    known = judged()
    for pair in known.pairs | known.near | known.unsure:
        assert len({known.half[text] for text in pair}) == 1


def test_both_accounts_of_an_event_are_of_the_same_days() -> None:
    known = judged()
    assert not [pair for pair in known.pairs if known.dated_apart(pair)]
    assert any(known.dated_apart(pair) for pair in known.near)


def test_sources_are_named_as_in_the_list() -> None:
    assert named("wmt09:12-40") == "WMT newstest 2009"
    assert named("wmt17/en-fi") == "WMT newstest 2017"
    assert named("ag_news") == "AG news"


def test_other_texts_give_no_figures() -> None:
    assert figures_of([{"id": "x", "lang": "en", "text": "A text."}], []) == {}


def test_accounts_made_alike_are_counted_as_found() -> None:
    known = judged()
    text: dict[str, str] = {}
    for number, pair in enumerate(sorted(map(sorted, known.pairs))):
        for one in pair:
            text.setdefault(one, f"Item {one} has words of its own like w{one}x w{one}y w{one}z and of both:")
            text[one] += " " + " ".join(f"Name{number}q{k}" for k in range(12))
    for one in known.half:
        text.setdefault(one, f"Nothing here but w{one}a w{one}b w{one}c w{one}d w{one}e w{one}f w{one}g w{one}h.")
    rows = [{"id": one, "lang": "en", "text": its} for one, its in text.items()]
    gold = [{"id": one, "cluster": one, "group": "distractor", "src": "ag_news"} for one in text]
    for figures in figures_of(rows, gold).values():
        assert figures["among the set: P"] == 1.0, figures
        assert figures["among the set: R"] >= 0.95, figures
        assert figures["near misses shown"] == 0
