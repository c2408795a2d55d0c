"""What officers made of readings, and what came of learning from it.

Revision ID: 0010_learning
Revises: 0009_templates
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0010_learning"
down_revision = "0009_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reading_label",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("machine_type", sa.String(length=40), nullable=False),
        sa.Column("machine_subtype", sa.String(length=40), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("machine_gates", sa.JSON(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("subtype", sa.String(length=40), nullable=False),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("removed_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_reading_label_account_id_account")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_reading_label_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_label")),
        sa.UniqueConstraint("dispute_id", name=op.f("uq_reading_label_dispute_id")),
    )
    for column in ("account_id", "dispute_id", "month"):
        op.create_index(op.f(f"ix_reading_label_{column}"), "reading_label", [column], unique=False)
    op.create_index("ix_reading_label_at", "reading_label", ["at"], unique=False)
    op.create_table(
        "learning_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("champion", sa.String(length=64), nullable=False),
        sa.Column("challenger", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_run")),
    )
    op.create_index(op.f("ix_learning_run_at"), "learning_run", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("learning_run")
    op.drop_table("reading_label")
