"""Fit what tells a headline: `ingest/extract/headline_weights.json` from documents with labelled lines.

    python benchmarks/fit_headline.py DATA            cross-validate by site, then write the weights
    python benchmarks/fit_headline.py DATA --check    cross-validate only

DATA is a folder with `lines.jsonl`, in which headlines are lines of the kind "title". One of the lines above the text
is chosen, by a conditional logit (McFadden 1974) with a little ridge, or none. The pages in `benchmarks/pages` and
`tests/eval/pages` are judged only: there any line that is not scored counts as right, be it a byline or a caption.
It needs what `fit_lines.py` needs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fit_lines import PAGES, fold_of
from numpy.typing import NDArray

from ingest.cli.evaluation.clean import VIEWS
from ingest.cli.evaluation.clean_metric import Line
from ingest.cli.evaluation.labelled import Document, read_documents
from ingest.extract.cleaner import KEEP
from ingest.extract.headline import HeadlineWeights, candidates, first_paragraph, traits
from ingest.extract.rules import builtin_rules
from ingest.extract.score import score_lines
from ingest.extract.wording import wording

WEIGHTS = Path(__file__).parents[1] / "ingest" / "extract" / "headline_weights.json"
HELD_OUT = Path(__file__).parents[1] / "tests" / "eval" / "pages"
FOLDS = 5
STEPS, RATE, RIDGE = 400, 0.5, 1.0
WRONG = 0.25


@dataclass(frozen=True)
class Choice:
    """The lines of a view that may be its headline, and which of them are."""

    site: str
    view: str
    traits: tuple[dict[str, float], ...]
    right: tuple[bool, ...]
    has_one: bool

    @property
    def matrix(self) -> NDArray[np.float64]:
        """One row a line, one column a trait."""
        return np.array([list(one.values()) for one in self.traits])


def choices(documents: Iterable[Document], is_right: Callable[[Line], bool]) -> list[Choice]:
    """What each view of each document leaves to choose from; views without a line above the text are left out."""
    found = []
    for document in documents:
        for view in VIEWS:
            labelled = document.view(view)
            lines = [wording(line.text) for line in labelled]
            hits = [builtin_rules().match(line) for line in lines]
            scores = score_lines(lines, hits)
            ruled = [hit is not None and hit.decides for hit in hits]
            kept = [score >= KEEP and not taken for score, taken in zip(scores, ruled, strict=True)]
            lead = first_paragraph(lines, kept)
            places = [place for place in candidates(lines, lead or 0, scores) if not ruled[place]]
            if places:
                right = tuple(is_right(labelled[place]) for place in places)
                spoken = tuple(traits(lines, kept, scores, places))
                found.append(Choice(document.site, view, spoken, right, any(map(is_right, labelled))))
    return found


def fit(chosen: Sequence[Choice]) -> HeadlineWeights:
    """The weights under which the right choices are most likely, and the sum that parts most right from wrong ones."""
    used = [one for one in chosen if any(one.right)]
    stacked = np.vstack([one.matrix for one in used])
    mean, spread = stacked.mean(axis=0), stacked.std(axis=0) + 1e-6
    rows = [((one.matrix - mean) / spread, np.array(one.right) / sum(one.right)) for one in used]
    weights = np.zeros(stacked.shape[1])
    for _ in range(STEPS):
        slope = -RIDGE * weights / len(rows)
        for matrix, wanted in rows:
            odds = matrix @ weights
            likely = np.exp(odds - odds.max())
            slope += (wanted - likely / likely.sum()) @ matrix / len(rows)
        weights += RATE * slope
    names = list(used[0].traits[0])
    of = {name: round(float(weight), 2) for name, weight in zip(names, weights / spread, strict=True)}
    return HeadlineWeights(of, _least(chosen, HeadlineWeights(of, 0.0)))


def _least(chosen: Sequence[Choice], weights: HeadlineWeights) -> float:
    """The sum from which on choices are worth it: a wrong one costs WRONG of what a right one is worth."""
    best = []
    for one in chosen:
        judged = [weights.judge(traits) for traits in one.traits]
        place = int(np.argmax(judged))
        best.append((judged[place], 1.0 if one.right[place] else -WRONG))
    best.sort(reverse=True)
    gained = np.cumsum([gain for _, gain in best])
    return round(best[int(np.argmax(gained))][0] - 0.005, 2)


def report(name: str, chosen: Sequence[Choice], weights_of: Callable[[Choice], HeadlineWeights]) -> None:
    """Print how many headlines are found, missed and wrong, a row a view."""
    for view in VIEWS:
        ends: Counter[str] = Counter()
        for one in chosen:
            if one.view == view:
                ends[_ended(one, weights_of(one))] += 1
        print(f"{name:<24} {view:<7} " + "  ".join(f"{end} {count}" for end, count in sorted(ends.items())))


def _ended(one: Choice, weights: HeadlineWeights) -> str:
    judged = [weights.judge(traits) for traits in one.traits]
    best = int(np.argmax(judged))
    if judged[best] < weights.least:
        return "missed" if one.has_one else "rightly none"
    if one.right[best]:
        return "found"
    return "wrong" if one.has_one else "wrong, there is none"


def is_title(line: Line) -> bool:
    """A headline, as the data says."""
    return line.kind == "title"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="cross-validate only")
    arguments = parser.parse_args()
    chosen = choices((one for one in read_documents(arguments.data) if one.source != "seed"), is_title)
    fold = fold_of({one.site for one in chosen}, FOLDS)
    folds = [fit([one for one in chosen if fold[one.site] != number]) for number in range(FOLDS)]
    report("cross-validated by site", chosen, lambda one: folds[fold[one.site]])
    weights = fit(chosen)
    written = [*read_documents(PAGES), *read_documents(HELD_OUT)]
    report("written pages", choices(written, lambda line: line.label == "n"), lambda one: weights)
    if not arguments.check:
        as_read: dict[str, Any] = {"least": weights.least, "of": dict(weights.of)}
        WEIGHTS.write_text(json.dumps(as_read, indent=1) + "\n", "utf-8")
        print(WEIGHTS)


if __name__ == "__main__":
    main()
