"""Encoders that say what they are told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class Told:
    """Texts of one subject point one way, those of different subjects across; others each a way of their own."""

    label = "told"

    def __init__(self, subjects: Mapping[str, int], dimensions: int = 64) -> None:
        self.subjects, self.dimensions = dict(subjects), dimensions
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text; a few degrees off its subject's way."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            self.asked.append(text)
            row[self.subjects.setdefault(text, len(self.subjects) + 1)] = 1.0
            row[-1 - len(text) % 8] = 0.2
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
