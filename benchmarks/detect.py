"""How fast languages are told apart in mixed documents, beside plain langdetect on the same texts in the same run.

    python benchmarks/detect.py --data DIR [--documents N]

DIR holds mixed.jsonl (or langid/mixed.jsonl). langdetect has its 55 languages and answers once a document, with one
language; ours finds the language of every span. The aim is at least 1.5 times langdetect's documents per second.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

AIM = 1.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=200)
    options = parser.parse_args()
    folder = options.data / "langid" if (options.data / "langid").is_dir() else options.data
    lines = (folder / "mixed.jsonl").read_text(encoding="utf-8").split("\n")
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    texts = texts[:: max(1, len(texts) // options.documents)]

    import langdetect

    from ingest.language import Identifier

    langdetect.DetectorFactory.seed = 0
    contenders: dict[str, Callable[[str], object]] = {
        "langdetect, one answer a document": langdetect.detect,
        "newsfold, all spans": Identifier().identify,
    }
    rates = {name: rate(identify, texts) for name, identify in contenders.items()}
    for name, value in rates.items():
        print(f"{name:40} {value:8.1f} documents/s")
    theirs, ours = rates.values()
    print(f"{'ratio':40} {ours / theirs:8.2f}   aim: {AIM}")
    return 0 if ours >= AIM * theirs else 1


def rate(identify: Callable[[str], object], texts: list[str], rounds: int = 3) -> float:
    """Documents per second of processor time, the best of some rounds; tables are loaded before."""
    identify(texts[0])
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for text in texts:
            identify(text)
        best = min(best, time.process_time() - began)
    return len(texts) / best


if __name__ == "__main__":
    raise SystemExit(main())
