"""Household and parcel of a quarrel; cases that belong together.

Revision ID: 0004_case_links
Revises: 0003_messages_and_clock
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0004_case_links"
down_revision = "0003_messages_and_clock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN on both databases: SQLite would lose the rows that hang on a case if its table were made anew.
    op.add_column("dispute", sa.Column("household", sa.String(length=80), server_default="", nullable=False))
    op.add_column("dispute", sa.Column("parcel", sa.String(length=80), server_default="", nullable=False))
    op.create_table(
        "case_link",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_before", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_case_link_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["dispute.id"], name=op.f("fk_case_link_other_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_case_link_made_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_link")),
        sa.UniqueConstraint("dispute_id", "other_id", name=op.f("uq_case_link_dispute_id_other_id")),
    )
    op.create_index(op.f("ix_case_link_dispute_id"), "case_link", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_case_link_other_id"), "case_link", ["other_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_case_link_other_id"), table_name="case_link")
    op.drop_index(op.f("ix_case_link_dispute_id"), table_name="case_link")
    op.drop_table("case_link")
    op.drop_column("dispute", "parcel")
    op.drop_column("dispute", "household")
