"""The pool of mediators, stations, accounts.

Revision ID: 0001_pool_and_house
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op

import talent_pool.columns

revision = "0001_pool_and_house"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_key",
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_form_key")),
    )
    op.create_table(
        "mediator",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sex", sa.String(length=40), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("home", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("intro", sa.String(length=60), nullable=False),
        sa.Column("dialects", sa.String(length=80), nullable=False),
        sa.Column("load_cap", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("open_cases", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("open_cases >= 0", name=op.f("ck_mediator_open_cases")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_mediator_home"), "mediator", ["home"], unique=False)
    op.create_table(
        "pool_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sign_in_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_hash", sa.String(length=64), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_try")),
    )
    op.create_index("ix_sign_in_try_address_at", "sign_in_try", ["address_hash", "at"], unique=False)
    op.create_index("ix_sign_in_try_login_at", "sign_in_try", ["login_hash", "at"], unique=False)
    op.create_table(
        "station",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
    )
    op.create_index(op.f("ix_station_area"), "station", ["area"], unique=False)
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_absence_days")),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_absence_days", "absence", ["last_day", "first_day"], unique=False)
    op.create_index(op.f("ix_absence_mediator_id"), "absence", ["mediator_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.Column("area", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("disabled_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.Column("enabled_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_account_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_index(op.f("ix_account_station_id"), "account", ["station_id"], unique=False)
    op.create_table(
        "expertise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("subtype", sa.String(length=40), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mediator_id", "type", "subtype"),
    )
    op.create_index(op.f("ix_expertise_mediator_id"), "expertise", ["mediator_id"], unique=False)
    op.create_index(op.f("ix_expertise_type"), "expertise", ["type"], unique=False)
    op.create_table(
        "pool_change",
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mediator_id"),
    )
    op.create_index(op.f("ix_pool_change_version"), "pool_change", ["version"], unique=False)
    op.create_table(
        "relation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("person_name", sa.String(length=40), nullable=False),
        sa.Column("person_phone", sa.String(length=20), nullable=False),
        sa.Column("person_village", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_relation_mediator_id"), "relation", ["mediator_id"], unique=False)
    op.create_index("ix_relation_person", "relation", ["person_name", "person_village"], unique=False)
    op.create_index(op.f("ix_relation_person_phone"), "relation", ["person_phone"], unique=False)
    op.create_table(
        "service_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mediator_id", sa.Integer(), nullable=False),
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mediator_id", "region"),
    )
    op.create_index(op.f("ix_service_area_mediator_id"), "service_area", ["mediator_id"], unique=False)
    op.create_index(op.f("ix_service_area_region"), "service_area", ["region"], unique=False)
    op.create_table(
        "station_town",
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_station_town_station_id_station"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_station_town")),
    )
    op.create_index(op.f("ix_station_town_station_id"), "station_town", ["station_id"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", talent_pool.columns.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_key_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_index(op.f("ix_api_key_account_id"), "api_key", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_api_key_account_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index(op.f("ix_station_town_station_id"), table_name="station_town")
    op.drop_table("station_town")
    op.drop_index(op.f("ix_service_area_region"), table_name="service_area")
    op.drop_index(op.f("ix_service_area_mediator_id"), table_name="service_area")
    op.drop_table("service_area")
    op.drop_index(op.f("ix_relation_person_phone"), table_name="relation")
    op.drop_index("ix_relation_person", table_name="relation")
    op.drop_index(op.f("ix_relation_mediator_id"), table_name="relation")
    op.drop_table("relation")
    op.drop_index(op.f("ix_pool_change_version"), table_name="pool_change")
    op.drop_table("pool_change")
    op.drop_index(op.f("ix_expertise_type"), table_name="expertise")
    op.drop_index(op.f("ix_expertise_mediator_id"), table_name="expertise")
    op.drop_table("expertise")
    op.drop_index(op.f("ix_account_station_id"), table_name="account")
    op.drop_table("account")
    op.drop_index(op.f("ix_absence_mediator_id"), table_name="absence")
    op.drop_index("ix_absence_days", table_name="absence")
    op.drop_table("absence")
    op.drop_index(op.f("ix_station_area"), table_name="station")
    op.drop_table("station")
    op.drop_index("ix_sign_in_try_login_at", table_name="sign_in_try")
    op.drop_index("ix_sign_in_try_address_at", table_name="sign_in_try")
    op.drop_table("sign_in_try")
    op.drop_table("pool_version")
    op.drop_index(op.f("ix_mediator_home"), table_name="mediator")
    op.drop_table("mediator")
    op.drop_table("form_key")
