"""Create all tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from traceapp.models.base import BigKey, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


_DOUBTFUL_MOVEMENTS = {
    "ix__movement__goes_nowhere": (
        "from_unit_id = to_unit_id OR site_id = from_site_id OR site_id = to_site_id"
    ),
    "ix__movement__not_packs": "not_packs IS NOT NULL",
}


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("division_code", sa.String(length=6), nullable=False),
        sa.Column("site_code", sa.String(length=64), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__account")),
        sa.UniqueConstraint("name", name=op.f("uq__account__name")),
    )
    op.create_table(
        "audit",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=256), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix__audit__action_at", ["action", "at"], unique=False)
        batch_op.create_index("ix__audit__actor_at", ["actor", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix__audit_at"), ["at"], unique=False)

    op.create_table(
        "conflict",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("noun", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("site_code", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("came", sa.JSON(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__conflict")),
        sa.UniqueConstraint("noun", "key", "digest", name=op.f("uq__conflict__noun_key_digest")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__conflict_site_code"), ["site_code"], unique=False)

    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("division_code", sa.String(length=6), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__contact")),
        sa.UniqueConstraint(
            "email", "division_code", name=op.f("uq__contact__email_division_code")
        ),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix__contact_division_code"), ["division_code"], unique=False
        )

    op.create_table(
        "division",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk__division")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk__heartbeat")),
    )
    op.create_table(
        "partition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("subscribed", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("holder", sa.String(length=255), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", Moment(), nullable=True),
        sa.Column("held_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__partition")),
        sa.UniqueConstraint("client_id", name=op.f("uq__partition__client_id")),
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__lot")),
        sa.UniqueConstraint("gtin", "number", name=op.f("uq__lot__gtin_number")),
    )
    with op.batch_alter_table("lot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__lot_number"), ["number"], unique=False)

    op.create_table(
        "product",
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("manufacturer", sa.String(), nullable=True),
        sa.Column("doses_per_pack", sa.Integer(), nullable=False),
        sa.Column("min_celsius", sa.Double(), nullable=False),
        sa.Column("max_celsius", sa.Double(), nullable=False),
        sa.Column("is_freeze_sensitive", sa.Boolean(), nullable=False),
        sa.Column("vvm", sa.String(length=8), nullable=True),
        sa.Column("budget", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("gtin", name=op.f("pk__product")),
    )
    op.create_table(
        "profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("division_code", sa.String(length=6), nullable=False),
        sa.Column("site_code", sa.String(length=64), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("from_at", Moment(), nullable=True),
        sa.Column("until_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__profile")),
    )
    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__profile_code"), ["code"], unique=False)

    op.create_table(
        "recipient",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("document_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("document_masked", sa.String(length=64), nullable=False),
        sa.Column("name_masked", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__recipient")),
        sa.UniqueConstraint("document_index", name=op.f("uq__recipient__document_index")),
    )
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__recipient_key_id"), ["key_id"], unique=False)

    op.create_table(
        "rejection",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("topic", sa.String(length=512), nullable=False),
        sa.Column("site_code", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=128), nullable=False),
        sa.Column("expected", sa.String(length=256), nullable=False),
        sa.Column("got", sa.String(length=256), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("replay_asked_at", Moment(), nullable=True),
        sa.Column("replayed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__rejection")),
        sa.UniqueConstraint(
            "topic",
            "sha256",
            "reason",
            "field",
            name=op.f("uq__rejection__topic_sha256_reason_field"),
        ),
    )
    with op.batch_alter_table("rejection", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix__rejection_replay_asked_at"), ["replay_asked_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix__rejection_site_code"), ["site_code"], unique=False)

    op.create_table(
        "sensor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("silence_s", sa.Integer(), nullable=True),
        sa.Column("is_registered", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=True),
        sa.Column("status_at", Moment(), nullable=True),
        sa.Column("remembered_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["remembered_by"],
            ["partition.id"],
            name=op.f("fk__sensor__remembered_by__partition"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__sensor")),
        sa.UniqueConstraint("code", name=op.f("uq__sensor__code")),
    )
    op.create_table(
        "forgotten",
        sa.Column("partition_id", sa.Integer(), nullable=False),
        sa.Column("sensor_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partition_id"],
            ["partition.id"],
            name=op.f("fk__forgotten__partition_id__partition"),
        ),
        sa.ForeignKeyConstraint(
            ["sensor_id"],
            ["sensor.id"],
            name=op.f("fk__forgotten__sensor_id__sensor"),
        ),
        sa.PrimaryKeyConstraint("partition_id", "sensor_id", name=op.f("pk__forgotten")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("division_code", sa.String(length=6), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__site")),
        sa.UniqueConstraint("code", name=op.f("uq__site__code")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__site_division_code"), ["division_code"], unique=False)

    op.create_table(
        "pack",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("key", sa.String(length=192), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__pack")),
        sa.UniqueConstraint("key", name=op.f("uq__pack__key")),
    )
    op.create_table(
        "reading",
        sa.Column("at", Moment(), nullable=False),
        sa.Column("celsius", sa.Double(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("sensor_id", sa.Integer(), nullable=False),
        sa.Column("is_implausible", sa.Boolean(), nullable=False),
        sa.Column("power", sa.Boolean(), nullable=True),
        sa.Column("door_open", sa.Boolean(), nullable=True),
        sa.Column("humidity", sa.Double(), nullable=True),
        sa.Column("battery", sa.Double(), nullable=True),
        sa.Column("battery_volts", sa.Double(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint(
            "sensor_id", "at", name=op.f("pk__reading"), postgresql_include=["celsius"]
        ),
        postgresql_partition_by="RANGE (at)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "summing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("listed_unit_id", sa.Integer(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__summing")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk__token__account_id__account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__token")),
        sa.UniqueConstraint("digest", name=op.f("uq__token__digest")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__token_account_id"), ["account_id"], unique=False)

    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__unit__site_id__site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__unit")),
        sa.UniqueConstraint("code", name=op.f("uq__unit__code")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__unit_site_id"), ["site_id"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sensor_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("from_at", Moment(), nullable=True),
        sa.Column("until_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensor.id"], name=op.f("fk__attachment__sensor_id__sensor")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk__attachment__unit_id__unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__attachment")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__attachment_sensor_id"), ["sensor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__attachment_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "dose",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.Column("is_lot_told", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("pack_code", sa.String(length=128), nullable=True),
        sa.Column("pack_key", sa.String(length=192), nullable=True),
        sa.Column("recipient_id", BigKey, nullable=True),
        sa.Column("dose_number", sa.Integer(), nullable=True),
        sa.Column("vaccinator", sa.String(length=64), nullable=True),
        sa.Column("route", sa.String(length=64), nullable=True),
        sa.Column("body_site", sa.String(length=64), nullable=True),
        sa.Column("is_in_force", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_digest", sa.String(length=64), nullable=True),
        sa.Column("person_findings", sa.String(length=128), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__dose__lot_id__lot")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk__dose__recipient_id__recipient")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__dose__site_id__site")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__dose__unit_id__unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__dose")),
        sa.UniqueConstraint("code", name=op.f("uq__dose__code")),
    )
    with op.batch_alter_table("dose", schema=None) as batch_op:
        batch_op.create_index("ix__dose__lot_id_at", ["lot_id", "at"], unique=False)
        batch_op.create_index(
            "ix__dose__lot_id_site_id_at", ["lot_id", "site_id", "at"], unique=False
        )
        batch_op.create_index(
            "ix__dose__of_no_lot",
            ["pack_key"],
            unique=False,
            postgresql_where=sa.text("lot_id IS NULL"),
            sqlite_where=sa.text("lot_id IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix__dose_pack_key"), ["pack_key"], unique=False)
        batch_op.create_index(batch_op.f("ix__dose_recipient_id"), ["recipient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__dose_site_id"), ["site_id"], unique=False)

    op.create_table(
        "adverse_event",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("dose_id", BigKey, nullable=False),
        sa.Column("corrects_id", BigKey, nullable=True),
        sa.Column("onset_at", Moment(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("seriousness", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("reporter", sa.String(length=32), nullable=False),
        sa.Column("reported_at", Moment(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dose_id"], ["dose.id"], name=op.f("fk__adverse_event__dose_id__dose")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"],
            ["adverse_event.id"],
            name=op.f("fk__adverse_event__corrects_id__adverse_event"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__adverse_event")),
        sa.UniqueConstraint("code", name=op.f("uq__adverse_event__code")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq__adverse_event__corrects_id")),
    )
    with op.batch_alter_table("adverse_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__adverse_event_dose_id"), ["dose_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__adverse_event_key_id"), ["key_id"], unique=False)

    op.create_table(
        "excursion",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("triggered_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("heard_at", Moment(), nullable=False),
        sa.Column("peak_celsius", sa.Double(), nullable=True),
        sa.Column("limit_celsius", sa.Double(), nullable=True),
        sa.Column("unknown_minutes", sa.Double(), nullable=False),
        sa.Column("spent_minutes", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("found_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk__excursion__unit_id__unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__excursion")),
    )
    with op.batch_alter_table("excursion", schema=None) as batch_op:
        batch_op.create_index("ix__excursion__started_at", ["started_at"], unique=False)
        batch_op.create_index(
            "ix__excursion__unit_id_started_at", ["unit_id", "started_at"], unique=False
        )

    op.create_table(
        "movement",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("doses", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("from_unit_id", sa.Integer(), nullable=True),
        sa.Column("to_unit_id", sa.Integer(), nullable=True),
        sa.Column("from_site_id", sa.Integer(), nullable=True),
        sa.Column("to_site_id", sa.Integer(), nullable=True),
        sa.Column("carrier_id", sa.Integer(), nullable=True),
        sa.Column("document", sa.String(length=64), nullable=True),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("witnesses", sa.JSON(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.Column("not_packs", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("is_in_force", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["unit.id"], name=op.f("fk__movement__carrier_id__unit")
        ),
        sa.ForeignKeyConstraint(
            ["from_site_id"], ["site.id"], name=op.f("fk__movement__from_site_id__site")
        ),
        sa.ForeignKeyConstraint(
            ["from_unit_id"], ["unit.id"], name=op.f("fk__movement__from_unit_id__unit")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__movement__lot_id__lot")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__movement__site_id__site")),
        sa.ForeignKeyConstraint(
            ["to_site_id"], ["site.id"], name=op.f("fk__movement__to_site_id__site")
        ),
        sa.ForeignKeyConstraint(
            ["to_unit_id"], ["unit.id"], name=op.f("fk__movement__to_unit_id__unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__movement")),
        sa.UniqueConstraint("code", name=op.f("uq__movement__code")),
    )
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.create_index("ix__movement__lot_id_at", ["lot_id", "at"], unique=False)
        for name, condition in _DOUBTFUL_MOVEMENTS.items():
            batch_op.create_index(
                name,
                ["lot_id"],
                unique=False,
                postgresql_where=sa.text(condition),
                sqlite_where=sa.text(condition),
            )
        batch_op.create_index(batch_op.f("ix__movement_site_id"), ["site_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("sensor_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("heard_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("triggered_at", Moment(), nullable=True),
        sa.Column("peak_celsius", sa.Double(), nullable=True),
        sa.Column("unknown", sa.JSON(), nullable=False),
        sa.Column("stretches", sa.JSON(), nullable=False),
        sa.Column("outside_since", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensor.id"], name=op.f("fk__run__sensor_id__sensor")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__run__unit_id__unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__run")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(
            "ix__run__sensor_id_started_at", ["sensor_id", "started_at"], unique=False
        )
        batch_op.create_index(
            "ix__run__unit_id_rule_started_at", ["unit_id", "rule", "started_at"], unique=False
        )

    op.create_table(
        "unit_day",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("stale_hours", sa.Integer(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("min_celsius", sa.Double(), nullable=True),
        sa.Column("max_celsius", sa.Double(), nullable=True),
        sa.Column("degree_minutes", sa.Double(), nullable=False),
        sa.Column("kinetic_sum", sa.Double(), nullable=False),
        sa.Column("vvm2_minutes", sa.Double(), nullable=False),
        sa.Column("vvm_minutes", sa.Double(), nullable=False),
        sa.Column("hours", sa.LargeBinary(), nullable=True),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__unit_day__unit_id__unit")),
        sa.PrimaryKeyConstraint(
            "unit_id",
            "measured_on",
            name=op.f("pk__unit_day"),
            postgresql_include=[
                "stale_hours",
                "observed_us",
                "min_celsius",
                "max_celsius",
                "degree_minutes",
                "kinetic_sum",
                "vvm2_minutes",
                "vvm_minutes",
            ],
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("unit_day", schema=None) as batch_op:
        batch_op.create_index(
            "ix__unit_day__stale",
            ["unit_id", "measured_on"],
            unique=False,
            postgresql_where=sa.text("stale_hours != 0"),
            sqlite_where=sa.text("stale_hours != 0"),
        )

    op.create_table(
        "unit_past",
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk__unit_past__unit_id__unit")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk__unit_past")),
    )
    op.create_table(
        "unit_profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("from_at", Moment(), nullable=True),
        sa.Column("until_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk__unit_profile__unit_id__unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__unit_profile")),
    )
    with op.batch_alter_table("unit_profile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__unit_profile_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "excursion_revision",
        sa.Column("excursion_id", BigKey, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revised_at", Moment(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["excursion_id"],
            ["excursion.id"],
            name=op.f("fk__excursion_revision__excursion_id__excursion"),
        ),
        sa.PrimaryKeyConstraint("excursion_id", "revision", name=op.f("pk__excursion_revision")),
    )
    op.create_table(
        "finding",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("movement_id", BigKey, nullable=True),
        sa.Column("dose_id", BigKey, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["dose_id"], ["dose.id"], name=op.f("fk__finding__dose_id__dose")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__finding__lot_id__lot")),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movement.id"], name=op.f("fk__finding__movement_id__movement")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__finding__site_id__site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(
            "ix__finding__lot_id_site_id_at", ["lot_id", "site_id", "at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix__finding_dose_id"), ["dose_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__finding_movement_id"), ["movement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__finding_site_id"), ["site_id"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("noun", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("corrects", sa.String(length=64), nullable=False),
        sa.Column("corrected_at", Moment(), nullable=False),
        sa.Column("is_void", sa.Boolean(), nullable=False),
        sa.Column("within", sa.String(length=6), nullable=True),
        sa.Column("reason", sa.String(length=512), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__correction")),
        sa.UniqueConstraint("noun", "code", name=op.f("uq__correction__noun_code")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index("ix__correction__noun_corrects", ["noun", "corrects"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about_id", BigKey, nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("owed_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("claimed_until", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("given_up_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__outbox")),
        sa.UniqueConstraint(
            "kind", "about_id", "email", "nth", name=op.f("uq__outbox__kind_about_id_email_nth")
        ),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix__outbox__due_at",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        )

    op.create_table(
        "outbox_site",
        sa.Column("outbox_id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk__outbox_site__outbox_id__outbox")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk__outbox_site__site_id__site")
        ),
        sa.PrimaryKeyConstraint("outbox_id", "site_id", name=op.f("pk__outbox_site")),
    )
    with op.batch_alter_table("outbox_site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__outbox_site_site_id"), ["site_id"], unique=False)

    op.create_table(
        "hold",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("division_code", sa.String(length=6), nullable=False),
        sa.Column("site_code", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__hold__lot_id__lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__hold_lot_id"), ["lot_id"], unique=False)

    op.create_table(
        "hold_release",
        sa.Column("hold_id", BigKey, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["hold.id"], name=op.f("fk__hold_release__hold_id__hold")
        ),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk__hold_release")),
    )

    op.create_table(
        "recall",
        sa.Column("hold_id", BigKey, nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk__recall__hold_id__hold")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk__recall")),
    )

    op.create_table(
        "recall_acknowledgement",
        sa.Column("recall_id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["recall_id"],
            ["recall.hold_id"],
            name=op.f("fk__recall_acknowledgement__recall_id__recall"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk__recall_acknowledgement__site_id__site")
        ),
        sa.PrimaryKeyConstraint("recall_id", "site_id", name=op.f("pk__recall_acknowledgement")),
    )
    with op.batch_alter_table("recall_acknowledgement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix__recall_acknowledgement_site_id"), ["site_id"], unique=False
        )

    op.create_table(
        "pack_movement",
        sa.Column("pack_id", BigKey, nullable=False),
        sa.Column("movement_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movement.id"], name=op.f("fk__pack_movement__movement_id__movement")
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk__pack_movement__pack_id__pack")
        ),
        sa.PrimaryKeyConstraint("pack_id", "movement_id", name=op.f("pk__pack_movement")),
    )
    with op.batch_alter_table("pack_movement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix__pack_movement_movement_id"), ["movement_id"], unique=False
        )

    op.create_table(
        "packing",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("parent_id", BigKey, nullable=False),
        sa.Column("is_all", sa.Boolean(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=True),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["pack.id"], name=op.f("fk__packing__parent_id__pack")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__packing__site_id__site")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__packing__unit_id__unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__packing")),
        sa.UniqueConstraint("code", name=op.f("uq__packing__code")),
    )
    with op.batch_alter_table("packing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__packing_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__packing_site_id"), ["site_id"], unique=False)

    op.create_table(
        "packing_pack",
        sa.Column("packing_id", BigKey, nullable=False),
        sa.Column("pack_id", BigKey, nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk__packing_pack__pack_id__pack")
        ),
        sa.ForeignKeyConstraint(
            ["packing_id"], ["packing.id"], name=op.f("fk__packing_pack__packing_id__packing")
        ),
        sa.PrimaryKeyConstraint("packing_id", "pack_id", name=op.f("pk__packing_pack")),
    )
    with op.batch_alter_table("packing_pack", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__packing_pack_pack_id"), ["pack_id"], unique=False)

    op.create_table(
        "pack_finding",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("pack_key", sa.String(length=192), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("movement_id", BigKey, nullable=True),
        sa.Column("dose_id", BigKey, nullable=True),
        sa.Column("packing_id", BigKey, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("left_site_id", sa.Integer(), nullable=True),
        sa.Column("left_at", Moment(), nullable=True),
        sa.Column("left_lot_id", sa.Integer(), nullable=True),
        sa.Column("is_explained", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dose_id"], ["dose.id"], name=op.f("fk__pack_finding__dose_id__dose")
        ),
        sa.ForeignKeyConstraint(
            ["left_lot_id"], ["lot.id"], name=op.f("fk__pack_finding__left_lot_id__lot")
        ),
        sa.ForeignKeyConstraint(
            ["left_site_id"], ["site.id"], name=op.f("fk__pack_finding__left_site_id__site")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__pack_finding__lot_id__lot")),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movement.id"], name=op.f("fk__pack_finding__movement_id__movement")
        ),
        sa.ForeignKeyConstraint(
            ["packing_id"], ["packing.id"], name=op.f("fk__pack_finding__packing_id__packing")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk__pack_finding__site_id__site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__pack_finding")),
    )
    with op.batch_alter_table("pack_finding", schema=None) as batch_op:
        batch_op.create_index(
            "ix__pack_finding__left",
            ["left_lot_id", "left_site_id", "is_explained"],
            unique=False,
        )
        for column in ("dose_id", "lot_id", "movement_id", "pack_key", "site_id"):
            batch_op.create_index(batch_op.f(f"ix__pack_finding_{column}"), [column], unique=False)

    op.create_table(
        "posting",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("doses", BigKey, nullable=False),
        sa.Column("credit", sa.String(length=16), nullable=False),
        sa.Column("credit_unit_id", sa.Integer(), nullable=True),
        sa.Column("credit_shipment_id", BigKey, nullable=True),
        sa.Column("debit", sa.String(length=16), nullable=False),
        sa.Column("debit_unit_id", sa.Integer(), nullable=True),
        sa.Column("debit_shipment_id", BigKey, nullable=True),
        sa.Column("movement_id", BigKey, nullable=True),
        sa.Column("dose_id", BigKey, nullable=True),
        sa.ForeignKeyConstraint(
            ["credit_shipment_id"],
            ["movement.id"],
            name=op.f("fk__posting__credit_shipment_id__movement"),
        ),
        sa.ForeignKeyConstraint(
            ["credit_unit_id"], ["unit.id"], name=op.f("fk__posting__credit_unit_id__unit")
        ),
        sa.ForeignKeyConstraint(
            ["debit_shipment_id"],
            ["movement.id"],
            name=op.f("fk__posting__debit_shipment_id__movement"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_unit_id"], ["unit.id"], name=op.f("fk__posting__debit_unit_id__unit")
        ),
        sa.ForeignKeyConstraint(["dose_id"], ["dose.id"], name=op.f("fk__posting__dose_id__dose")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__posting__lot_id__lot")),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movement.id"], name=op.f("fk__posting__movement_id__movement")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__posting__site_id__site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__posting")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(
            "ix__posting__lot_id_site_id_at", ["lot_id", "site_id", "at"], unique=False
        )
        batch_op.create_index(
            "ix__posting__movement_id",
            ["movement_id"],
            unique=False,
            postgresql_where=sa.text("movement_id IS NOT NULL"),
            sqlite_where=sa.text("movement_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix__posting__debit_unit_id_lot_id",
            ["debit_unit_id", "lot_id"],
            unique=False,
            postgresql_where=sa.text("debit_unit_id IS NOT NULL"),
            sqlite_where=sa.text("debit_unit_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix__posting__debit_shipment_id",
            ["debit_shipment_id"],
            unique=False,
            postgresql_where=sa.text("debit_shipment_id IS NOT NULL"),
            sqlite_where=sa.text("debit_shipment_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix__posting__credit_shipment_id",
            ["credit_shipment_id"],
            unique=False,
            postgresql_where=sa.text("credit_shipment_id IS NOT NULL"),
            sqlite_where=sa.text("credit_shipment_id IS NOT NULL"),
        )

    op.create_table(
        "stay",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("shipment_id", BigKey, nullable=True),
        sa.Column("from_at", Moment(), nullable=False),
        sa.Column("until_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__stay__lot_id__lot")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["movement.id"], name=op.f("fk__stay__shipment_id__movement")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__stay__site_id__site")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__stay__unit_id__unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__stay")),
    )
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.create_index("ix__stay__lot_id_site_id", ["lot_id", "site_id"], unique=False)
        batch_op.create_index("ix__stay__lot_id_unit_id", ["lot_id", "unit_id"], unique=False)
        batch_op.create_index("ix__stay__unit_id_from_at", ["unit_id", "from_at"], unique=False)

    op.create_table(
        "stock",
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("doses", BigKey, nullable=False),
        sa.Column("since", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__stock__lot_id__lot")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__stock__site_id__site")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk__stock__unit_id__unit")),
        sa.PrimaryKeyConstraint("lot_id", "site_id", "unit_id", name=op.f("pk__stock")),
    )
    with op.batch_alter_table("stock", schema=None) as batch_op:
        batch_op.create_index("ix__stock__site_id", ["site_id"], unique=False)
        batch_op.create_index("ix__stock__unit_id", ["unit_id"], unique=False)

    op.create_table(
        "turnover",
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("newest_at", Moment(), nullable=True),
        sa.Column("made", BigKey, nullable=False),
        sa.Column("received", BigKey, nullable=False),
        sa.Column("shipped", BigKey, nullable=False),
        sa.Column("administered", BigKey, nullable=False),
        sa.Column("wasted", BigKey, nullable=False),
        sa.Column("destroyed", BigKey, nullable=False),
        sa.Column("sampled", BigKey, nullable=False),
        sa.Column("adjusted", BigKey, nullable=False),
        sa.Column("unexplained", BigKey, nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk__turnover__lot_id__lot")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk__turnover__site_id__site")),
        sa.PrimaryKeyConstraint("lot_id", "site_id", name=op.f("pk__turnover")),
    )
    with op.batch_alter_table("turnover", schema=None) as batch_op:
        batch_op.create_index("ix__turnover__site_id", ["site_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("turnover", schema=None) as batch_op:
        batch_op.drop_index("ix__turnover__site_id")

    op.drop_table("turnover")
    with op.batch_alter_table("stock", schema=None) as batch_op:
        batch_op.drop_index("ix__stock__unit_id")
        batch_op.drop_index("ix__stock__site_id")

    op.drop_table("stock")
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.drop_index("ix__stay__unit_id_from_at")
        batch_op.drop_index("ix__stay__lot_id_unit_id")
        batch_op.drop_index("ix__stay__lot_id_site_id")

    op.drop_table("stay")
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(
            "ix__posting__credit_shipment_id",
            postgresql_where=sa.text("credit_shipment_id IS NOT NULL"),
            sqlite_where=sa.text("credit_shipment_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix__posting__debit_shipment_id",
            postgresql_where=sa.text("debit_shipment_id IS NOT NULL"),
            sqlite_where=sa.text("debit_shipment_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix__posting__debit_unit_id_lot_id",
            postgresql_where=sa.text("debit_unit_id IS NOT NULL"),
            sqlite_where=sa.text("debit_unit_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix__posting__movement_id",
            postgresql_where=sa.text("movement_id IS NOT NULL"),
            sqlite_where=sa.text("movement_id IS NOT NULL"),
        )
        batch_op.drop_index("ix__posting__lot_id_site_id_at")

    op.drop_table("posting")
    op.drop_table("pack_finding")
    with op.batch_alter_table("packing_pack", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__packing_pack_pack_id"))

    op.drop_table("packing_pack")
    with op.batch_alter_table("packing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__packing_site_id"))
        batch_op.drop_index(batch_op.f("ix__packing_parent_id"))

    op.drop_table("packing")
    with op.batch_alter_table("pack_movement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__pack_movement_movement_id"))

    op.drop_table("pack_movement")
    with op.batch_alter_table("outbox_site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__outbox_site_site_id"))

    op.drop_table("outbox_site")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix__outbox__due_at")

    op.drop_table("outbox")
    op.drop_table("correction")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__finding_site_id"))
        batch_op.drop_index(batch_op.f("ix__finding_movement_id"))
        batch_op.drop_index(batch_op.f("ix__finding_dose_id"))
        batch_op.drop_index("ix__finding__lot_id_site_id_at")

    op.drop_table("finding")
    with op.batch_alter_table("recall_acknowledgement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__recall_acknowledgement_site_id"))

    op.drop_table("recall_acknowledgement")
    op.drop_table("recall")
    op.drop_table("hold_release")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__hold_lot_id"))

    op.drop_table("hold")
    op.drop_table("excursion_revision")
    with op.batch_alter_table("unit_profile", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__unit_profile_unit_id"))

    op.drop_table("unit_profile")
    op.drop_table("unit_past")
    with op.batch_alter_table("unit_day", schema=None) as batch_op:
        batch_op.drop_index("ix__unit_day__stale")

    op.drop_table("unit_day")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("ix__run__unit_id_rule_started_at")
        batch_op.drop_index("ix__run__sensor_id_started_at")

    op.drop_table("run")
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__movement_site_id"))
        for name, condition in _DOUBTFUL_MOVEMENTS.items():
            batch_op.drop_index(
                name, postgresql_where=sa.text(condition), sqlite_where=sa.text(condition)
            )
        batch_op.drop_index("ix__movement__lot_id_at")

    op.drop_table("movement")
    with op.batch_alter_table("excursion", schema=None) as batch_op:
        batch_op.drop_index("ix__excursion__unit_id_started_at")
        batch_op.drop_index("ix__excursion__started_at")

    op.drop_table("excursion")
    with op.batch_alter_table("adverse_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__adverse_event_key_id"))
        batch_op.drop_index(batch_op.f("ix__adverse_event_dose_id"))

    op.drop_table("adverse_event")
    with op.batch_alter_table("dose", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__dose_site_id"))
        batch_op.drop_index(batch_op.f("ix__dose_recipient_id"))
        batch_op.drop_index(batch_op.f("ix__dose_pack_key"))
        batch_op.drop_index("ix__dose__of_no_lot")
        batch_op.drop_index("ix__dose__lot_id_site_id_at")
        batch_op.drop_index("ix__dose__lot_id_at")

    op.drop_table("dose")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__attachment_unit_id"))
        batch_op.drop_index(batch_op.f("ix__attachment_sensor_id"))

    op.drop_table("attachment")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__unit_site_id"))

    op.drop_table("unit")
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__token_account_id"))

    op.drop_table("token")
    op.drop_table("summing")
    op.drop_table("reading")
    op.drop_table("pack")
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__site_division_code"))

    op.drop_table("site")
    op.drop_table("forgotten")
    op.drop_table("sensor")
    op.drop_table("partition")
    with op.batch_alter_table("rejection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__rejection_site_code"))
        batch_op.drop_index(batch_op.f("ix__rejection_replay_asked_at"))

    op.drop_table("rejection")
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__recipient_key_id"))

    op.drop_table("recipient")
    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__profile_code"))

    op.drop_table("profile")
    op.drop_table("product")
    with op.batch_alter_table("lot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__lot_number"))

    op.drop_table("lot")
    op.drop_table("heartbeat")
    op.drop_table("division")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__contact_division_code"))

    op.drop_table("contact")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__conflict_site_code"))

    op.drop_table("conflict")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__audit_at"))
        batch_op.drop_index("ix__audit__actor_at")
        batch_op.drop_index("ix__audit__action_at")

    op.drop_table("audit")
    op.drop_table("account")
