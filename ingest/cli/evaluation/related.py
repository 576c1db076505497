"""Related coverage, measured: independent accounts of one event, near misses, and everything else of the same days.

`accounts.jsonl` names texts of the evaluation folder by id only, for their licences do not allow them to be shipped:

    event    texts that tell of one event, by different papers or agencies: every two of them are a pair
    apart    texts of the same people, place or sort of thing that tell of different events: every two a near miss
    unsure   two texts of one story going on, another day or development: neither right nor wrong, not judged
    day      of some texts, by the public record of their event: near misses of other weeks are told apart by it

The texts: newstest 2009 to 2018 of WMT (pieces of newspaper pages of the same few days; other years only as near
misses and strangers) and AG's news (items of agencies, August to December 2004). Each pair was read three times: when
it was written down, and by two readers who knew neither that judgement nor the rule nor its scores, mixed with 115
pairs nobody had named. These two agree on 415 of 434 (Cohen's kappa .93); what two of the three say counts. By that
18 pairs were added, three are unsure, and so are 53 that were near misses: developments of one story. Candidates came
from five rankings that differ from ours (words, capitalised words, numbers, headlines, first five letters of the
words), drawn at random from the best of each, and from reading through the headlines of newstest; translations of one
text, parts of one article and items that share a quarter of their word triples were left out.

Half of the events, with all that hangs together with them, is for choosing (`choose`); no setting is chosen by the
other (`report`). Strangers are all other English texts, one a story: with a text of another year's news nobody tells
of one event, so what is shown of them is wrong. Undated texts count as of one day, as hard as it can be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.dedup.embedding import Encoder

Pair = frozenset[str]


@dataclass(slots=True)
class Judged:
    """What is known about pairs of texts, by id."""

    half: dict[str, str] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)
    day: dict[str, datetime] = field(default_factory=dict)
    pairs: set[Pair] = field(default_factory=set)
    near: set[Pair] = field(default_factory=set)
    unsure: set[Pair] = field(default_factory=set)

    def dated_apart(self, pair: Pair) -> bool:
        """Whether both texts have a day, and these differ by more than a few."""
        from ingest.dedup.related import WINDOW

        days = [self.day[text] for text in pair if text in self.day]
        return len(days) == 2 and abs(days[0] - days[1]) > WINDOW


def judged() -> Judged:
    """The pairs that come with the package."""
    known = Judged()
    kinds = {"event": known.pairs, "apart": known.near, "unsure": known.unsure}
    lines = resources.files("ingest.cli.evaluation").joinpath("accounts.jsonl").read_text(encoding="utf-8")
    for row in map(json.loads, lines.splitlines()):
        texts = row["texts"]
        if "day" in row:
            known.day |= dict.fromkeys(texts, datetime.fromisoformat(row["day"]).replace(tzinfo=UTC))
            continue
        known.half |= dict.fromkeys(texts, row["half"])
        known.source |= dict.fromkeys(texts, row["source"])
        for kind, pairs in kinds.items():
            if kind in row:
                pairs |= {frozenset(pair) for pair in combinations(texts, 2)}
    return known


@dataclass(frozen=True, slots=True)
class Shown:
    """What clustering said: the pairs shown as related, and those that stand in one cluster."""

    related: frozenset[Pair]
    together: frozenset[Pair]  # of one cluster: a reader sees them side by side, too


def shown(texts: Sequence[tuple[str, str]], days: dict[str, datetime], encoder: Encoder | None = None) -> Shown:
    """What clustering says about English texts: (id, text) each."""
    from ingest.dedup import Item, cluster_batch

    verdicts = cluster_batch([Item(key, text, "en", days.get(key)) for key, text in texts], encoder=encoder)
    pairs = {frozenset((verdict.id, kin.id)) for verdict in verdicts for kin in verdict.related}
    clusters: dict[str, list[str]] = {}
    for verdict in verdicts:
        clusters.setdefault(verdict.cluster, []).append(verdict.id)
    together = {frozenset(pair) for members in clusters.values() for pair in combinations(members, 2)}
    return Shown(frozenset(pairs), frozenset(together))


def figures_of(
    rows: Iterable[dict[str, Any]], gold: Iterable[dict[str, Any]], encoder: Encoder | None = None
) -> dict[str, dict[str, Any]]:
    """The figures of each half on the texts of an evaluation folder; nothing where it holds other texts."""
    known = judged()
    english = {row["id"]: row["text"] for row in rows if row.get("lang") == "en"}
    if not known.half.keys() <= english.keys():
        return {}
    source: dict[str, str] = dict(known.source)
    story: dict[str, str] = {}
    gold = list(gold)
    taken = {row["cluster"] for row in gold if row["id"] in known.half}
    for row in sorted(gold, key=lambda row: str(row["id"])):
        if row["id"] in english and row["cluster"] not in taken and row["group"] != "template":
            taken.add(row["cluster"])
            story[row["id"]] = named(row["src"])
    source |= story
    found = shown([(key, english[key]) for key in sorted(source)], known.day, encoder)
    return {half: _figures(known, found, source, half) for half in ("choose", "report")}


def named(src: str) -> str:
    """What a text's source is called in `accounts.jsonl`: its year's news."""
    first = src.split("/")[0].split(":")[0]
    return f"WMT newstest 20{first[3:]}" if first.startswith("wmt") else first.replace("ag_news", "AG news")


def _figures(known: Judged, found: Shown, source: dict[str, str], half: str) -> dict[str, Any]:
    mine = {text for text, its in known.half.items() if its == half}
    pairs, near = ({pair for pair in some if pair <= mine} for some in (known.pairs, known.near))
    same_days = {pair for pair in near if not known.dated_apart(pair)}
    said = found.related | found.together
    hit = pairs & said
    wrong = {pair for pair in said - known.pairs - known.unsure if pair <= mine}
    strange = {
        pair
        for pair in said
        if len(pair & mine) == 1 and not (pair - mine) & known.half.keys() and len({source[t] for t in pair}) == 2
    }
    return {
        "pairs": len(pairs),
        "near misses of the same days": len(same_days),
        "near misses of other weeks": len(near) - len(same_days),
        "strangers": len(source) - len(known.half),
        **_rates("among the set", len(hit), len(pairs), len(wrong)),
        **_rates("among strangers, too", len(hit), len(pairs), len(wrong) + len(strange)),
        **_rates("agency items", *(len(_of(some, source, agency=True)) for some in (hit, pairs, wrong))),
        **_rates("newspapers", *(len(_of(some, source)) for some in (hit, pairs, wrong))),
        "near misses shown": len(wrong & near),
    }


def _of(pairs: set[Pair], source: dict[str, str], *, agency: bool = False) -> set[Pair]:
    """Those of pairs of the set that are items of agencies, or of newspapers."""
    return {pair for pair in pairs if (source[min(pair)] == "AG news") == agency}


def _rates(name: str, hit: int, every: int, wrong: int) -> dict[str, float]:
    precision, recall = hit / max(1, hit + wrong), hit / max(1, every)
    f1 = 2 * hit / max(1, hit + wrong + every)
    return {f"{name}: {what}": round(x, 3) for what, x in (("P", precision), ("R", recall), ("F1", f1))}
