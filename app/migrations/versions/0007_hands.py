"""Codes by SMS, notices of sealed ballots and objections, helped ballots, the desk's PIN.

Revision ID: 0007_hands
Revises: 0006_choosing
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0007_hands"
down_revision = "0006_choosing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _table(
        "seal_code",
        _side(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        _moment("sent_at"),
        _moment("expires_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        _moment("used_at", nullable=True),
        _side_key("seal_code"),
        sa.UniqueConstraint("side_id", name=op.f("uq_seal_code_side_id")),
    )
    _table(
        "seal_notice",
        _side(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        _moment("at"),
        _moment("objected_at", nullable=True),
        _moment("settled_at", nullable=True),
        _side_key("seal_notice"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_seal_notice_token_hash")),
        by_side=True,
    )
    _table(
        "void_choice",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        _moment("at"),
        _moment("voided_at"),
    )
    _table(
        "helped_ballot",
        _side(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("helper_id", sa.Integer(), nullable=False),
        sa.Column("witness", sa.String(length=40), nullable=False),
        sa.Column("wish", sa.String(length=20), nullable=False),
        _moment("at"),
        _side_key("helped_ballot"),
        sa.ForeignKeyConstraint(["helper_id"], ["account.id"], name=op.f("fk_helped_ballot_helper_id_account")),
        sa.UniqueConstraint("side_id", "round", name=op.f("uq_helped_ballot_side_id_round")),
        by_side=True,
    )
    _table(
        "desk_pin",
        sa.Column("round", sa.Integer(), nullable=False),
        _side(),
        sa.Column("pin_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("seen_at"),
        _side_key("desk_pin"),
        sa.UniqueConstraint("dispute_id", "round", name=op.f("uq_desk_pin_dispute_id_round")),
        by_side=True,
    )


def _side() -> sa.Column[Any]:
    return sa.Column("side_id", sa.Integer(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, talent_pool.columns.UtcDateTime(timezone=True), nullable=nullable)


def _side_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f(f"fk_{table}_side_id_side"), ondelete="CASCADE")


def _table(name: str, *columns: Any, by_side: bool = False) -> None:
    op.create_table(
        name,
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f(f"fk_{name}_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_dispute_id"), name, ["dispute_id"])
    if by_side:
        op.create_index(op.f(f"ix_{name}_side_id"), name, ["side_id"])


def downgrade() -> None:
    # Who was suspended waits for a choice that the older schema cannot make anew: the slot is kept, the question asked.
    op.execute("UPDATE assignment SET state = 'asked' WHERE state = 'suspended'")
    for name in ("desk_pin", "helped_ballot", "void_choice", "seal_notice", "seal_code"):
        op.drop_table(name)
