"""The case: sides, gates, lists, ballots, choices, what followed.

Revision ID: 0002_case
Revises: 0001_pool_and_house
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0002_case"
down_revision = "0001_pool_and_house"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_number",
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_case_number_station_id_station"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("station_id", "year", name=op.f("pk_case_number")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("no", sa.String(length=40), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("narrative", sa.String(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("subtype", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("ended", sa.String(length=40), nullable=False),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("colour_until", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["account.id"], name=op.f("fk_dispute_officer_id_account")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_dispute_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("no", name=op.f("uq_dispute_no")),
    )
    op.create_index("ix_dispute_area_opened", "dispute", ["area", "opened_at"], unique=False)
    op.create_index(op.f("ix_dispute_due_at"), "dispute", ["due_at"], unique=False)
    op.create_index(op.f("ix_dispute_officer_id"), "dispute", ["officer_id"], unique=False)
    op.create_index("ix_dispute_station_state", "dispute", ["station_id", "state"], unique=False)
    op.create_index(op.f("ix_dispute_type"), "dispute", ["type"], unique=False)
    op.create_table(
        "agreement",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("oral", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.String(length=4000), nullable=False),
        sa.Column("terms", sa.String(length=4000), nullable=False),
        sa.Column("performance_way", sa.String(length=300), nullable=False),
        sa.Column("perform_by", sa.Date(), nullable=True),
        sa.Column("agreed_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("performed", sa.String(length=20), nullable=False),
        sa.Column("performed_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_agreement_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("dispute_id", name=op.f("uq_agreement_dispute_id")),
    )
    op.create_index(op.f("ix_agreement_dispute_id"), "agreement", ["dispute_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("slot_held", sa.Boolean(), nullable=False),
        sa.Column("asked_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("disclosed", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_assignment_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_assignment_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("dispute_id", "mediator_id", name=op.f("uq_assignment_dispute_id_mediator_id")),
        sa.UniqueConstraint("dispute_id", "position", name=op.f("uq_assignment_dispute_id_position")),
    )
    op.create_index(op.f("ix_assignment_dispute_id"), "assignment", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_assignment_mediator_id"), "assignment", ["mediator_id"], unique=False)
    op.create_table(
        "choice",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("log", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_choice_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
        sa.UniqueConstraint("dispute_id", "round", name=op.f("uq_choice_dispute_id_round")),
    )
    op.create_index(op.f("ix_choice_dispute_id"), "choice", ["dispute_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_event_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_dispute_id"), "event", ["dispute_id"], unique=False)
    op.create_table(
        "follow_up",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visited_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("performed", sa.String(length=20), nullable=False),
        sa.Column("relapsed", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(length=2000), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_follow_up_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
    )
    op.create_index(op.f("ix_follow_up_dispute_id"), "follow_up", ["dispute_id"], unique=False)
    op.create_table(
        "gate",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seconded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_gate_decided_by_account")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_gate_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["seconded_by"], ["account.id"], name=op.f("fk_gate_seconded_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate")),
        sa.UniqueConstraint("dispute_id", "code", name=op.f("uq_gate_dispute_id_code")),
    )
    op.create_index(op.f("ix_gate_dispute_id"), "gate", ["dispute_id"], unique=False)
    op.create_table(
        "meeting",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("held_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("present", sa.String(length=300), nullable=False),
        sa.Column("notes", sa.String(length=4000), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_meeting_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(op.f("ix_meeting_dispute_id"), "meeting", ["dispute_id"], unique=False)
    op.create_table(
        "recusal",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("declared_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_recusal_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_recusal_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recusal")),
        sa.UniqueConstraint("dispute_id", "mediator_id", name=op.f("uq_recusal_dispute_id_mediator_id")),
    )
    op.create_index(op.f("ix_recusal_dispute_id"), "recusal", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_recusal_mediator_id"), "recusal", ["mediator_id"], unique=False)
    op.create_table(
        "shortlist",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("made_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("widened_to", sa.BigInteger(), nullable=True),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_shortlist_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shortlist")),
        sa.UniqueConstraint("dispute_id", "round", name=op.f("uq_shortlist_dispute_id_round")),
    )
    op.create_index(op.f("ix_shortlist_dispute_id"), "shortlist", ["dispute_id"], unique=False)
    op.create_table(
        "side",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter", sa.String(length=1), nullable=False),
        sa.Column("applicant", sa.Boolean(), nullable=False),
        sa.Column("consented_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("consent_how", sa.String(length=20), nullable=False),
        sa.Column("opened_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_side_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_side")),
        sa.UniqueConstraint("dispute_id", "letter", name=op.f("uq_side_dispute_id_letter")),
    )
    op.create_index(op.f("ix_side_dispute_id"), "side", ["dispute_id"], unique=False)
    op.create_table(
        "ballot",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("side_id", sa.Integer(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("by_account", sa.Integer(), nullable=True),
        sa.Column("sealed_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_account"], ["account.id"], name=op.f("fk_ballot_by_account_account")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_ballot_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_ballot_side_id_side"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("dispute_id", "round", "side_id", name=op.f("uq_ballot_dispute_id_round_side_id")),
    )
    op.create_index(op.f("ix_ballot_dispute_id"), "ballot", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_ballot_side_id"), "ballot", ["side_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("side_id", sa.Integer(), nullable=True),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("nonce", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["assignment.id"],
            name=op.f("fk_invitation_assignment_id_assignment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_invitation_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_invitation_side_id_side"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_index(op.f("ix_invitation_assignment_id"), "invitation", ["assignment_id"], unique=False)
    op.create_index(op.f("ix_invitation_dispute_id"), "invitation", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_invitation_side_id"), "invitation", ["side_id"], unique=False)
    op.create_table(
        "listing",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shortlist_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("fit", sa.Integer(), nullable=False),
        sa.Column("open_cases", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_listing_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_listing_mediator_id_mediator")),
        sa.ForeignKeyConstraint(
            ["shortlist_id"], ["shortlist.id"], name=op.f("fk_listing_shortlist_id_shortlist"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
        sa.UniqueConstraint("shortlist_id", "mediator_id", name=op.f("uq_listing_shortlist_id_mediator_id")),
        sa.UniqueConstraint("shortlist_id", "position", name=op.f("uq_listing_shortlist_id_position")),
    )
    op.create_index(op.f("ix_listing_dispute_id"), "listing", ["dispute_id"], unique=False)
    op.create_index(op.f("ix_listing_mediator_id"), "listing", ["mediator_id"], unique=False)
    op.create_index(op.f("ix_listing_shortlist_id"), "listing", ["shortlist_id"], unique=False)
    op.create_table(
        "party",
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("side_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sex", sa.String(length=40), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("village", sa.BigInteger(), nullable=True),
        sa.Column("spokesperson", sa.Boolean(), nullable=False),
        sa.Column("guardian", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_party_dispute_id_dispute"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["side_id"], ["side.id"], name=op.f("fk_party_side_id_side"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
    )
    op.create_index(op.f("ix_party_dispute_id"), "party", ["dispute_id"], unique=False)
    op.create_index("ix_party_phone", "party", ["phone"], unique=False)
    op.create_index(op.f("ix_party_side_id"), "party", ["side_id"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("created_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_web_session_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_web_session_invitation_id_invitation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
    )
    op.create_index(op.f("ix_web_session_account_id"), "web_session", ["account_id"], unique=False)
    op.create_index(op.f("ix_web_session_invitation_id"), "web_session", ["invitation_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_web_session_invitation_id"), table_name="web_session")
    op.drop_index(op.f("ix_web_session_account_id"), table_name="web_session")
    op.drop_table("web_session")
    op.drop_index(op.f("ix_party_side_id"), table_name="party")
    op.drop_index("ix_party_phone", table_name="party")
    op.drop_index(op.f("ix_party_dispute_id"), table_name="party")
    op.drop_table("party")
    op.drop_index(op.f("ix_listing_shortlist_id"), table_name="listing")
    op.drop_index(op.f("ix_listing_mediator_id"), table_name="listing")
    op.drop_index(op.f("ix_listing_dispute_id"), table_name="listing")
    op.drop_table("listing")
    op.drop_index(op.f("ix_invitation_side_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_dispute_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_assignment_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_index(op.f("ix_ballot_side_id"), table_name="ballot")
    op.drop_index(op.f("ix_ballot_dispute_id"), table_name="ballot")
    op.drop_table("ballot")
    op.drop_index(op.f("ix_side_dispute_id"), table_name="side")
    op.drop_table("side")
    op.drop_index(op.f("ix_shortlist_dispute_id"), table_name="shortlist")
    op.drop_table("shortlist")
    op.drop_index(op.f("ix_recusal_mediator_id"), table_name="recusal")
    op.drop_index(op.f("ix_recusal_dispute_id"), table_name="recusal")
    op.drop_table("recusal")
    op.drop_index(op.f("ix_meeting_dispute_id"), table_name="meeting")
    op.drop_table("meeting")
    op.drop_index(op.f("ix_gate_dispute_id"), table_name="gate")
    op.drop_table("gate")
    op.drop_index(op.f("ix_follow_up_dispute_id"), table_name="follow_up")
    op.drop_table("follow_up")
    op.drop_index(op.f("ix_event_dispute_id"), table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_choice_dispute_id"), table_name="choice")
    op.drop_table("choice")
    op.drop_index(op.f("ix_assignment_mediator_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_dispute_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_index(op.f("ix_agreement_dispute_id"), table_name="agreement")
    op.drop_table("agreement")
    op.drop_index(op.f("ix_dispute_type"), table_name="dispute")
    op.drop_index("ix_dispute_station_state", table_name="dispute")
    op.drop_index(op.f("ix_dispute_officer_id"), table_name="dispute")
    op.drop_index(op.f("ix_dispute_due_at"), table_name="dispute")
    op.drop_index("ix_dispute_area_opened", table_name="dispute")
    op.drop_table("dispute")
    op.drop_table("case_number")
