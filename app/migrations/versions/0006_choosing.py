"""Ballots and logs under seal; what a side says besides its ballot; who joins a mediation.

Revision ID: 0006_choosing
Revises: 0005_pool_register
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import context, op

import talent_pool.columns

revision = "0006_choosing"
down_revision = "0005_pool_register"
branch_labels = None
depends_on = None

CLEAR = ("chosen", "reserves", "provisional", "silent")


def upgrade() -> None:
    op.add_column("ballot", sa.Column("sealed", sa.String(), nullable=False, server_default=""))
    op.add_column("ballot", sa.Column("commitment", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("choice", sa.Column("sealed", sa.String(), nullable=False, server_default=""))
    op.add_column("assignment", sa.Column("role", sa.String(length=10), nullable=False, server_default="lead"))
    op.add_column("side", sa.Column("help_asked_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True))
    _seal_everything()
    _final("ballot", "marks", ("sealed", "commitment"))
    _final("choice", "log", ("sealed",))
    with op.batch_alter_table("assignment") as batch:
        batch.alter_column("role", server_default=None, existing_type=sa.String(length=10), existing_nullable=False)
    _words()


def _final(table: str, dropped: str, kept: tuple[str, ...]) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_column(dropped)
        for name in kept:
            length = sa.String(length=64) if name == "commitment" else sa.String()
            batch.alter_column(name, server_default=None, existing_type=length, existing_nullable=False)


def _case_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
    ]


def _case_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["dispute_id"], ["dispute.id"], name=op.f(f"fk_{table}_dispute_id_dispute"), ondelete="CASCADE"
    )


def _words() -> None:
    op.create_table(
        "side_word",
        *_case_columns(),
        sa.Column("side_id", sa.Integer(), nullable=False),
        sa.Column("asked", sa.String(length=40), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("yes", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        _case_key("side_word"),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_side_word_side_id_side"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_side_word")),
        sa.UniqueConstraint("side_id", "asked", "key", name=op.f("uq_side_word_side_id_asked_key")),
    )
    op.create_table(
        "nomination",
        *_case_columns(),
        sa.Column("side_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        _case_key("nomination"),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_nomination_side_id_side"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_nomination_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination")),
        sa.UniqueConstraint("side_id", "round", name=op.f("uq_nomination_side_id_round")),
    )
    op.create_table(
        "designation",
        *_case_columns(),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        _case_key("designation"),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_designation_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_designation")),
        sa.UniqueConstraint("dispute_id", "mediator_id", name=op.f("uq_designation_dispute_id_mediator_id")),
    )
    for table, columns in (
        ("side_word", ("dispute_id", "side_id")),
        ("nomination", ("dispute_id", "side_id", "mediator_id")),
        ("designation", ("dispute_id", "mediator_id")),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    for table in ("designation", "nomination", "side_word"):
        op.drop_table(table)
    for table, column in (("ballot", "marks"), ("choice", "log")):
        op.add_column(table, sa.Column(column, sa.JSON(), nullable=False, server_default="{}"))
    _open_everything()
    for table, column, dropped in (("ballot", "marks", ("sealed", "commitment")), ("choice", "log", ("sealed",))):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, server_default=None, existing_type=sa.JSON(), existing_nullable=False)
            for name in dropped:
                batch.drop_column(name)
    with op.batch_alter_table("assignment") as batch:
        batch.drop_column("role")
    with op.batch_alter_table("side") as batch:
        batch.drop_column("help_asked_at")


# --- the rows: what lay open is sealed on the way up, and opened on the way down ---


def _of_a_case(table: str, *columns: sa.ColumnClause[Any]) -> sa.TableClause:
    return sa.table(table, sa.column("id"), sa.column("dispute_id"), sa.column("round"), sa.column("sealed"), *columns)


_BALLOT = _of_a_case("ballot", sa.column("side_id"), sa.column("marks", sa.JSON()), sa.column("commitment"))
_CHOICE = _of_a_case("choice", sa.column("log", sa.JSON()), sa.column("result", sa.JSON()))
_SIDE = sa.table("side", sa.column("id"), sa.column("letter"))
_DISPUTE = sa.table("dispute", sa.column("id"), sa.column("no"))


def _seal_everything() -> None:
    from app.ballot_box import sealed

    connection, keyring = op.get_bind(), context.config.attributes["keyring"]
    letters = sa.select(_BALLOT, _SIDE.c.letter, _DISPUTE.c.no).where(
        _SIDE.c.id == _BALLOT.c.side_id, _DISPUTE.c.id == _BALLOT.c.dispute_id
    )
    for row in connection.execute(letters).all():
        kept = sealed(keyring, row.no, {"dispute_id": row.dispute_id}, row.round, (row.side_id, row.letter), row.marks)
        connection.execute(sa.update(_BALLOT).where(_BALLOT.c.id == row.id).values(**kept))
    for row in connection.execute(sa.select(_CHOICE)).all():
        kept = keyring.seal(f"choice.sealed/{row.dispute_id}/{row.round}", {"log": row.log, "result": row.result})
        clear = {name: row.result[name] for name in CLEAR if name in row.result}
        connection.execute(sa.update(_CHOICE).where(_CHOICE.c.id == row.id).values(sealed=kept, result=clear))


def _open_everything() -> None:
    connection, keyring = op.get_bind(), context.config.attributes["keyring"]
    for row in connection.execute(sa.select(_BALLOT)).all():
        place = f"ballot.sealed/{row.dispute_id}/{row.round}/{row.side_id}"
        marks = keyring.open(place, row.sealed)["marks"] if row.sealed else {}
        connection.execute(sa.update(_BALLOT).where(_BALLOT.c.id == row.id).values(marks=marks))
    for row in connection.execute(sa.select(_CHOICE)).all():
        inside = {"log": {}, "result": json.loads(json.dumps(row.result))}
        if row.sealed:
            inside = keyring.open(f"choice.sealed/{row.dispute_id}/{row.round}", row.sealed)
        connection.execute(sa.update(_CHOICE).where(_CHOICE.c.id == row.id).values(**inside))
