"""A sentence encoder on CTranslate2: what a text means as a vector, for related coverage. Optional, never downloaded.

The model is all-MiniLM-L6-v2 of sentence-transformers (Reimers & Gurevych 2019; Apache 2.0), whose cosines the weights
in `ingest.dedup.related` were fitted to. Whoever wants it brings it and names the folder in `related_encoder`:

    ct2-transformers-converter --model sentence-transformers/all-MiniLM-L6-v2 --output_dir minilm \\
        --quantization int8 --copy_files tokenizer.json          # needs the extra `convert`; 24 MB

Nothing is loaded before the first text, in the process that asks: what CTranslate2 has loaded before a fork hangs in
the child (see `models.marian`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.manifest import ModelError

if TYPE_CHECKING:
    from ctranslate2 import Encoder

TOKENS = 256
"""Beyond them nothing is read: what the model was trained on. With 64, 128 and 510 F1 of related coverage is lower by
.02, .01 and .00 to .02."""

CHARACTERS = 20_000
"""Of a text no more is cut into tokens: many times what holds so many. All five million of the longest take six seconds
and 800 MB."""

FILES = ("model.bin", "config.json", "tokenizer.json")

PROBE = (
    ("Soldiers freed the hostages.", "The kidnapped tourists were rescued by the army.", 0.64),
    ("Not at all, said the minister.", "Yes, said the minister.", 0.83),
    ("Varnholm", "Kelmar", 0.26),
)
"""Pairs of texts and the cosines that the model gives them, by which it is told from others."""

TOLERANCE = 0.06
"""What eight bits change is .005 here; all-mpnet-base-v2, trained on the same data, is off by .35 and .11."""


class MiniLM:
    """The encoder of one folder."""

    label = "all-minilm-l6-v2"

    def __init__(self, directory: Path, *, threads: int = 1) -> None:
        self._directory, self._threads = directory, threads
        self._loaded: tuple[Encoder, Any] | None = None
        self._broken = ""  # why it cannot be read; said again without another attempt
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 a text: the mean of what the model says about its tokens.

        ModelError where the folder cannot be read or has another model; who mends it starts the process anew.
        """
        model, tokenizer = self._load()
        return _encode(model, tokenizer, texts)

    def _load(self) -> tuple[Encoder, Any]:
        with self._lock:
            if self._broken:
                raise ModelError(self._broken)
            if self._loaded is None:
                try:
                    self._loaded = _load(self._directory, self._threads)
                except ModelError as error:
                    self._broken = str(error)
                    raise
            return self._loaded


def load(directory: Path, *, threads: int = 1) -> MiniLM:
    """The encoder in a folder, read when it is first asked; ModelError where the folder lacks one of its files."""
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise ModelError(f"{directory}: expected {', '.join(FILES)} of a converted MiniLM, got no {missing[0]}")
    return MiniLM(directory, threads=threads)


def _load(directory: Path, threads: int) -> tuple[Encoder, Any]:
    from ctranslate2 import Encoder
    from tokenizers import Tokenizer

    try:
        model = Encoder(str(directory), device="cpu", inter_threads=1, intra_threads=threads)
        tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(TOKENS)
        _check(model, tokenizer, directory)
    except ModelError:
        raise
    except Exception as error:  # both libraries raise what they like
        raise ModelError(f"{directory}: expected a converted sentence encoder that can be read: {error}") from None
    return model, tokenizer


def _check(model: Encoder, tokenizer: Any, directory: Path) -> None:
    """ModelError where a model gives other cosines than the one that the weights were fitted to."""
    for one, other, expected in PROBE:
        a, b = _encode(model, tokenizer, [one, other])
        cosine = float(a @ b)
        if not abs(cosine - expected) <= TOLERANCE:
            raise ModelError(
                f"{directory}: expected all-MiniLM-L6-v2, which gives {one!r} and {other!r} a cosine of {expected}; "
                f"got {cosine:.2f}"
            )


def _encode(model: Encoder, tokenizer: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """One by one: several side by side take longer, for the short are filled up to the length of the longest."""
    rows = []
    for text in texts:
        tokens = tokenizer.encode(text[:CHARACTERS]).ids
        said = np.asarray(model.forward_batch([tokens]).last_hidden_state, dtype=np.float32)
        mean = said[0].mean(axis=0)
        rows.append(mean / max(1e-9, float(np.linalg.norm(mean))))
    return np.array(rows, dtype=np.float32) if rows else np.zeros((0, 0), dtype=np.float32)
