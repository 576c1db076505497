"""Of articles that were taken down it is no longer kept where they stood before decisions."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("DELETE FROM places_before WHERE article_id NOT IN (SELECT article_id FROM members)")
