"""Alembic's environment: the connection is handed in by dialer.store.schema, which is how every command reaches it."""

from typing import Literal

from alembic import context

from dialer.store.tables import Base, Word


def render(kind: str, item: object, _: object) -> str | Literal[False]:
    """Words of a closed set are plain text in a revision: the set itself is a check, spelled out there."""
    return "sa.Text()" if kind == "type" and isinstance(item, Word) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    compare_type=True,
    compare_server_default=False,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
