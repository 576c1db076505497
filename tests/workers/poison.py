"""A language identifier that some texts are poison to: named in settings by the tests of real workers."""

from __future__ import annotations

import os
import signal
import time

from ingest.language import Identifier
from ingest.types import Identified


class Poisoned:
    """The built-in identifier, unless the text says what to do instead."""

    def __init__(self) -> None:
        self._builtin = Identifier()

    def identify(self, text: str, hint: str | None = None) -> Identified:
        """The language, if the process survives it."""
        if "KILL-THE-PROCESS" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "TAKE-ALL-MEMORY" in text:
            raise MemoryError
        if "NEVER-END" in text:
            time.sleep(600)
        return self._builtin.identify(text, hint)
