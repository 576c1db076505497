"""Fit the line scorer: `ingest/extract/line_weights.json` from documents with labelled lines.

    python benchmarks/fit_lines.py DATA            cross-validate by site, then write the weights
    python benchmarks/fit_lines.py DATA --check    cross-validate only

DATA is a folder with `lines.jsonl` (one document a line: id, site, source, window, lines of {t, l, k}). The pages in
`benchmarks/pages`, which were written for this, are fitted with it, never judged. It needs LightGBM, which nothing
else here does: `pip install lightgbm` into an environment of its own. The fit is deterministic. The five documents
(`source` "seed") and the pages in `tests/eval/pages` are never fitted: they are tests.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from ingest.cli.evaluation.clean import MIN_SITE, VIEWS, text_report
from ingest.cli.evaluation.clean_metric import Line
from ingest.cli.evaluation.labelled import Document, read_documents
from ingest.extract.cleaner import Part, clean_lines
from ingest.extract.features import FEATURES, page_matrix
from ingest.extract.rules import builtin_rules
from ingest.extract.site_memory import DictSiteMemory, SiteMemory
from ingest.extract.wording import wording
from ingest.types import Block

WEIGHTS = Path(__file__).parents[1] / "ingest" / "extract" / "line_weights.json"
PAGES = Path(__file__).parent / "pages"
PAGES_WEIGHT = 0.25
"""What a written page counts beside one of the web. Text F1 of windows and whole dumps of the web, cross-validated by
site (means of three ways to share them out), with 240 pages that count .5: .964 and .946; with 200 more that all count
.5: .963 and .947; .25: .964 and .950. On 60 more, written apart and kept aside: .931 and .926; .942 and .931; .942 and
.927 (220 trees of 20 leaves). With 300 trees of 24 leaves windows gain another .001."""

FOLDS = 8
ROUNDS = 300
PARAMS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 24,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "verbosity": -1,
}
SCRAP_WEIGHT = 0.12
"""What a scrap of a document counts: some feeds have texts of a paragraph, without any furniture around."""

SHORT_WEIGHT = 0.6
"""What a document counts whose text was cut after one to four lines. Of the paragraphs of made pages that have two, and
a read-more link between them, 71 of 540 were lost without such documents, 9 are with them; text F1 of written pages
that nothing was fitted to, cut after three lines: .904 and .911; of their windows .946 and .947 (written pages
counted .4 without them)."""

NEAR = 25
"""Lines around the article that are all used; of the furniture further away one line in four, four times as heavy."""

FURNITURE_LIKE = ("title", "metadata", "caption")
"""Kinds of unscored lines that count as furniture, lightly: the article's text is better off without them."""


@dataclass(frozen=True)
class View:
    """Some of a document's lines as one training page."""

    document: int
    weight: float
    matrix: NDArray[np.float32]
    target: NDArray[np.float64]
    importance: NDArray[np.float64]


def views_of(documents: Iterable[Document]) -> list[View]:
    """Each document whole, as its window, as a random stretch around the article, in three scraps, and cut short."""
    rng = random.Random(1)
    return [view for number, document in enumerate(documents) for view in _views(number, document, rng)]


def _views(number: int, document: Document, rng: random.Random) -> Iterator[View]:
    lines = [wording(line.text) for line in document.lines]
    hits = [builtin_rules().match(line) for line in lines]
    window = range(*document.window)
    wide = range(max(0, window.start - rng.randint(0, 30)), min(len(lines), window.stop + rng.randint(0, 30)))
    stretches = [(range(len(lines)), 1.0), (window, 1.0), (wide, 0.5)]
    for places, weight in (*stretches, *_scraps(document, rng), *_shortened(document, rng)):
        target, importance = _labels(document, places, rng, thin=places != window)
        matrix = page_matrix([lines[place] for place in places], [hits[place] for place in places])
        yield View(number, weight, matrix, target, importance)


def _scraps(document: Document, rng: random.Random) -> Iterator[tuple[Sequence[int], float]]:
    """Places of one to four lines that follow each other, of the text and of the furniture, as short texts are."""
    for label in "ccb":
        places = [place for place, line in enumerate(document.lines) if line.label == label]
        if places:
            start = rng.choice(places)
            yield range(start, min(len(document.lines), start + rng.randint(1, 4))), SCRAP_WEIGHT


def _shortened(document: Document, rng: random.Random) -> Iterator[tuple[Sequence[int], float]]:
    """Places of the first few lines of the text and of what stands among them and around the whole: a short article."""
    text = [place for place, line in enumerate(document.lines) if line.label == "c"]
    for _ in range(2):
        if len(text) > 1:
            last = text[min(len(text), rng.randint(1, 4)) - 1]
            before = range(max(0, text[0] - rng.randint(0, 4)), last + 1)
            behind = range(text[-1] + 1, min(len(document.lines), text[-1] + 1 + rng.randint(0, 6)))
            yield [*before, *behind], SHORT_WEIGHT


