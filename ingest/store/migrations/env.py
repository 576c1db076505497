"""What Alembic runs: the connection is handed in by `ingest.store.migrations.upgrade`, which owns the transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from ingest.store.schema import Utc, is_ours, metadata


def render(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Our own types by their names."""
    if kind == "type" and isinstance(item, Utc):
        autogen_context.imports.add("from ingest.store.schema import Utc")
        return "Utc()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's is, since the engine begins transactions itself
    compare_type=True,
    render_item=render,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
