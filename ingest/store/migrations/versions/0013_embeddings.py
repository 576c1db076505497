"""What texts mean, for those who name an encoder."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("stamp", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("encoder", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_embeddings")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_embeddings_number", "embeddings", ["number"], unique=False)
    op.create_index("ix_embeddings_digest", "embeddings", ["digest"], unique=False)
