"""Messages on their way, and what the clock has done.

Revision ID: 0003_messages_and_clock
Revises: 0002_case
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0003_messages_and_clock"
down_revision = "0002_case"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "due_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("whom", sa.String(length=40), nullable=False),
        sa.Column("ran_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_run")),
        sa.UniqueConstraint("name", "period", "whom", name=op.f("uq_due_run_name_period_whom")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "inbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("dedupe", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("read_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_inbox_message_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_inbox_message_dedupe")),
    )
    op.create_index("ix_inbox_message_account_at", "inbox_message", ["account_id", "at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedupe", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("dispute_id", sa.Integer(), nullable=True),
        sa.Column("created_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=False),
        sa.Column("lease_until", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("sent_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_outbox_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_outbox_dedupe")),
    )
    op.create_index(op.f("ix_outbox_dispute_id"), "outbox", ["dispute_id"], unique=False)
    op.create_index("ix_outbox_state_next_at", "outbox", ["state", "next_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_outbox_state_next_at", table_name="outbox")
    op.drop_index(op.f("ix_outbox_dispute_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_message_account_at", table_name="inbox_message")
    op.drop_table("inbox_message")
    op.drop_table("heartbeat")
    op.drop_table("due_run")
