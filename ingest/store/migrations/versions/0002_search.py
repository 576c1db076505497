"""Full-text search over articles in both languages; doubtful matches by their score."""

from alembic import op
from ingest.store.schema import ARTICLES_SEARCH

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_matches_score", "matches", ["score", "a", "b"], unique=False, if_not_exists=True)
    dialect = op.get_bind().dialect.name
    for statement in ARTICLES_SEARCH[dialect]:
        op.execute(statement)
    if dialect == "sqlite":
        op.execute("INSERT INTO articles_search (articles_search) VALUES ('rebuild')")
