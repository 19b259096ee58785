"""Access tokens, sealed, each with whose turn it is to obtain the next one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "connector_tokens",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("api", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("access", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh", sa.LargeBinary(), nullable=True),
        sa.Column("holder", sa.String(32), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("refused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "api", name="pk_connector_tokens"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connector_accounts.id"],
            name="fk_connector_tokens_account_id",
            ondelete="CASCADE",
        ),
    )
