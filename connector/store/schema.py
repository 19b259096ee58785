"""The tables, the revisions of their schema, and what a moment is in both databases.

Documents are JSON in text columns, not the databases' own JSON: JSONB reorders keys and refuses U+0000.
Table names are prefixed, the version table too: a PostgreSQL database may be shared with the application
that uses the library. Names are fixed once released; a change is a new script in `migrations/versions/`
and its name at the end of `REVISIONS`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    column,
    table,
)

__all__ = [
    "HEAD",
    "REVISIONS",
    "VERSION_TABLE",
    "UtcDateTime",
    "accounts",
    "capture_chunks",
    "captures",
    "metadata",
    "refreshes",
    "secrets",
    "tokens",
    "versions",
]

REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]
VERSION_TABLE = "connector_alembic_version"


versions = table(VERSION_TABLE, column("version_num", Text))
"""Alembic's own table: the revision that the schema is at, in one row."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware when written, aware and in UTC when read, also from SQLite, which keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone can't be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

accounts = Table(
    "connector_accounts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(63), nullable=False, unique=True),
    Column("connector", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("base_urls", Text, nullable=False),
    Column("allow_networks", Text, nullable=False),
    Column("overrides", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

secrets = Table(
    "connector_secrets",
    metadata,
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

captures = Table(
    "connector_captures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("key", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("holder", String(32), nullable=False),
    Column("held_until", UtcDateTime, nullable=False),
    Column("progress", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("declared", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

capture_chunks = Table(
    "connector_capture_chunks",
    metadata,
    Column("capture_id", ForeignKey(captures.c.id, ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

refreshes = Table(
    "connector_refreshes",
    metadata,
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("done_at", UtcDateTime, nullable=False),
)

tokens = Table(
    "connector_tokens",
    metadata,
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("api", String(255), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("access", LargeBinary, nullable=True),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("refresh", LargeBinary, nullable=True),
    Column("holder", String(32), nullable=True),
    Column("held_until", UtcDateTime, nullable=True),
    Column("refusal", Text, nullable=True),
    Column("refused_until", UtcDateTime, nullable=True),
)
