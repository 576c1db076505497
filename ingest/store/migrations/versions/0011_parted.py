"""Whom a decided exact copy follows again once nothing names it any more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

PARTED = (
    "UPDATE members SET parted_from = (SELECT o.article_id FROM matches p "
    "JOIN members o ON o.article_id = CASE WHEN p.a = members.article_id THEN p.b ELSE p.a END "
    "WHERE (p.a = members.article_id OR p.b = members.article_id) AND p.rule = 'same-text-apart' "
    "AND o.leader = o.article_id AND o.joined_at < members.joined_at ORDER BY o.joined_at LIMIT 1) "
    "WHERE leader = article_id AND article_id IN (SELECT a FROM decisions WHERE undone_at IS NULL "
    "UNION SELECT b FROM decisions WHERE undone_at IS NULL) "
    "AND NOT EXISTS (SELECT 1 FROM members f WHERE f.leader = members.article_id AND f.article_id <> members.article_id)"
)
"""Each became a text of its own after the one it is an exact copy of. One that others follow stays what it is."""

LED = "UPDATE members SET parted_from = NULL WHERE parted_from IN (SELECT article_id FROM members WHERE parted_from > '')"


def upgrade() -> None:
    op.add_column("members", sa.Column("parted_from", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_members_parted",
        "members",
        ["parted_from"],
        unique=False,
        sqlite_where=sa.text("parted_from IS NOT NULL"),
        postgresql_where=sa.text("parted_from IS NOT NULL"),
    )
    op.execute(PARTED)
    op.execute(LED)
