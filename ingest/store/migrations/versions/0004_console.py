"""Which model made how much of each article; the sites we know, in order."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

COUNTED = {
    "sqlite": (
        "INSERT INTO article_models (article_id, model, sentences) "
        "SELECT a.id, json_extract(s.value, '$.model'), count(*) FROM articles a, json_each(a.sentences) s "
        "WHERE json_extract(s.value, '$.model') IS NOT NULL GROUP BY 1, 2"
    ),
    "postgresql": (
        "INSERT INTO article_models (article_id, model, sentences) "
        "SELECT a.id, s.value->>'model', count(*) FROM articles a, json_array_elements(a.sentences) s "
        "WHERE s.value->>'model' IS NOT NULL GROUP BY 1, 2"
    ),
}


def upgrade() -> None:
    op.create_table(
        "article_models",
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "model", name=op.f("pk_article_models")),
    )
    op.create_index("ix_article_models_model", "article_models", ["model", "article_id", "sentences"], unique=False)
    op.create_index(
        "ix_site_blocks_sites",
        "site_blocks",
        ["articles", "site"],
        unique=False,
        sqlite_where=sa.text("fingerprint = x'0000000000000000'"),
        postgresql_where=sa.text("fingerprint = '\\x0000000000000000'::bytea"),
    )
    op.execute(COUNTED[op.get_bind().dialect.name])
