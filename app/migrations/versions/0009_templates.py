"""A county's own words for messages; letters; the outbox keeps a message's template and fields for gateways.

Revision ID: 0009_templates
Revises: 0008_clocks
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0009_templates"
down_revision = "0008_clocks"
branch_labels = None
depends_on = None

MOMENT = talent_pool.columns.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("template", sa.String(length=40), nullable=False, server_default=sa.text("''")))
        batch_op.add_column(sa.Column("fields", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    with op.batch_alter_table("outbox", schema=None) as batch_op:  # only for the rows that were there
        batch_op.alter_column("template", server_default=None)
        batch_op.alter_column("fields", server_default=None)
    op.create_table(
        "message_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_text")),
        sa.UniqueConstraint("area", "name", "lang", "version", name=op.f("uq_message_text_area_name_lang_version")),
    )
    op.create_table(
        "letter",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("side_id", sa.Integer(), nullable=False),
        sa.Column("dedupe", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("delivered_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_letter_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_letter_side_id_side"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_letter_dedupe")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_dispute_id"), ["dispute_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_side_id"), ["side_id"], unique=False)


def downgrade() -> None:
    op.drop_table("letter")
    op.drop_table("message_text")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("fields")
        batch_op.drop_column("template")
