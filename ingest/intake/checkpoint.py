"""How far a long input was read, so that a second run goes on where the first was interrupted.

Reading something twice does no harm (the same input is one article); a checkpoint only saves the time. It counts only
while the source is the same file with the same size and time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The place in one source; kept in a small file of its own."""

    path: Path
    source: str  # what it is, with size and time

    @classmethod
    def of(cls, source: Path, folder: Path) -> Checkpoint:
        """The checkpoint of a source, in a folder of checkpoints."""
        found = source.resolve()
        stat = found.stat()
        size = "" if found.is_dir() else f" {stat.st_size} {stat.st_mtime_ns}"  # a folder may grow meanwhile
        return cls(folder / f"{sha256(str(found).encode()).hexdigest()[:16]}.json", f"{found}{size}")

    def read(self) -> str:
        """The mark an earlier run left; "" where there is none that fits."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return str(found["mark"]) if found["source"] == self.source else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def write(self, mark: str) -> None:
        """Keep a mark; what is before it has been committed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"source": self.source, "mark": mark}), encoding="utf-8")
        new.replace(self.path)

    def clear(self) -> None:
        """The source was read to its end."""
        self.path.unlink(missing_ok=True)
