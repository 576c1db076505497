"""Articles as Parquet: the same fields under the same names, nested ones as structs and lists (extra `parquet`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

from ingest.errors import BadInput, Misconfigured
from ingest.publish.record import Record

ROWS = 5_000
"""Of one row group: some ten MB, so that readers may skip and writers stay small."""


@cache
def schema() -> Any:
    """The Arrow schema of `FullArticle`, and of tombstones, of which only id, deleted and at are set."""
    pa = _arrow()
    text, number, real, flag = pa.string(), pa.int64(), pa.float64(), pa.bool_()
    at, texts = pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    span = pa.struct([("start", number), ("end", number), ("lang", text)])
    sentence = pa.struct(
        [
            ("source", text),
            ("target", text),
            *[(name, number) for name in ("source_start", "source_end", "start", "end")],
            ("lang", text),
            ("model", text),
            ("flags", texts),
            ("score", real),
        ]
    )
    block = pa.struct([("text", text), ("kind", text), ("rule", text), ("evidence", text), ("line", number)])
    original = pa.struct([("title", text), ("text", text), ("lang", text), ("spans", pa.list_(span))])
    extraction = pa.struct([("method", text), ("removed_count", number), ("removed", pa.list_(block))])
    duplicate = [("cluster_id", text), ("size", number), ("canonical_id", text), ("is_canonical", flag)]
    return pa.schema(
        [
            *[("schema_version", text), ("id", text), ("revision", number), ("url", text), ("source", text)],
            ("author", text),
            ("feeds", pa.list_(pa.struct([("id", text), ("url", text), ("title", text)]))),
            *[(name, at) for name in ("published", "updated", "seen", "changed")],
            ("title", text),
            ("text", text),
            ("original", original),
            ("title_sentences", pa.list_(sentence)),
            ("sentences", pa.list_(sentence)),
            ("flags", texts),
            ("needs_review", flag),
            ("credits", texts),
            ("image_url", text),
            ("extraction", extraction),
            ("duplicate", pa.struct([*duplicate, ("kind", text), ("similarity", real)])),
            ("related", pa.list_(pa.struct([("id", text), ("similarity", real)]))),
            ("text_sha256", text),
            ("deleted", flag),
            ("at", at),
        ]
    )


class ParquetWriter:
    """Writes a Parquet file; use it as a context."""

    def __init__(self, path: Path) -> None:
        _arrow()
        from pyarrow import parquet

        self._file = parquet.ParquetWriter(path, schema(), compression="zstd")
        self._waiting: list[Record] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        self._file.close()

    def write(self, records: Sequence[Record]) -> None:
        """Append records; they reach the file a row group at a time."""
        self._waiting += records
        if len(self._waiting) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(_arrow().Table.from_pylist(self._waiting, schema=schema()))
            self._waiting = []


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a Parquet file; BadInput where it is none."""
    pa = _arrow()
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=500):
            for row in batch.to_pylist():
                number += 1
                yield row
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}, after row {number}", "a Parquet file of articles", str(error)[:200]) from None


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise Misconfigured("Parquet needs pyarrow: pip install 'newsfold[parquet]'") from None
    return pyarrow
