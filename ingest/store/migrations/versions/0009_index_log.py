"""What lately came into the index in a table of its own, and a log of changes, so that processes can hold copies."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "fresh_bands",
        sa.Column("hash", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hash", "number", name=op.f("pk_fresh_bands")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_log",
        sa.Column("stamp", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_index_log")),
    )
