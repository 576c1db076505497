"""What consumers follow: one sequence of changes that skips nothing and is never out of order.

A number is given inside the transaction that makes the change. On SQLite writers come one after another, so numbers
appear in the order of commits. On PostgreSQL two transactions could commit in the other order of their numbers, and a
follower who read the higher one would miss the lower for ever; a lock held until commit, taken just before the number
is drawn, makes the order of numbers the order of commits. It is taken late in a transaction that is short.

Locks are taken in one order everywhere, or two transactions could wait for each other: clustering's, this one, rows
of documents and articles. Whoever changes such a row and announces it afterwards therefore calls `hold` before.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from ingest.store.engine import db_now, serialise
from ingest.store.schema import changes

UPSERT = "upsert"  # an article's content is new or changed
DELETE = "delete"  # an article was taken down: the id stays, the text is gone
CLUSTER = "cluster"  # a cluster has another member, representative or evidence
MERGE = "merge"  # a cluster lives on in another
SPLIT = "split"  # a member went to a cluster of its own

_RECORD = insert(changes).values(at=db_now()).inline()  # nobody asks for the number: no second statement, no RETURNING


def hold(connection: Connection) -> None:
    """Hold the lock under which numbers are drawn, until the transaction ends."""
    serialise(connection, "changes")


def record(
    connection: Connection,
    kind: str,
    *,
    article_id: str | None = None,
    cluster_id: str | None = None,
    revision: int | None = None,
) -> None:
    """Append one change; visible when the transaction commits."""
    hold(connection)
    values = {"kind": kind, "article_id": article_id, "cluster_id": cluster_id, "revision": revision}
    connection.execute(_RECORD, values)


def record_clusters(connection: Connection, cluster_ids: Sequence[str]) -> None:
    """Append that clusters are new, in this order."""
    if cluster_ids:
        hold(connection)
        blank = {"kind": CLUSTER, "article_id": None, "revision": None}
        connection.execute(_RECORD, [blank | {"cluster_id": cluster_id} for cluster_id in cluster_ids])


def record_each(connection: Connection, some: Sequence[tuple[str, str, str | None]]) -> None:
    """Append changes of clusters, in this order: (kind, cluster, article) each."""
    if some:
        hold(connection)
        names = ("kind", "cluster_id", "article_id")
        connection.execute(_RECORD, [dict(zip(names, row, strict=True)) | {"revision": None} for row in some])


def record_articles(connection: Connection, revisions: Sequence[tuple[str, int]]) -> None:
    """Append that articles say something new, in this order: each one's id and revision."""
    if revisions:
        hold(connection)
        blank = {"kind": UPSERT, "cluster_id": None}
        rows = [blank | {"article_id": id_, "revision": revision} for id_, revision in revisions]
        connection.execute(_RECORD, rows)
