"""The model's work: distinct sentences through memory, first try, second try and repair.

Batches run over all texts at hand, so that an article of three sentences costs three sentences; the translator says
which sentences go well together, and has the next batches under way while the answers of one are checked. A stop is
looked for between two batches; what is finished by then is remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.errors import Retryable
from ingest.translation.checks import Flag, check, severity
from ingest.translation.memory import TranslationMemory, memory_key
from ingest.translation.repair import repair, restyle
from ingest.types import HypothesisLike, Remembered, SentenceTranslator

CAPITALS = 0.7
"""Share of capital letters from which on a sentence is given to the model in small letters as well."""


class Stopped(Retryable):
    """Asked to stop between two batches; a later run finds what was finished in the translation memory."""

    def __init__(self, left: int) -> None:
        super().__init__(f"translation was asked to stop, {left} sentences were left")


@dataclass(frozen=True, slots=True)
class Job:
    """A normalised sentence in a language: what one translation is made for, however often it occurs."""

    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the model with what the checks say about it."""

    target: str
    score: float | None
    flags: frozenset[Flag]

    def better_than(self, other: Attempt) -> bool:
        """Fewer and lighter flags first, then the model's score."""
        mine, theirs = severity(self.flags), severity(other.flags)
        return mine < theirs or (mine == theirs and (self.score or 0.0) > (other.score or 0.0))


def solve(
    jobs: Iterable[Job],
    translator: SentenceTranslator,
    memory: TranslationMemory | None,
    should_stop: Callable[[], bool] | None,
    *,
    second_tries: bool = True,
) -> dict[Job, Remembered]:
    """The English of each distinct job, as many out as in."""
    wanted = list(dict.fromkeys(jobs))
    options = translator.options()
    keys = {job: memory_key(translator.model(job.lang) or "", options, job.lang, job.text) for job in wanted}
    known = memory.look_up([keys[job] for job in wanted]) if memory is not None else {}
    solved = {job: known[keys[job]] for job in wanted if keys[job] in known}
    pending = [job for job in wanted if job not in solved]
    first: dict[Job, Attempt] = {}
    _look_for_stop(should_stop, len(pending))
    for attempts in _attempts(pending, translator, retry=False):
        clean = {job: attempt for job, attempt in attempts.items() if not second_tries or not severity(attempt.flags)}
        first.update((job, attempt) for job, attempt in attempts.items() if job not in clean)
        solved.update(_finish(clean, keys, memory, translator))
        _look_for_stop(should_stop, len(wanted) - len(solved))
    for attempts in _attempts(list(first), translator, retry=True):
        best = {job: second if second.better_than(first[job]) else first[job] for job, second in attempts.items()}
        solved.update(_finish(best, keys, memory, translator))
        _look_for_stop(should_stop, len(wanted) - len(solved))
    assert len(solved) == len(wanted), f"{len(wanted)} sentences in, {len(solved)} out"
    return solved


def _look_for_stop(should_stop: Callable[[], bool] | None, left: int) -> None:
    if left and should_stop is not None and should_stop():
        raise Stopped(left)


def _attempts(jobs: Sequence[Job], translator: SentenceTranslator, *, retry: bool) -> Iterator[dict[Job, Attempt]]:
    """The best answer to each job, batch by batch, whatever order the jobs came in.

    A sentence in capitals is also tried in small letters, and done when all its variants have come.
    """
    for lang in sorted({job.lang for job in jobs}):
        spoken = sorted((job for job in jobs if job.lang == lang), key=lambda job: job.text)
        variants = [(job, variant) for job in spoken for variant in _variants(job)]
        awaited = Counter(job for job, _ in variants)
        best: dict[Job, Attempt] = {}
        for batch in translator.stream([variant for _, variant in variants], lang, retry=retry):
            for number, answer in batch:
                job, variant = variants[number]
                attempt = _attempt(job, variant, answer)
                if job not in best or attempt.better_than(best[job]):
                    best[job] = attempt
                awaited[job] -= 1
            yield {job: best.pop(job) for job in list(best) if not awaited[job]}
        if awaited.total():
            raise AssertionError(f"{len(variants)} sentences in, {awaited.total()} did not come out of the model")


def _attempt(job: Job, variant: str, answer: HypothesisLike) -> Attempt:
    target = restyle(variant, answer.text, job.lang)
    flags = check(variant, target, job.lang, answer.score)
    return Attempt(target if variant == job.text else target.upper(), answer.score, flags)


def _variants(job: Job) -> tuple[str, ...]:
    """What the model is given for a job: capitals come back untranslated, so small letters are tried beside them."""
    if not in_capitals(job.text):
        return (job.text,)
    lowered = job.text.lower()
    sentence = lowered[:1].upper() + lowered[1:]
    titled = " ".join(word.capitalize() if len(word) > 3 else word for word in sentence.split(" "))
    return (job.text, sentence, titled)


def in_capitals(text: str) -> bool:
    """True for a text of at least two words in capitals."""
    letters = [character for character in text if character.isalpha()]
    capitals = sum(1 for character in letters if character.isupper())
    return len(letters) >= 8 and len(text.split()) >= 2 and capitals >= CAPITALS * len(letters)


def _finish(
    attempts: dict[Job, Attempt],
    keys: dict[Job, str],
    memory: TranslationMemory | None,
    translator: SentenceTranslator,
) -> dict[Job, Remembered]:
    """The attempts repaired, and remembered."""
    finished = {job: _repaired(job, attempt, translator.model(job.lang) or "") for job, attempt in attempts.items()}
    if memory is not None and finished:
        memory.store({keys[job]: result for job, result in finished.items()})
    return finished


def _repaired(job: Job, attempt: Attempt, model: str) -> Remembered:
    repaired = repair(job.text, attempt.target, job.lang)
    flags = attempt.flags
    if repaired != attempt.target:
        flags = check(job.text, repaired, job.lang, attempt.score) | {Flag.REPAIRED}
        flags |= attempt.flags & {Flag.REPETITION}
    return Remembered(repaired, tuple(sorted(map(str, flags))), attempt.score, model, job.lang)
