"""Tables of the first schema: counselors, bookings and emails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "counselor",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("takes_transfers", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), server_default="30", nullable=False),
        sa.Column("notice_minutes", sa.Integer(), server_default="60", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_per_day", sa.Integer(), nullable=True),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("courses", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("holidays", sa.Text(), nullable=True),
        sa.Column("calendar_url", sa.Text(), nullable=True),
        sa.Column("calendar_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calendar_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calendar_fault", sa.Text(), nullable=True),
        sa.Column("feed_version", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counselor")),
        sa.UniqueConstraint("name", name=op.f("uq_counselor_name")),
    )
    op.create_table(
        "busy_time",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.ForeignKeyConstraint(
            ["counselor_id"], ["counselor.id"], name=op.f("fk_busy_time_counselor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_time")),
    )
    op.create_index(op.f("ix_busy_time_counselor_id"), "busy_time", ["counselor_id"], unique=False)
    op.create_table(
        "counselor_hours",
        sa.Column("counselor_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.CheckConstraint("opens < closes OR closes = '00:00'", name=op.f("ck_counselor_hours_span")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_counselor_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["counselor_id"], ["counselor.id"], name=op.f("fk_counselor_hours_counselor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("counselor_id", "weekday", "opens", name=op.f("pk_counselor_hours")),
    )
    op.create_table(
        "time_off",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["counselor_id"], ["counselor.id"], name=op.f("fk_time_off_counselor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index(op.f("ix_time_off_counselor_id"), "time_off", ["counselor_id"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=False),
        sa.Column("campaign_lead_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("blocks", postgresql.TSTZRANGE(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("right_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("wrong_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int4range(counselor_id, counselor_id, '[]')"), "&&"),
            (sa.text("(coalesce(blocks, during))"), "&&"),
            where=sa.text("state IN ('held','booked')"),
            using="gist",
            name="ex_booking_overlap",
        ),
        sa.CheckConstraint(
            "outcome IN ('showed', 'no_show', 'wrong_fit', 'wrong_information')", name=op.f("ck_booking_outcome")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'booked', 'cancelled', 'attended', 'no_show')", name=op.f("ck_booking_state")
        ),
        sa.CheckConstraint("blocks @> during", name=op.f("ck_booking_blocks")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_booking_call_id")),
        sa.ForeignKeyConstraint(["campaign_lead_id"], ["campaign_lead.id"], name=op.f("fk_booking_campaign_lead_id")),
        sa.ForeignKeyConstraint(["counselor_id"], ["counselor.id"], name=op.f("fk_booking_counselor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
    )
    op.create_index(op.f("ix_booking_call_id"), "booking", ["call_id"], unique=False)
    op.create_index(
        "uq_booking_campaign_lead_id",
        "booking",
        ["campaign_lead_id"],
        unique=True,
        postgresql_where=sa.text("state = 'booked'"),
    )
    op.create_table(
        "booking_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_event_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_event")),
    )
    op.create_index(op.f("ix_booking_event_booking_id"), "booking_event", ["booking_id"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_to", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('invitation', 'cancellation', 'day_before', 'hour_before', 'rebook')",
            name=op.f("ck_outbox_message_kind"),
        ),
        sa.CheckConstraint("recipient IN ('counselor', 'student')", name=op.f("ck_outbox_message_recipient")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'skipped', 'given_up')", name=op.f("ck_outbox_message_state")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_outbox_message_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["counselor_id"], ["counselor.id"], name=op.f("fk_outbox_message_counselor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint(
            "booking_id",
            "kind",
            "recipient",
            "counselor_id",
            "sequence",
            name=op.f("uq_outbox_message_booking_id_kind_recipient_counselor_id_sequence"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_mail_due", "outbox_message", ["next_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    # Booking works in a new database: one counselor, the desk, Monday to Saturday.
    op.execute("INSERT INTO counselor (name, zone) VALUES ('One Window desk', 'Asia/Kolkata')")
    op.execute(
        "INSERT INTO counselor_hours (counselor_id, weekday, opens, closes) "
        "SELECT id, weekday, '10:00', '18:00' FROM counselor, generate_series(0, 5) AS weekday"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_mail_due", table_name="outbox_message", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("outbox_message")
    op.drop_index(op.f("ix_booking_event_booking_id"), table_name="booking_event")
    op.drop_table("booking_event")
    op.drop_index("uq_booking_campaign_lead_id", table_name="booking", postgresql_where=sa.text("state = 'booked'"))
    op.drop_index(op.f("ix_booking_call_id"), table_name="booking")
    op.drop_table("booking")
    op.drop_index(op.f("ix_time_off_counselor_id"), table_name="time_off")
    op.drop_table("time_off")
    op.drop_table("counselor_hours")
    op.drop_index(op.f("ix_busy_time_counselor_id"), table_name="busy_time")
    op.drop_table("busy_time")
    op.drop_table("counselor")
