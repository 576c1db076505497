"""French and German texts become English, sentence by sentence, with flags; English passes untouched.

The model is handed in (`ingest.types.SentenceTranslator`): this package knows sentences, figures and checks, not
weights.
"""

from ingest.translation.checks import NEEDS_REVIEW, Flag, review_flags
from ingest.translation.memory import DictMemory, TranslationMemory
from ingest.translation.solve import Stopped
from ingest.translation.translate import translate_text, translate_texts

__all__ = [
    "NEEDS_REVIEW",
    "DictMemory",
    "Flag",
    "Stopped",
    "TranslationMemory",
    "review_flags",
    "translate_text",
    "translate_texts",
]
