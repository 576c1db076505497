"""`ingest eval translate`: how good the English is, how fast it came, and whether every figure is in it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import BadInput
from ingest.settings import load
from ingest.types import SentenceTranslator, Span


def translate(
    source: Annotated[Path, typer.Option(help="Text file, one sentence or paragraph a line.")],
    reference: Annotated[Path, typer.Option(help="Its English by people, line by line.")],
    lang: Annotated[str, typer.Option(help="Language of the source (ISO 639-1).")],
    model: Annotated[str | None, typer.Option(help="A model's name; left out: the one that is used.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Lines at most, taken evenly over the file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Translation: BLEU, chrF, numbers found again, flags, sentences a second.

    Example: ingest eval translate --source news.fr --reference news.en --lang fr
    """
    from models import marian

    settings = load()
    translator = marian.load(
        settings.data_dir,
        model=model,
        device=settings.device,
        compute_type=settings.compute_type,
        threads=settings.translate_threads,
    )
    pairs = read_pairs(source, reference, limit)
    found = measure(translator, [pair[0] for pair in pairs], [pair[1] for pair in pairs], lang)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {count}" for key, count in value.items()) or "none"
        typer.echo(f"{name:32} {value}")


def read_pairs(source: Path, reference: Path, limit: int | None = None) -> list[tuple[str, str]]:
    """The lines of both files side by side; BadInput where they are not as many."""
    sides = [path.read_text(encoding="utf-8").splitlines() for path in (source, reference)]
    if len(sides[0]) != len(sides[1]):
        raise BadInput(str(reference), f"{len(sides[0])} lines as in {source}", f"{len(sides[1])}")
    pairs = [(one, other) for one, other in zip(*sides, strict=True) if one.strip()]
    if not pairs:
        raise BadInput(str(source), "lines of text", "none")
    step = max(1, len(pairs) // limit) if limit else 1
    return pairs[::step][:limit]


def measure(
    translator: SentenceTranslator, sources: Sequence[str], references: Sequence[str], lang: str
) -> dict[str, Any]:
    """The figures of one language; `numbers found again` is the share of lines with figures that lost none.

    `numbers, false alarms` is what the same check says of the references: the share of lines with figures whose human
    English lacks one, by its reckoning. Figures count as `ingest.translation.numbers` reads them.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    from ingest.translation import translate_texts
    from ingest.translation.numbers import figures, missing
    from ingest.translation.repair import restyle

    if translator.model(lang) is None:
        raise BadInput("--lang", "a language with a model", lang)
    next(translator.stream(["."], lang))  # loads the model, so that the clock measures translation
    began = time.perf_counter()
    results = translate_texts([(text, (Span(0, len(text), lang),)) for text in sources], translator)
    seconds = time.perf_counter() - began
    hypotheses = [result.text for result in results]
    sentences = [sentence for result in results for sentence in result.sentences]
    flags = Counter(flag for sentence in sentences for flag in sentence.flags)
    numbered = [n for n, text in enumerate(sources) if figures(text, lang)]
    lost = [n for n in numbered if missing(figures(sources[n], lang), hypotheses[n])]
    alarms = [n for n in numbered if missing(figures(sources[n], lang), restyle(sources[n], references[n], lang))]
    bleu, chrf = BLEU(), CHRF()
    scores = [metric.corpus_score(hypotheses, [list(references)]) for metric in (bleu, chrf)]
    share = max(len(numbered), 1)
    return {
        "model": translator.model(lang),
        "lines": len(sources),
        "sentences": len(sentences),
        "BLEU": round(scores[0].score, 2),
        "chrF": round(scores[1].score, 2),
        "signature": f"BLEU {bleu.get_signature()}; chrF {chrf.get_signature()}",
        "sentences/s": round(len(sentences) / seconds, 1),
        "lines with numbers": len(numbered),
        "numbers found again": round(1 - len(lost) / share, 4),
        "numbers, false alarms": round(len(alarms) / share, 4),
        "flags": dict(flags.most_common()),
    }
