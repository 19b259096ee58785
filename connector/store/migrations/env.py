"""What Alembic runs: the scripts, over the connection (and in the transaction) that `upgrade` was given."""

from __future__ import annotations

from alembic import context

from connector.store.schema import VERSION_TABLE, metadata

__all__: list[str] = []

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite can alter little in place
)
context.run_migrations()
