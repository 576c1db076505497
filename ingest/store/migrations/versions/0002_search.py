"""Full-text search over articles in both languages; indexes of the lists."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from ingest.store.schema import ARTICLES_SEARCH

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    plural: dict[str, Any] = {"sqlite_where": sa.text("size >= 2"), "postgresql_where": sa.text("size >= 2")}
    review: dict[str, Any] = {"sqlite_where": sa.text("needs_review IS 1"), "postgresql_where": sa.text("needs_review IS true")}
    for name, table, columns, where in (
        ("ix_matches_score", "matches", ["score", "a", "b"], {}),
        ("ix_clusters_plural", "clusters", ["changed_at", "id"], plural),
        ("ix_clusters_weakest", "clusters", ["weakest", "id"], plural),
        ("ix_articles_review", "articles", ["sort_at", "id"], review),
        ("ix_documents_listed", "documents", ["state", "number"], {}),
    ):
        op.create_index(name, table, columns, unique=False, if_not_exists=True, **where)
    dialect = op.get_bind().dialect.name
    for statement in ARTICLES_SEARCH[dialect]:
        op.execute(statement)
    if dialect == "sqlite":
        op.execute("INSERT INTO articles_search (articles_search) VALUES ('rebuild')")
