"""Fit the page scorer: `ingest/extract/page_weights.json` from HTML pages with gold text.

    python benchmarks/fit_pages.py DATA            cross-validate by site, then write the weights
    python benchmarks/fit_pages.py DATA --check    cross-validate only

DATA holds pages.jsonl, gold/ and html/ (or html.tar.xz). LightGBM as in `fit_lines.py`. A line of a page is article
text where the gold text has it, in its place; headlines, captions and the like (`optional`) are not fitted.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from fit_lines import PARAMS, as_json, write_weights
from numpy.typing import NDArray

from ingest.cli.evaluation.clean import data_folder, read_pages
from ingest.cli.evaluation.clean_metric import Shares, shares, summary
from ingest.extract.cleaner import Part, clean_lines
from ingest.extract.html import look_at, stretch
from ingest.extract.linear import HtmlLine
from ingest.extract.page_features import PAGE_FEATURES, html_matrix
from ingest.extract.rules import builtin_rules, wording
from ingest.extract.vote import votes
from ingest.types import BlockKind

WEIGHTS = Path(__file__).parents[1] / "ingest" / "extract" / "page_weights.json"
FOLDS = 5
ROUNDS = 120


@dataclass
class Sample:
    """One page, looked at once."""

    id: str
    lang: str
    site: str
    gold: str
    optional: str
    lines: list[HtmlLine]
    matrix: NDArray[np.float32]
    target: NDArray[np.float64]
    importance: NDArray[np.float64]


def read_samples(folder: Path) -> list[Sample]:
    """Every page with the features of its lines and what the gold text says of them."""
    samples = []
    for row, html in read_pages(folder):
        gold = (folder / "gold" / f"{row['id']}.txt").read_text("utf-8")
        looked = look_at(html.decode("utf-8", "replace"), row["url"])
        assert looked is not None
        start, end = stretch(looked.votes)
        page = looked.lines[start:end]
        lines = [wording(line.text) for line in page]
        hits = [builtin_rules().match(line) for line in lines]
        matrix = html_matrix(page, lines, hits, looked.votes[start:end])
        told = np.array(votes(looked.lines, [gold, row["optional"]]), dtype=float)[start:end]
        size = np.minimum(400, [len(line.text) for line in page])
        importance = (0.4 + 0.6 * size / 120) * ((told[:, 0] > 0) | (told[:, 1] == 0))
        importance *= (80 / max(1, len(lines))) ** 0.5
        samples.append(
            Sample(row["id"], row["lang"], row["site"], gold, row["optional"], page, matrix, told[:, 0], importance)
        )
    return samples


def fit(samples: Iterable[Sample]) -> Any:
    """The boosted trees of these pages."""
    chosen = list(samples)
    data = lightgbm.Dataset(
        np.vstack([sample.matrix for sample in chosen]),
        np.concatenate([sample.target for sample in chosen]),
        weight=np.concatenate([sample.importance for sample in chosen]),
    )
    return lightgbm.train(PARAMS, data, ROUNDS)


def cross_validated(samples: Sequence[Sample]) -> dict[str, NDArray[np.float64]]:
    """The probability of each line of each page, by trees that never saw its site."""
    sites = sorted({sample.site for sample in samples})
    random.Random(3).shuffle(sites)
    fold = {site: number % FOLDS for number, site in enumerate(sites)}
    found = {}
    for number in range(FOLDS):
        booster = fit(sample for sample in samples if fold[sample.site] != number)
        for sample in samples:
            if fold[sample.site] == number:
                found[sample.id] = booster.predict(sample.matrix)
    return found


def cleaned_text(sample: Sample, p: NDArray[np.float64]) -> str:
    """The page's text as extraction would give it with these probabilities."""
    parts = [Part(line.text, None, line.kind, float(one)) for line, one in zip(sample.lines, p, strict=True)]
    blocks = clean_lines(parts).blocks
    return "\n".join(block.text for block in blocks if block.kept and block.kind is not BlockKind.CAPTION)


def report(samples: Sequence[Sample], texts: dict[str, str]) -> str:
    """Precision, recall, F1 and pages under .8, by language."""
    groups: dict[str, list[Shares]] = {}
    for sample in samples:
        one = shares(sample.gold, texts[sample.id], sample.optional)
        for group in ("all", sample.lang):
            groups.setdefault(group, []).append(one)
    rows = []
    for group, found in sorted(groups.items()):
        total = summary(found)
        rows.append(f"{group} {total.precision:.3f} {total.recall:.3f} {total.f1:.3f} {total.wrong}")
    worst = sorted((shares(s.gold, texts[s.id], s.optional) for s in samples), key=lambda x: min(x.precision, x.recall))
    return "\n".join([*rows, str([f"{x.precision:.2f}/{x.recall:.2f}" for x in worst[:8]])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="cross-validate only")
    parser.add_argument("--samples", type=Path, help="keep what was looked at here, for another run")
    arguments = parser.parse_args()
    if arguments.samples and arguments.samples.exists():
        samples = pickle.loads(arguments.samples.read_bytes())
    else:
        samples = read_samples(data_folder(arguments.data))
        if arguments.samples:
            arguments.samples.write_bytes(pickle.dumps(samples))
    probabilities = cross_validated(samples)
    print(report(samples, {sample.id: cleaned_text(sample, probabilities[sample.id]) for sample in samples}))
    if not arguments.check:
        write_weights(WEIGHTS, as_json(fit(samples), PAGE_FEATURES))
        print(json.dumps({"file": WEIGHTS.name, "bytes": WEIGHTS.stat().st_size}))


if __name__ == "__main__":
    main()
