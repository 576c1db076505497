"""Texts become English, sentence by sentence, every sentence accounted for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ingest.translation.checks import Flag
from ingest.translation.memory import TranslationMemory
from ingest.translation.plan import ENGLISH, Piece, Task, plan
from ingest.translation.repair import restyle_alone
from ingest.translation.solve import Job, solve
from ingest.types import UNDETERMINED, Remembered, Sentence, SentenceTranslator, Span, Translation

OPENING = "([{«„“‘‚¿¡/–—-"


def translate_text(
    text: str, spans: Sequence[Span], translator: SentenceTranslator, memory: TranslationMemory | None = None
) -> Translation:
    """One text in English; see `translate_texts`."""
    return translate_texts([(text, tuple(spans))], translator, memory)[0]


def translate_texts(
    texts: Sequence[tuple[str, tuple[Span, ...]]],
    translator: SentenceTranslator,
    memory: TranslationMemory | None = None,
    *,
    should_stop: Callable[[], bool] | None = None,
    second_tries: bool = True,
) -> list[Translation]:
    """The texts in English, in order; their sentences go to the model together.

    texts: each with the spans of its languages, which cover it. English passes letter by letter, "und" unchanged and
    flagged, a language without a route unchanged and named in `missing`; lines stay lines. should_stop: asked between
    two batches; Stopped is raised then, and finished sentences are in the memory. second_tries: False measures the
    bare first pass.
    """
    plans = [_plan(text, spans, translator) for text, spans in texts]
    tasks = [task for tasks in plans for task in tasks]
    jobs = [Job(task.segment.lang, piece.job) for task in tasks for piece in task.pieces if piece.job is not None]
    solved = solve(jobs, translator, memory, should_stop, second_tries=second_tries)
    return [
        _assemble(text, spans, tasks, solved, translator) for (text, spans), tasks in zip(texts, plans, strict=True)
    ]


def _plan(text: str, spans: tuple[Span, ...], translator: SentenceTranslator) -> list[Task]:
    _check_cover(text, spans)
    return plan(
        text,
        spans,
        routed=lambda lang: translator.model(lang) is not None,
        count=translator.count_tokens,
        limit=translator.max_tokens,
    )


def _check_cover(text: str, spans: tuple[Span, ...]) -> None:
    """Raise ValueError unless the spans follow one another from the first character to the last."""
    position = 0
    for span in spans:
        if span.start != position or span.end < span.start:
            raise ValueError(f"expected a span that starts at {position}, got {span.start} to {span.end}")
        position = span.end
    if position != len(text):
        raise ValueError(f"expected spans that cover {len(text)} characters, got {position}")


def _assemble(
    text: str,
    spans: tuple[Span, ...],
    tasks: Sequence[Task],
    solved: Mapping[Job, Remembered],
    translator: SentenceTranslator,
) -> Translation:
    """The English text with the white space of the source between its sentences."""
    parts: list[str] = []
    length = 0
    sentences: list[Sentence] = []
    position = 0
    for task in tasks:
        sentence = _sentence(task, solved, translator)
        between = _gap(text[position : task.segment.start], sentences[-1:], sentence)
        length += len(between)
        sentences.append(_moved(sentence, length))
        parts += [between, sentence.target]
        length += len(sentence.target)
        position = task.segment.end
    parts.append(text[position:])
    assert len(sentences) == len(tasks)
    return Translation("".join(parts), tuple(sentences), _missing(spans, translator))


def _missing(spans: Sequence[Span], translator: SentenceTranslator) -> str | None:
    foreign = (span.lang for span in spans if span.lang not in (ENGLISH, UNDETERMINED))
    return next((lang for lang in foreign if translator.model(lang) is None), None)


def _sentence(task: Task, solved: Mapping[Job, Remembered], translator: SentenceTranslator) -> Sentence:
    """The sentence on both sides, its target at offset 0."""
    segment = task.segment
    if task.passes:
        target = _passed(task, translator)
        return Sentence(
            segment.text, target, segment.start, segment.end, 0, len(target), segment.lang, None, task.flags
        )
    results = [_result(piece, segment.lang, solved) for piece in task.pieces]
    target = _joined([(piece, result) for piece, result in zip(task.pieces, results, strict=True)])
    flags = {*task.flags, *(flag for result in results if result is not None for flag in result.flags)}
    scores = [result.score for result in results if result is not None and result.score is not None]
    return Sentence(
        segment.text,
        target,
        segment.start,
        segment.end,
        0,
        len(target),
        segment.lang,
        translator.model(segment.lang),
        tuple(flag.value for flag in Flag if flag in flags),
        min(scores, default=None),
    )


def _passed(task: Task, translator: SentenceTranslator) -> str:
    """What no model gets: unchanged, but for a French or German line that is one amount and nothing else."""
    segment = task.segment
    if task.flags or segment.lang == ENGLISH or translator.model(segment.lang) is None:
        return segment.text
    return restyle_alone(segment.text)


def _result(piece: Piece, lang: str, solved: Mapping[Job, Remembered]) -> Remembered | None:
    return solved[Job(lang, piece.job)] if piece.job is not None else None


def _joined(pieces: Sequence[tuple[Piece, Remembered | None]]) -> str:
    """The pieces of one sentence as one: no full stop and no capital that the model gave to a fragment."""
    targets: list[str] = []
    for number, (piece, result) in enumerate(pieces):
        target = piece.text if result is None else result.target
        if result is not None and number < len(pieces) - 1 and not re.search(r"[.!?…]\W*$", piece.text):
            target = re.sub(r"(?<=\w)\.$", "", target)
        if result is not None and number and piece.text[:1].islower() and not re.match(r"I\b|[A-Z]{2}", target):
            target = target[:1].lower() + target[1:]
        if target:
            targets.append(target)
    joined = targets[0] if targets else ""
    for target in targets[1:]:
        joined += target if re.match(r"[.,;:!?…)\]»”]", target) or joined[-1] in "([«“" else f" {target}"
    return joined


def _gap(white: str, before: Sequence[Sentence], after: Sentence) -> str:
    """What stands between two sentences: the source's white space, or the space that English needs there."""
    if white or not before:
        return white
    last, first = before[0].target[-1:], after.target[:1]
    if before[0].model is None and after.model is None:  # both pass letter by letter
        return ""
    opens = last in OPENING or not last
    return " " if not opens and (first.isalnum() or first in "\"'«„“#@(") else ""


def _moved(sentence: Sentence, offset: int) -> Sentence:
    return Sentence(
        sentence.source,
        sentence.target,
        sentence.start,
        sentence.end,
        offset,
        offset + len(sentence.target),
        sentence.lang,
        sentence.model,
        sentence.flags,
        sentence.score,
    )
