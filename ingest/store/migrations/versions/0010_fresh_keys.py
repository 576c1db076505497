"""What lately came into the index with one row a text, in place of seventy."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "fresh_keys",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fresh_keys")),
    )
    op.execute("INSERT INTO bands (hash, number) SELECT hash, number FROM fresh_bands ORDER BY hash, number")
    op.drop_table("fresh_bands")
