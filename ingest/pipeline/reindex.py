"""An archive moved to the scheme of this version, while it is served and while new articles come in.

Text by text, the newest first: each is signed anew and compared with what this scheme has signed by then; its old
signature goes in the same transaction. Verified pairs stay, since what verifies them is no signature, and so do
clusters and decisions. New articles are signed under the new scheme from the start, so in the end every pair within
the window was compared under it. Stopped half way, the next run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from time import monotonic, sleep

from ingest.dedup.minhash import SCHEME
from ingest.pipeline.cluster import LOCK, WINDOW, resign
from ingest.pipeline.window import catch_up
from ingest.store.duplicates import signatures
from ingest.store.engine import Database, serialise

AT_ONCE = 20
"""Texts in one transaction: others that want to write wait no longer than those take."""

REST = 0.25
"""So large a share of the time that a transaction took is left after it.

Writers of SQLite take turns (`ingest.store.engine`), those of PostgreSQL queue for the lock of clustering, so one who
waits comes next even without a pause. But the rest lets it write several times between two transactions instead of
once: of the waits of a process that wrote every 20 ms, 95 of 100 were under .6 s with a quarter's rest (or .15 s, if
longer) and under 2 s with none. A pause of fixed length would only make an archive of short transactions take thrice
as long.
"""


def reindex(database: Database, *, window: timedelta = WINDOW) -> Iterator[int]:
    """Sign anew what other schemes signed; yields how many texts each transaction took."""
    while True:
        begun = monotonic()
        with database.writing() as connection:
            serialise(connection, LOCK)
            catch_up(connection)
            old = signatures.of_other_schemes(connection, SCHEME, AT_ONCE)
            for signed in old:
                resign(connection, signed, window)
        if not old:
            return
        yield len(old)
        sleep(REST * (monotonic() - begun))
