"""Captures: listings that are kept for a while, in sealed chunks, and when an account's data was last refreshed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "connector_captures",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("declared", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connector_captures"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connector_accounts.id"],
            name="fk_connector_captures_account_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_connector_captures_account_id", "connector_captures", ["account_id"])
    op.create_index("ix_connector_captures_expires_at", "connector_captures", ["expires_at"])
    op.create_table(
        "connector_capture_chunks",
        sa.Column("capture_id", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("capture_id", "place", name="pk_connector_capture_chunks"),
        sa.ForeignKeyConstraint(
            ["capture_id"],
            ["connector_captures.id"],
            name="fk_connector_capture_chunks_capture_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "connector_refreshes",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_connector_refreshes"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connector_accounts.id"],
            name="fk_connector_refreshes_account_id",
            ondelete="CASCADE",
        ),
    )
