"""When the clock looks at a case again; holidays that somebody has set.

Revision ID: 0008_clocks
Revises: 0007_hands
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0008_clocks"
down_revision = "0007_hands"
branch_labels = None
depends_on = None

ENDED = ("failed", "terminated", "transferred", "closed", "archived")


def upgrade() -> None:
    op.create_table(
        "case_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seen_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_case_watch_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_watch")),
        sa.UniqueConstraint("dispute_id", name=op.f("uq_case_watch_dispute_id")),
    )
    with op.batch_alter_table("case_watch") as batch:
        batch.create_index(batch.f("ix_case_watch_dispute_id"), ["dispute_id"], unique=False)
        batch.create_index(batch.f("ix_case_watch_wake_at"), ["wake_at"], unique=False)
        batch.create_index(batch.f("ix_case_watch_seen_at"), ["seen_at"], unique=False)
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("notice", sa.String(length=60), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("set_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    _watch_what_is_open()


def _watch_what_is_open() -> None:
    case = sa.table("dispute", *[sa.column(name) for name in ("id", "station_id", "area", "opened_at", "state")])
    watch = sa.table("case_watch", *[sa.column(name) for name in ("dispute_id", "station_id", "area", "wake_at")])
    open_ones = sa.select(case.c.id, case.c.station_id, case.c.area, case.c.opened_at).where(case.c.state.not_in(ENDED))
    op.execute(watch.insert().from_select(["dispute_id", "station_id", "area", "wake_at"], open_ones))


def downgrade() -> None:
    op.drop_table("calendar_year")
    op.drop_table("case_watch")
