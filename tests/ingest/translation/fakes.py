"""Translators without a model, for the stage around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ingest.types import Hypothesis


class FakeTranslator:
    """Answers with a function of the sentence and writes down what it was given; a token is a word."""

    def __init__(
        self,
        answer: Callable[[str], str] = lambda sentence: sentence,
        retried: Callable[[str], str] | None = None,
        languages: tuple[str, ...] = ("fr", "de"),
        max_tokens: int = 512,
    ) -> None:
        self.answer, self.retried = answer, retried or answer
        self.languages = languages
        self.limit = max_tokens
        self.calls: list[tuple[str, ...]] = []
        self.retries: list[tuple[str, ...]] = []

    @property
    def given(self) -> list[str]:
        """Every sentence of every first try, in order."""
        return [sentence for call in self.calls for sentence in call]

    def model(self, lang: str) -> str | None:
        return f"fake-{lang}@1" if lang in self.languages else None

    def options(self) -> str:
        return "fake"

    def count_tokens(self, text: str, lang: str) -> int:
        return len(text.split()) + 1

    def max_tokens(self, lang: str) -> int:
        return self.limit

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        answer = self.retried if retry else self.answer
        for start in range(0, len(sentences), 40):
            batch = sentences[start : start + 40]
            (self.retries if retry else self.calls).append(tuple(batch))
            yield [(start + number, Hypothesis(answer(sentence), -0.1)) for number, sentence in enumerate(batch)]
