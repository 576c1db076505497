"""The language of a text and of its spans; "und" is an answer.

`Identifier` tells languages apart, `drop_repeats` drops a lead that is repeated in another language.
"""

from ingest.language.identify import Identifier
from ingest.language.repeats import drop_repeats

__all__ = ["Identifier", "drop_repeats"]
