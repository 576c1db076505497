"""How well a checkpoint translates held-out news: BLEU and chrF, greedy and beam 4, int8 and float32, speed, size."""

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.convert import convert

GREEDY, BEAM = 1, 4


@dataclass(frozen=True, slots=True)
class Score:
    """One measurement; `megabytes` is the CTranslate2 folder with its vocabularies, 10^6 bytes."""

    name: str
    language: str
    quantization: str
    beam: int
    sentences: int
    bleu: float
    bleu_signature: str
    chrf: float
    chrf_signature: str
    sentences_per_second: float
    megabytes: float


def evaluate(
    checkpoint: Path,
    held_out: Path,
    name: str,
    quantizations: tuple[str, ...] = ("int8", "float32"),
    beams: tuple[int, ...] = (GREEDY, BEAM),
    limit: int | None = None,
    outputs: Path | None = None,
) -> list[Score]:
    """Return the scores of a Hugging Face checkpoint on held-out lines (language, source, English).

    limit: only the first so many sentences a language. outputs: folder for the translations.
    """
    import ctranslate2

    rows = [line.split("\t") for line in held_out.read_text(encoding="utf-8").splitlines()]
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        for quantization in quantizations:
            converted = Path(folder) / quantization
            convert(checkpoint, converted, quantization)
            size = sum(f.stat().st_size for f in converted.iterdir()) / 1e6
            translator = ctranslate2.Translator(str(converted), "cpu", inter_threads=1, intra_threads=1)
            for language in sorted({row[0] for row in rows}):
                pairs = [(row[1], row[2]) for row in rows if row[0] == language][:limit]
                for beam in beams:
                    translations, seconds = _translate(translator, converted, [s for s, _ in pairs], beam)
                    if outputs:
                        outputs.mkdir(parents=True, exist_ok=True)
                        path = outputs / f"{name}.{language}.{quantization}.beam{beam}.txt"
                        path.write_text("\n".join(translations) + "\n", encoding="utf-8")
                    quality = _quality(translations, [e for _, e in pairs])
                    scores.append(
                        Score(
                            name,
                            language,
                            quantization,
                            beam,
                            len(pairs),
                            *quality,
                            round(len(pairs) / seconds, 1),
                            round(size, 1),
                        )
                    )
    return scores


def as_json(scores: list[Score]) -> str:
    """Return the scores as a JSON list."""
    return json.dumps([asdict(score) for score in scores], indent=1)


def _translate(translator: Any, folder: Path, sentences: list[str], beam: int) -> tuple[list[str], float]:
    """Return the translations in order and the seconds of one core they took, cutting into pieces included."""
    import sentencepiece

    source = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    apart = folder / "target.spm"  # absent where one SentencePiece model serves both sides
    target = sentencepiece.SentencePieceProcessor(model_file=str(apart)) if apart.exists() else source
    began = time.process_time()
    pieces = [[*words, "</s>"] for words in source.encode(sentences, out_type=str)]
    results = translator.translate_batch(
        pieces, beam_size=beam, max_batch_size=1024, batch_type="tokens", max_decoding_length=256
    )
    translations = [target.decode(result.hypotheses[0]) for result in results]
    return translations, time.process_time() - began


def _quality(translations: list[str], references: list[str]) -> tuple[float, str, float, str]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    bleu, chrf = BLEU(), CHRF()
    b, c = bleu.corpus_score(translations, [references]), chrf.corpus_score(translations, [references])
    return round(b.score, 2), str(bleu.get_signature()), round(c.score, 2), str(chrf.get_signature())
