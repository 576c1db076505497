"""A process's copy of the index held against the rows."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection, select

from ingest.dedup.minhash import PERMUTATIONS, SCHEME
from ingest.pipeline import window
from ingest.pipeline.cluster import keys_of
from ingest.pipeline.compare import unpack_keys
from ingest.pipeline.texts import Span
from ingest.pipeline.window import Window
from ingest.store import engine, schema
from ingest.store.duplicates import signatures
from ingest.store.duplicates.signatures import Entry, Signed
from ingest.store.engine import Database

PLENTY = 10**9


def held(database: Database) -> Window:
    """The process's copy, made now."""
    window.hold(database, PLENTY, placing=1_000_000)
    return window._windows[database.writer]


def another(database: Database) -> Database:
    """The same database as another process would open it."""
    return engine.connect(database.writer.url.render_as_string(hide_password=False))


def signed(number: int, version: int, *, scheme: str = SCHEME, last_s: int = 1000) -> Signed:
    """A text's signature; versions share some bands with one another and with those of other numbers."""
    rng = np.random.default_rng((number % 3, version))
    hashes = rng.integers(0, 3, PERMUTATIONS, dtype=np.uint16).tobytes()
    terms = rng.integers(0, 5, 1 + version % 8, dtype=np.uint32).tobytes()
    digest = bytes([version, number % 2] * 8)
    return Signed(number, f"a{number:07d}", scheme, hashes, digest, 20 + version, terms, 900, last_s)


def entry(one: Signed) -> Entry:
    return Entry(one, keys_of(one), one.last_s + 1000, b"")


def rows(connection: Connection) -> tuple[dict[int, Signed], dict[int, set[int]]]:
    """The index in the database: the signatures in it, and the numbers under each key."""
    texts = {one.number: one for some in signatures.all_indexed(connection, SCHEME, 100) for one in some}
    under: dict[int, set[int]] = {}
    standing = [tuple(row) for row in connection.execute(select(schema.bands.c.hash, schema.bands.c.number))]
    for number, keys in connection.execute(select(schema.fresh_keys)):
        standing += [(key, number) for key in unpack_keys(keys)]
    for key, number in standing:
        under.setdefault(key & 0xFFFFFFFF, set()).add(number)
    return texts, {key: numbers & set(texts) for key, numbers in under.items() if numbers & set(texts)}


def same_as_rows(copy: Window, connection: Connection) -> None:
    """Assert that a copy that has caught up says what the rows say."""
    texts, under = rows(connection)
    assert len(copy) == len(texts)
    columns = copy.texts(np.array(sorted(texts), dtype=np.int64), Span(0, 0))
    for row, number in enumerate(sorted(texts)):
        one = texts[number]
        assert columns.candidate(row) == (
            number,
            one.article_id,
            one.hashes,
            one.digest,
            one.size,
            one.first_s,
            one.last_s,
        )
    keys = np.array(sorted({*under, *range(50)}), dtype=np.uint32)
    found = copy.under(keys, 100)
    said = {
        int(k): set(found.numbers[a:b].tolist()) for k, a, b in zip(keys, found.bounds, found.bounds[1:], strict=False)
    }
    assert {key: numbers for key, numbers in said.items() if numbers} == under
    assert len(copy._postings) == sum(map(len, under.values()))
