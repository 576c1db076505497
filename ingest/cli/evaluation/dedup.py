"""`ingest eval dedup`: precision, recall and F1 of pairs, within a language and across languages; related coverage.

The figures are those of `score.py` beside the evaluation data. Two texts of one pool but of different clusters are
not judged: they come from the same newspaper page or the same days and may well be about one thing. Pairs of notices
from one form are counted by themselves: joining them is wrong.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli.encoder import the_encoder
from ingest.cli.evaluation import related
from ingest.errors import BadInput
from ingest.settings import load

if TYPE_CHECKING:
    from ingest.dedup.embedding import Encoder

TASKS = {
    "mono": "near-duplicates",
    "natural": "near-duplicates",
    "cross": "cross-lingual",
    "cross-short": "cross-lingual",
}
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is known about one text."""

    id: str
    cluster: str
    group: str  # mono, natural, cross, cross-short, template or distractor
    pool: str  # "" where it stands in none


def dedup(
    data: Annotated[
        Path, typer.Option(help="Folder with docs.jsonl(.gz) and gold.jsonl, or one that holds it as dedup/.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Clustering: precision, recall and F1 of pairs, within and across languages; related coverage.

    What is related is measured by words alone, or with the encoder that `related_encoder` names.

    Example: ingest eval dedup --data eval/dedup
    """
    figures = figures_of(data, the_encoder(load()))
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        if not isinstance(value, dict):
            typer.echo(f"{name:36} {value}")
            continue
        typer.echo(name)
        for key, figure in value.items():
            typer.echo(f"    {key:32} {figure}")


def figures_of(data: Path, encoder: Encoder | None = None) -> dict[str, Any]:
    """The figures of the clusters that the texts of an evaluation folder fall into, and of what is shown as related.

    encoder: what related coverage is weighed by, too; None: words alone.
    """
    from ingest.dedup import Item, cluster_batch

    folder = data / "dedup" if (data / "dedup").is_dir() else data
    rows, labels = _read(folder, "docs.jsonl"), _read(folder, "gold.jsonl")
    gold = [Labelled(row["id"], row["cluster"], row["group"], row.get("pool") or "") for row in labels]
    texts = [Item(row["id"], row["text"], row.get("lang")) for row in rows]
    figures = score(gold, {verdict.id: verdict.cluster for verdict in cluster_batch(texts)})
    return figures | {f"related, half {half}": its for half, its in related.figures_of(rows, labels, encoder).items()}


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        lines = plain.read_text(encoding="utf-8")
    elif packed.is_file():
        lines = gzip.decompress(packed.read_bytes()).decode("utf-8")
    else:
        raise BadInput("--data", f"a folder with {name} or {name}.gz", str(folder))
    return [json.loads(line) for line in lines.split("\n") if line.strip()]


def score(gold: Sequence[Labelled], found: dict[str, Hashable]) -> dict[str, Any]:
    """Figures of found clusters by text; a text left out stands alone."""
    together: dict[Hashable, list[Labelled]] = defaultdict(list)
    stories: dict[str, list[Labelled]] = defaultdict(list)
    for label in gold:
        together[found.get(label.id, ("alone", label.id))].append(label)
        stories[label.cluster].append(label)
    wrong, templates, most = _wrong(together.values())
    figures: dict[str, Any] = {
        "false pairs": wrong,
        f"template pairs joined (of {_pairs(sum(label.group == TEMPLATE for label in gold))})": templates,
    }
    hit: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for members in stories.values():
        for a, b in combinations(members, 2):
            task = TASKS.get(a.group)
            if task is not None:
                every[task] += 1
                hit[task] += found.get(a.id, a) == found.get(b.id, b)
    for task in dict.fromkeys(TASKS.values()):
        figures[task] = _rates(hit[task], every[task], wrong)
    figures["all pairs"] = _rates(sum(hit.values()), sum(every.values()), wrong)
    figures["clusters of two or more"] = sum(len(members) > 1 for members in together.values())
    figures["largest cluster"] = max(map(len, together.values()), default=0)
    figures["judged stories in one cluster, at most"] = most
    return figures


def _wrong(together: Iterable[list[Labelled]]) -> tuple[int, int, int]:
    """Judged pairs of different stories, pairs of templates, and the most stories that stand wrongly in one cluster."""
    wrong = templates = most = 0
    for members in together:
        rest = [label for label in members if label.group != TEMPLATE]
        templates += _pairs(len(members) - len(rest))
        mixed = len(rest) * (len(members) - len(rest))
        bad = {
            label.cluster
            for a, b in combinations(rest, 2)
            if a.cluster != b.cluster and (not a.pool or a.pool != b.pool)
            for label in (a, b)
        }
        wrong += mixed + sum(
            a.cluster != b.cluster and (not a.pool or a.pool != b.pool) for a, b in combinations(rest, 2)
        )
        most = max(most, len(bad), 1 if rest else 0)
    return wrong, templates, most


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _rates(hit: int, every: int, wrong: int) -> dict[str, float]:
    precision = hit / (hit + wrong) if hit + wrong else 0.0
    recall = hit / max(1, every)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"pair precision": round(precision, 4), "pair recall": round(recall, 4), "pair F1": round(f1, 4)}
