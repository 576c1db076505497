"""The runtime: MarianMT models on CTranslate2, tokenised with SentencePiece, loaded on first use.

Nothing is loaded by importing this module or by `load`: the first sentence of a language does it, in the process that
translates. That order is a must, not a saving: a CTranslate2 translator made before a fork hangs in the child for
ever (CTranslate2 #539). One process holds one translator per model; two languages of one model share it.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from models.manifest import BUILTIN, LOCK, Checkpoint, Manifest, ModelError, read

if TYPE_CHECKING:
    from ctranslate2 import AsyncTranslationResult

END = "</s>"

BATCH_TOKENS = 3072
"""Tokens of one model batch, padding counted."""

LOGITS = 2_000_000
"""Rows (sentences times beams) times vocabulary of one decoding step on a CPU. It bounds the working memory: with two
models of opus-mt size and four beams, 32 sentences at once take 591 MB at their peak and keep 417, eight take 288 and
keep 274, 205 once the allocator gives back what it holds."""

ROWS = 48
"""Rows of one decoding step at most, on a CPU. The built-in model takes 96 sentences with four beams in 3.0 s as 32 to
64 rows and in 4.1 s as 100; greedy decoding is as fast with any number from 16 on (one thread, processor's time)."""

FEWEST = 8
"""Sentences of a group that is worth its steps. Fewer are put into one only where a thread had none otherwise."""

GROUPS = 3
"""Groups a thread gets where there are sentences enough. 96 sentences on a model of opus-mt size, greedy, two threads,
median of six: 2.4 s with three of 16 or four of 12, 2.5 with two of 24, 3.9 with one of 48."""

AHEAD = 2
"""Groups under way for each thread: the one it decodes and the one it takes next. A stop waits for them."""

LENGTH_FACTOR, LENGTH_EXTRA = 2, 10
"""A translation is cut off at twice the source's tokens and ten, since a loop must end somewhere. Of 11,754 pairs of
newsdev none has a longer reference; the median is .83 (French) and .89 (German), one in a thousand is above 1.74."""

NO_REPEAT = 4
"""Words of this many tokens may not come twice in a second try; in a first try they may, since names and figures do."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the model answered for one sentence; `score` is the mean log-probability per token, end mark included."""

    text: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Decoding:
    """How sentences are decoded. Its label is part of the key under which finished sentences are remembered."""

    beam_size: int = 4
    retry_beam_size: int = 6
    pinned: bool = False  # decode exactly as many tokens as the source has: for benchmarks on random weights only

    def beams(self, retry: bool) -> int:
        """Beams of a first or a second try."""
        return self.retry_beam_size if retry else self.beam_size

    def __str__(self) -> str:
        return f"beam{self.beam_size}-retry{self.retry_beam_size}{'-pinned' if self.pinned else ''}"


class Marian:
    """One loaded model: a CTranslate2 translator between two SentencePiece models."""

    def __init__(self, directory: Path, *, device: str, compute_type: str, threads: int) -> None:
        _prefer_wide_registers()
        import ctranslate2
        import sentencepiece

        facts = json.loads((directory / "marian.json").read_text(encoding="utf-8"))
        self.max_tokens = int(facts["max_tokens"])
        self.source = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
        apart = directory / "target.spm"
        self.target = sentencepiece.SentencePieceProcessor(model_file=str(apart)) if apart.is_file() else self.source
        on_cpu = device == "cpu" or (device == "auto" and not ctranslate2.get_cuda_device_count())
        self.parallel = (threads or len(os.sched_getaffinity(0))) if on_cpu else 1
        self.translator = ctranslate2.Translator(
            str(directory), device=device, compute_type=compute_type, inter_threads=self.parallel, intra_threads=1
        )
        self._most_rows = min(ROWS, LOGITS // _vocabulary_size(directory)) if on_cpu else BATCH_TOKENS

    def tokenize(self, sentences: Sequence[str]) -> list[list[str]]:
        """The model's input tokens, the end mark last: exactly those of `MarianTokenizer`."""
        pieces: list[list[str]] = self.source.encode(list(sentences), out_type=str)
        for tokens in pieces:
            tokens.append(END)
        return pieces

    def translate(self, sentences: Sequence[str], decoding: Decoding, *, retry: bool) -> list[Hypothesis]:
        """English for each sentence, in order; ValueError as in `stream`."""
        return in_order(self.stream(sentences, decoding, retry=retry))

    def stream(
        self, sentences: Sequence[str], decoding: Decoding, *, retry: bool
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        """Numbers of sentences with their English, group by group, the longest first.

        Some groups are always under way ahead of the one that is waited for, so that no thread is idle while the
        caller works on an answer; a caller who closes the iterator gives up the rest. ValueError for a sentence that
        is longer than the model takes.
        """
        tokens = self.tokenize(sentences)
        longest = max(map(len, tokens), default=0)
        if longest > self.max_tokens:
            raise ValueError(f"expected at most {self.max_tokens} tokens in a sentence, got {longest}: cut it first")
        # Lengths are bounded per group: the bound of a long sentence is no bound to a short one that loops.
        waiting = iter(self.groups(tokens, decoding.beams(retry)))
        begun: deque[tuple[list[int], list[AsyncTranslationResult]]] = deque()

        def begin(count: int) -> None:
            for group in islice(waiting, count):
                begun.append((group, self._begin([tokens[number] for number in group], decoding, retry)))

        begin(AHEAD * self.parallel)
        while begun:
            group, results = begun.popleft()
            answers = self._end([tokens[number] for number in group], results, decoding)
            begin(1)
            yield list(zip(group, answers, strict=True))
        _give_back_memory()

    def groups(self, tokens: Sequence[Sequence[str]], beams: int) -> list[list[int]]:
        """The numbers of the inputs in groups that are decoded together, longest first."""
        order = sorted(range(len(tokens)), key=lambda number: len(tokens[number]), reverse=True)
        count = math.ceil(len(order) / max(1, self._most_rows // beams))
        each = min(GROUPS, len(order) // (FEWEST * self.parallel))
        count = max(count, each * self.parallel)  # the longest beside the shortest: threads end together
        count = math.ceil(count / self.parallel) * self.parallel
        return by_budget(order, tokens, max(1, math.ceil(len(order) / max(1, count))))

    def _begin(self, tokens: list[list[str]], decoding: Decoding, retry: bool) -> list[AsyncTranslationResult]:
        """A group on its way through the model; groups go side by side, each in a thread."""
        longest = len(tokens[0])
        length = min(LENGTH_FACTOR * longest + LENGTH_EXTRA, self.max_tokens)
        begun: list[AsyncTranslationResult] = self.translator.translate_batch(
            tokens,
            asynchronous=True,
            beam_size=decoding.beams(retry),
            no_repeat_ngram_size=NO_REPEAT if retry else 0,
            max_decoding_length=longest if decoding.pinned else length,
            min_decoding_length=longest if decoding.pinned else 1,
            max_input_length=0,  # checked above; CTranslate2 would cut silently
            return_scores=True,
            replace_unknowns=True,  # a letter outside the vocabulary ("Quốc Tế") is copied from where attention points
        )
        return begun

    def _end(
        self, tokens: list[list[str]], begun: Sequence[AsyncTranslationResult], decoding: Decoding
    ) -> list[Hypothesis]:
        """The answers of a group, waited for."""
        results = [result.result() for result in begun]
        # Each is cut at its own bound, not its group's: a loop must not depend on the company a sentence keeps.
        bounds = [len(t) if decoding.pinned else LENGTH_FACTOR * len(t) + LENGTH_EXTRA for t in tokens]
        answers = [result.hypotheses[0][:bound] for result, bound in zip(results, bounds, strict=True)]
        texts: list[str] = self.target.decode(answers)
        return [Hypothesis(text.strip(), float(r.scores[0])) for text, r in zip(texts, results, strict=True)]


def in_order(batches: Iterable[Sequence[tuple[int, Hypothesis]]]) -> list[Hypothesis]:
    """The answers of all batches by the numbers of their sentences."""
    return [answer for _, answer in sorted(chain.from_iterable(batches), key=lambda numbered: numbered[0])]


def by_budget(order: Sequence[int], tokens: Sequence[Sequence[str]], most: int) -> list[list[int]]:
    """Numbers in groups of at most `most`, and of at most BATCH_TOKENS tokens with padding.

    order: by length, longest first; a group ends before a sentence of less than half the length of its first.
    """
    groups: list[list[int]] = []
    width = 0
    for number in order:
        full = not groups or len(groups[-1]) >= most or (len(groups[-1]) + 1) * width > BATCH_TOKENS
        if full or len(tokens[number]) * 2 < width:
            groups.append([])
            width = len(tokens[number])
        groups[-1].append(number)
    return groups


def _prefer_wide_registers() -> None:
    """Let CTranslate2 use AVX-512, which it leaves alone unless told, since early processors slow down under it.

    Those of the generations that know VNNI do not: 96 sentences on a model of opus-mt size take 6.7 s instead of 8.4,
    with four beams 18.6 instead of 23.0. It is read once, by the first translator of a process.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return
    if "avx512_vnni" in flags:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def _vocabulary_size(directory: Path) -> int:
    """Tokens the model may answer with."""
    common, apart = directory / "shared_vocabulary.json", directory / "target_vocabulary.json"
    return len(json.loads((common if common.is_file() else apart).read_text(encoding="utf-8")))


def _give_back_memory() -> None:
    """Return freed working memory to the system: glibc keeps it in the arenas of threads that may not run again."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class MarianTranslator:
    """Sentences of any routed language into English; satisfies `ingest.types.SentenceTranslator`.

    Safe to use from several threads: a model is loaded once, CTranslate2 queues the calls. A model fetched while
    this runs is seen at the next question for a route.
    """

    def __init__(
        self,
        read_manifest: Callable[[], Manifest],
        *,
        lock: Path | None = None,
        device: str = "auto",
        compute_type: str = "default",
        threads: int = 0,
        decoding: Decoding | None = None,
    ) -> None:
        self._read_manifest, self._lock_file = read_manifest, lock
        self._manifest, self._stamp = read_manifest(), _stamp(lock)
        self._device, self._compute_type, self._threads = device, compute_type, threads
        self._decoding = decoding if decoding is not None else Decoding()
        self._loaded: dict[str, Marian] = {}
        self._lock = threading.Lock()

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that have a route, sorted."""
        return tuple(sorted(self._manifest.routes))

    def model(self, lang: str) -> str | None:
        """The name@revision that translates `lang` into English; None where there is no route."""
        if _stamp(self._lock_file) != self._stamp:
            self._manifest, self._stamp = self._read_manifest(), _stamp(self._lock_file)
        checkpoint = self._manifest.routes.get(lang)
        return checkpoint.id if checkpoint is not None else None

    def options(self) -> str:
        """Label of the decoding options: compute type, beam, beam of the second try."""
        return f"{self._compute_type}-{self._decoding}"

    def count_tokens(self, text: str, lang: str) -> int:
        """Model tokens of `text`, the end mark included."""
        return len(self._marian(lang).source.encode(text)) + 1

    def max_tokens(self, lang: str) -> int:
        """Most tokens the model of `lang` takes in one input."""
        return self._marian(lang).max_tokens

    def translate(self, sentences: Sequence[str], lang: str, *, retry: bool = False) -> list[Hypothesis]:
        """English for each sentence, in order."""
        return in_order(self.stream(sentences, lang, retry=retry))

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        """English as it is finished, batch by batch; `retry` decodes with the wider beam and without repeats."""
        if sentences:
            yield from self._marian(lang).stream(sentences, self._decoding, retry=retry)

    def _marian(self, lang: str) -> Marian:
        checkpoint = self._manifest.routes.get(lang)
        if checkpoint is None:
            raise ModelError(f'no model for "{lang}"; `ingest models list` shows what can be fetched')
        with self._lock:
            if checkpoint.id not in self._loaded:
                self._loaded[checkpoint.id] = self._load(checkpoint)
            return self._loaded[checkpoint.id]

    def _load(self, checkpoint: Checkpoint) -> Marian:
        checkpoint.verify()
        assert checkpoint.directory is not None
        return Marian(
            checkpoint.directory,
            device=self._device,
            compute_type=self._compute_type,
            threads=self._threads,
        )


def load(
    data_dir: Path | None = None,
    *,
    builtin: Path = BUILTIN,
    model: str | None = None,
    device: str = "auto",
    compute_type: str = "default",
    threads: int = 0,
    decoding: Decoding | None = None,
) -> MarianTranslator:
    """A translator over the built-in models and those fetched into `data_dir`; no weights are read yet.

    model: use only this one, for all its languages. threads: of one translator, 0 for CTranslate2's choice.
    """

    def read_manifest() -> Manifest:
        manifest = read(builtin, data_dir)
        return manifest.only(model) if model is not None else manifest

    lock = data_dir / LOCK if data_dir is not None else None
    return MarianTranslator(
        read_manifest, lock=lock, device=device, compute_type=compute_type, threads=threads, decoding=decoding
    )


def _stamp(lock: Path | None) -> int | None:
    """When the lock file was last written; None where there is none."""
    try:
        return lock.stat().st_mtime_ns if lock is not None else None
    except FileNotFoundError:
        return None
