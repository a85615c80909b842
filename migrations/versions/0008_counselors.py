"""Counselors' calendars and expertise, what a booking lives through, and the letters about it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _words(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)


def _counselor() -> tuple[sa.Column, ...]:
    return (
        sa.Column("buffer_before_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_per_day", sa.Integer()),
        _words("countries"),
        _words("courses"),
        _words("languages"),
        sa.Column("holidays", sa.Text()),
        sa.Column("calendar_url", sa.Text()),
        sa.Column("calendar_at", MOMENT),
        sa.Column("calendar_tried_at", MOMENT),
        sa.Column("calendar_fault", sa.Text()),
        sa.Column("feed_version", sa.Integer(), server_default="0", nullable=False),
    )


def _booking() -> tuple[sa.Column, ...]:
    return (
        sa.Column("blocks", postgresql.TSTZRANGE()),
        sa.Column("email", sa.Text()),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("verdict", sa.Text()),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        _words("right_fields"),
        _words("wrong_fields"),
        sa.Column("verdict_at", MOMENT),
        sa.Column("changed_at", MOMENT, server_default=sa.text("now()"), nullable=False),
    )


def _span(closes_at_midnight: bool) -> None:
    op.drop_constraint(op.f("ck_counselor_hours_span"), "counselor_hours")
    if not closes_at_midnight:
        op.execute("DELETE FROM counselor_hours WHERE closes = '00:00'")
    more = " OR closes = '00:00'" if closes_at_midnight else ""
    op.create_check_constraint(op.f("ck_counselor_hours_span"), "counselor_hours", f"opens < closes{more}")


def _no_overlap(during: str) -> None:
    op.drop_constraint("ex_booking_overlap", "booking")
    op.execute(
        "ALTER TABLE booking ADD CONSTRAINT ex_booking_overlap EXCLUDE USING gist "
        f"(int4range(counselor_id, counselor_id, '[]') WITH &&, ({during}) WITH &&) WHERE (state IN ('held', 'booked'))"
    )


def upgrade() -> None:
    for column in _counselor():
        op.add_column("counselor", column)
    _span(closes_at_midnight=True)
    for column in _booking():
        op.add_column("booking", column)
    op.execute("UPDATE booking SET changed_at = created_at")
    op.create_check_constraint(
        op.f("ck_booking_verdict"), "booking", "verdict IN ('showed', 'no_show', 'wrong_fit', 'wrong_information')"
    )
    op.create_check_constraint(op.f("ck_booking_blocks"), "booking", "blocks @> during")
    _no_overlap("coalesce(blocks, during)")
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
        "booking_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("what", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_event_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_event")),
    )
    op.create_index(op.f("ix_booking_event_booking_id"), "booking_event", ["booking_id"], unique=False)
    _mail()


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("counselor_id", sa.Integer()),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_to", sa.Text()),
        sa.Column("sent_at", MOMENT),
        sa.Column("last_says", sa.Text()),
        sa.CheckConstraint(
            "kind IN ('invitation', 'cancellation', 'day_before', 'hour_before', 'rebook')", name=op.f("ck_mail_kind")
        ),
        sa.CheckConstraint("whom IN ('counselor', 'student')", name=op.f("ck_mail_whom")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'skipped', 'given_up')", name=op.f("ck_mail_state")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_mail_booking_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counselor_id"], ["counselor.id"], name=op.f("fk_mail_counselor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint(
            *("booking_id", "kind", "whom", "counselor_id", "sequence"),
            name=op.f("uq_mail_booking_id_kind_whom_counselor_id_sequence"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_mail_due", "mail", ["next_at"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    for table in ("mail", "booking_event", "busy_time"):
        op.drop_table(table)
    _no_overlap("during")
    op.drop_constraint(op.f("ck_booking_blocks"), "booking")
    op.drop_constraint(op.f("ck_booking_verdict"), "booking")
    for column in reversed(_booking()):
        op.drop_column("booking", column.name)
    _span(closes_at_midnight=False)
    for column in reversed(_counselor()):
        op.drop_column("counselor", column.name)
