"""The register beside the pool: profiles, photos, training, teams, history, corrections; lists on their way in.

Revision ID: 0005_pool_register
Revises: 0004_case_links
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns
from talent_pool.spelling import spell

revision = "0005_pool_register"
down_revision = "0004_case_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pool_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("undone_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_batch")),
    )
    with op.batch_alter_table("pool_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pool_batch_area"), ["area"], unique=False)

    op.create_table(
        "pool_column_map",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("heading_hash", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_column_map")),
        sa.UniqueConstraint("area", "heading_hash", name=op.f("uq_pool_column_map_area_heading_hash")),
    )
    op.create_table(
        "mediator_membership",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["mediator.id"], name=op.f("fk_mediator_membership_member_id_mediator")),
        sa.ForeignKeyConstraint(["team_id"], ["mediator.id"], name=op.f("fk_mediator_membership_team_id_mediator")),
        sa.PrimaryKeyConstraint("team_id", "member_id", name=op.f("pk_mediator_membership")),
    )
    with op.batch_alter_table("mediator_membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediator_membership_member_id"), ["member_id"], unique=False)

    op.create_table(
        "mediator_photo",
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_mediator_photo_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("mediator_id", name=op.f("pk_mediator_photo")),
    )
    op.create_table(
        "mediator_profile",
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("subkind", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.String(length=40), nullable=False),
        sa.Column("term_from", sa.Date(), nullable=True),
        sa.Column("term_to", sa.Date(), nullable=True),
        sa.Column("consent", sa.String(length=40), nullable=False),
        sa.Column("consent_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id_index", sa.String(length=64), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("spelt", sa.String(length=600), nullable=False),
        sa.CheckConstraint("term_from <= term_to", name=op.f("ck_mediator_profile_term")),
        sa.ForeignKeyConstraint(
            ["mediator_id"], ["mediator.id"], name=op.f("fk_mediator_profile_mediator_id_mediator")
        ),
        sa.PrimaryKeyConstraint("mediator_id", name=op.f("pk_mediator_profile")),
    )
    with op.batch_alter_table("mediator_profile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediator_profile_id_index"), ["id_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediator_profile_term_to"), ["term_to"], unique=False)

    op.create_table(
        "mediator_training",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mediator_id"], ["mediator.id"], name=op.f("fk_mediator_training_mediator_id_mediator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediator_training")),
    )
    with op.batch_alter_table("mediator_training", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediator_training_mediator_id"), ["mediator_id"], unique=False)

    op.create_table(
        "pool_entry_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_pool_entry_link_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_entry_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_pool_entry_link_token_hash")),
    )
    with op.batch_alter_table("pool_entry_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pool_entry_link_mediator_id"), ["mediator_id"], unique=False)

    op.create_table(
        "pool_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["pool_batch.id"], name=op.f("fk_pool_event_batch_id_pool_batch")),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_pool_event_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_event")),
    )
    with op.batch_alter_table("pool_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pool_event_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index("ix_pool_event_mediator_id_id", ["mediator_id", "id"], unique=False)

    op.create_table(
        "pool_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("decided_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name=op.f("fk_pool_proposal_mediator_id_mediator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_proposal")),
    )
    with op.batch_alter_table("pool_proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pool_proposal_mediator_id"), ["mediator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pool_proposal_state"), ["state"], unique=False)

    op.create_table(
        "pool_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.String(length=120), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("same", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_pool_draft_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["pool_batch.id"], name=op.f("fk_pool_draft_batch_id_pool_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_draft")),
    )
    with op.batch_alter_table("pool_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pool_draft_account_id"), ["account_id"], unique=False)

    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("degree", sa.Integer(), nullable=True))

    _begin_profiles()


def _begin_profiles() -> None:
    """Begin the paper of everybody who is in the pool already, so that they are found by pinyin."""
    mediator = sa.table("mediator", sa.column("id"), sa.column("name"))
    profile = sa.table(
        "mediator_profile",
        *(sa.column(name) for name in ("mediator_id", "form", "subkind", "grade", "consent", "id_index", "spelt")),
    )
    blank = {"form": "person", "subkind": "", "grade": "", "consent": "unknown", "id_index": ""}
    people = op.get_bind().execute(sa.select(mediator.c.id, mediator.c.name)).all()
    if people:
        op.bulk_insert(profile, [{"mediator_id": key, "spelt": spell(name), **blank} for key, name in people])


def downgrade() -> None:

    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.drop_column("degree")

    with op.batch_alter_table("pool_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pool_draft_account_id"))

    op.drop_table("pool_draft")
    with op.batch_alter_table("pool_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pool_proposal_state"))
        batch_op.drop_index(batch_op.f("ix_pool_proposal_mediator_id"))

    op.drop_table("pool_proposal")
    with op.batch_alter_table("pool_event", schema=None) as batch_op:
        batch_op.drop_index("ix_pool_event_mediator_id_id")
        batch_op.drop_index(batch_op.f("ix_pool_event_batch_id"))

    op.drop_table("pool_event")
    with op.batch_alter_table("pool_entry_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pool_entry_link_mediator_id"))

    op.drop_table("pool_entry_link")
    with op.batch_alter_table("mediator_training", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediator_training_mediator_id"))

    op.drop_table("mediator_training")
    with op.batch_alter_table("mediator_profile", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediator_profile_term_to"))
        batch_op.drop_index(batch_op.f("ix_mediator_profile_id_index"))

    op.drop_table("mediator_profile")
    op.drop_table("mediator_photo")
    with op.batch_alter_table("mediator_membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mediator_membership_member_id"))

    op.drop_table("mediator_membership")
    op.drop_table("pool_column_map")
    with op.batch_alter_table("pool_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pool_batch_area"))

    op.drop_table("pool_batch")
