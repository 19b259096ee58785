"""Brings the schema of a database to `HEAD`. The only place that imports Alembic, and only when called."""

from __future__ import annotations

import threading

from sqlalchemy import Connection

from connector.store.schema import HEAD

__all__ = ["upgrade"]

_ALEMBIC = (
    threading.Lock()
)  # Alembic keeps the running migration in module globals: one at a time in a process


def upgrade(connection: Connection) -> None:
    """Run the missing scripts within the transaction of `connection`; committing is the caller's."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "connector.store:migrations")
    config.attributes["connection"] = connection
    with _ALEMBIC:
        command.upgrade(config, HEAD)