def _labels(
    document: Document, places: Sequence[int], rng: random.Random, *, thin: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lines = [document.lines[place] for place in places]
    target = np.array([float(line.label == "c") for line in lines])
    importance = np.array([1.0 if line.label in "cb" else 0.3 * (line.kind in FURNITURE_LIKE) for line in lines])
    importance *= 0.6 + 0.4 * np.minimum(400, [len(line.text) for line in lines]) / 120
    importance *= (60 / max(1.0, float((importance > 0).sum()))) ** 0.5  # a page of 2,000 lines is one page
    if thin:
        first, end = document.window
        far = np.array([not first - NEAR <= place < end + NEAR for place in places]) & (target == 0)
        kept = np.array([rng.random() < 0.25 for _ in places])
        importance = np.where(far, np.where(kept, importance * 4, 0), importance)
    return target, importance


def views_of_pages() -> list[View]:
    """The pages that were written for the fit."""
    return [replace(view, weight=view.weight * PAGES_WEIGHT) for view in views_of(read_documents(PAGES))]


def fit(views: Iterable[View]) -> Any:
    """The boosted trees of these views."""
    chosen = list(views)
    matrix = np.vstack([view.matrix for view in chosen])
    target = np.concatenate([view.target for view in chosen])
    importance = np.concatenate([view.importance * view.weight for view in chosen])
    used = importance > 0
    data = lightgbm.Dataset(matrix[used], target[used], weight=importance[used])
    return lightgbm.train(PARAMS, data, ROUNDS)


def fold_of(sites: Iterable[str], folds: int, seed: int = 3) -> dict[str, int]:
    """The number of the fold that each site falls into."""
    shuffled = sorted(sites)
    random.Random(seed).shuffle(shuffled)
    return {site: number % folds for number, site in enumerate(shuffled)}


def trees_by_site(
    documents: Sequence[Document], views: Sequence[View], pages: Sequence[View], seed: int = 3
) -> dict[str, Any]:
    """For each site trees that never saw it; the written pages are in all of them."""
    fold = fold_of({document.site for document in documents}, FOLDS, seed)
    trees = [
        fit([*(view for view in views if fold[documents[view.document].site] != number), *pages])
        for number in range(FOLDS)
    ]
    return {site: trees[number] for site, number in fold.items()}


def cross_validated(documents: Sequence[Document], trees: Mapping[str, Any], view: str) -> dict[str, set[int]]:
    """Lines kept of each document, each site judged by trees that never saw it."""
    return {document.id: _kept(_blocks(document.view(view), trees[document.site])) for document in documents}


def with_memory(documents: Sequence[Document], trees: Mapping[str, Any]) -> Iterator[str]:
    """Documents of sites that have enough of them, each site by trees that never saw it: without memory, and with all
    the site's other documents remembered.
    """
    count = Counter(document.site for document in documents)
    chosen = [document for document in documents if count[document.site] >= MIN_SITE]
    whole = {document.id: _blocks(document.lines, trees[document.site]) for document in chosen}
    for view in VIEWS:
        on = {}
        for document in chosen:
            memory = DictSiteMemory()
            for other in chosen:
                if other.site == document.site and other.id != document.id:
                    memory.learn(other.site, other.id, whole[other.id])
            on[document.id] = _kept(_blocks(document.view(view), trees[document.site], document.site, memory))
        for name, kept in (("off", cross_validated(chosen, trees, view)), ("on", on)):
            yield f"site memory {name}\n{text_report(chosen, view, kept)}"


def _blocks(
    lines: Sequence[Line], booster: Any, site: str | None = None, memory: SiteMemory | None = None
) -> tuple[Block, ...]:
    parts = [Part(line.text, number) for number, line in enumerate(lines)]
    return clean_lines(
        parts,
        site=site,
        memory=memory,
        score=lambda wordings, hits: booster.predict(page_matrix(wordings, hits)).tolist(),
    ).blocks


def _kept(blocks: Iterable[Block]) -> set[int]:
    return {block.line for block in blocks if block.kept and block.line is not None}


def as_json(booster: Any, features: Sequence[str]) -> dict[str, Any]:
    """The trees in the form that `ingest.extract.score` reads."""
    trees = [_tree(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    return {"features": list(features), "base": 0.0, "trees": trees}


def _tree(root: dict[str, Any]) -> dict[str, Any]:
    splits: list[list[float]] = []
    leaves: list[float] = []

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            leaves.append(round(node["leaf_value"], 4))
            return -len(leaves)
        place = len(splits)
        splits.append([node["split_feature"], float(f"{node['threshold']:.5g}"), 0, 0])
        splits[place][2] = add(node["left_child"])
        splits[place][3] = add(node["right_child"])
        return place

    add(root)
    return {"split": splits, "leaf": leaves}


def write_weights(path: Path, weights: dict[str, Any]) -> None:
    """One tree a line, so that a new fit can be read as a difference."""
    trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in weights["trees"])
    head = json.dumps({key: weights[key] for key in ("features", "base")}, separators=(",", ":"))[:-1]
    path.write_text(f'{head},\n"trees":[\n{trees}\n]}}\n', "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="cross-validate only")
    parser.add_argument("--seeds", type=int, default=1, help="how many ways to share the sites out")
    arguments = parser.parse_args()
    documents = [one for one in read_documents(arguments.data) if one.source != "seed"]
    views, pages = views_of(documents), views_of_pages()
    for seed in range(3, 3 + arguments.seeds):
        trees = trees_by_site(documents, views, pages, seed)
        for view in VIEWS:
            print(text_report(documents, view, cross_validated(documents, trees, view)))
        for report in with_memory(documents, trees):
            print(report)
    if not arguments.check:
        write_weights(WEIGHTS, as_json(fit([*views, *pages]), FEATURES))
        print(f"{WEIGHTS}: {ROUNDS} trees, {WEIGHTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
