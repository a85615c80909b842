"""Counselors, when they can be met, the meetings booked, and what is written to people about them."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, enum_check

BOOKING_STATES = ("held", "booked", "cancelled", "attended", "no_show")
MEETING_OUTCOMES = ("showed", "no_show", "wrong_fit", "wrong_information")
"""How a meeting went, by the counselor's word."""
MAIL_STATES = ("waiting", "sent", "skipped", "given_up")
MAIL_KINDS = ("invitation", "cancellation", "day_before", "hour_before", "rebook")
MAIL_TO = ("counselor", "student")


class Counselor(Base):
    """Somebody a lead can meet."""

    __tablename__ = "counselor"
    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]
    phone: Mapped[str | None]
    takes_transfers: Mapped[bool] = mapped_column(server_default="false")
    """Whether a student who asks for a person may be connected to this phone."""
    zone: Mapped[str]
    slot_minutes: Mapped[int] = mapped_column(server_default="30")
    notice_minutes: Mapped[int] = mapped_column(server_default="60")
    active: Mapped[bool] = mapped_column(server_default="true")
    buffer_before_minutes: Mapped[int] = mapped_column(server_default="0")
    buffer_after_minutes: Mapped[int] = mapped_column(server_default="0")
    max_per_day: Mapped[int | None]
    countries: Mapped[list[str]] = mapped_column(server_default="{}")
    """What they advise on, in the common wording; of each of the three, nothing is anything."""
    courses: Mapped[list[str]] = mapped_column(server_default="{}")
    languages: Mapped[list[str]] = mapped_column(server_default="{}")
    """ISO 639-1."""
    holidays: Mapped[str | None]
    """The calendar of public holidays that they keep, such as IN or US-CA."""
    calendar_url: Mapped[str | None]
    """Where their own calendar's busy times are fetched from (iCalendar)."""
    calendar_at: Mapped[datetime | None]
    """When it was last read, real time; null until it was once."""
    calendar_tried_at: Mapped[datetime | None]
    calendar_fault: Mapped[str | None]
    """Why the last try failed; null where it did not."""
    feed_version: Mapped[int] = mapped_column(server_default="0")
    """Their own feed's address is signed over it: one more, and the old address leads nowhere. 0 or less: there is none."""


class CounselorHours(Base):
    """A weekly span in which a counselor can be met, in their own zone; Monday is 0, a close at 00:00 the day's end."""

    __tablename__ = "counselor_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens < closes OR closes = '00:00'", name="span"),
    )
    counselor_id: Mapped[int] = mapped_column(ForeignKey("counselor.id", ondelete="CASCADE"), primary_key=True)
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    opens: Mapped[time] = mapped_column(primary_key=True)
    closes: Mapped[time]


class TimeOff(Base):
    """A span in which a counselor cannot be met."""

    __tablename__ = "time_off"
    id: Mapped[int] = big_id()
    counselor_id: Mapped[int] = mapped_column(ForeignKey("counselor.id", ondelete="CASCADE"), index=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    reason: Mapped[str] = mapped_column(server_default="")


class BusyTime(Base):
    """What a counselor's own calendar says takes their time, as it was last read."""

    __tablename__ = "busy_time"
    id: Mapped[int] = big_id()
    counselor_id: Mapped[int] = mapped_column(ForeignKey("counselor.id", ondelete="CASCADE"), index=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class Booking(Base):
    """A meeting, or the hold on one; a counselor's live ones never overlap, their buffers counted in."""

    __tablename__ = "booking"
    __table_args__ = (
        enum_check("state", BOOKING_STATES),
        enum_check("outcome", MEETING_OUTCOMES),
        CheckConstraint("blocks @> during", name="blocks"),
        # A single-element int4range instead of btree_gist: needs no extension.
        ExcludeConstraint(
            (text("int4range(counselor_id, counselor_id, '[]')"), "&&"),
            (text("(coalesce(blocks, during))"), "&&"),
            using="gist",
            where=text("state IN ('held','booked')"),
            name="ex_booking_overlap",
        ),
        Index(
            "uq_booking_campaign_lead_id", "campaign_lead_id", unique=True, postgresql_where=text("state = 'booked'")
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    counselor_id: Mapped[int] = mapped_column(ForeignKey("counselor.id"))
    campaign_lead_id: Mapped[int] = mapped_column(ForeignKey("campaign_lead.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("call.id"), index=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    state: Mapped[str]
    held_until: Mapped[datetime | None]
    lead_zone: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    blocks: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    """What the meeting takes of the counselor's time with the buffers around it; null where there are none."""
    email: Mapped[str | None]
    """Where the student is written to about it."""
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it is this counselor."""
    sequence: Mapped[int] = mapped_column(server_default="0")
    """RFC 5545 SEQUENCE: one more with every change that calendars must take over."""
    settled_at: Mapped[datetime | None]
    """When the time was agreed, simulated time: a reminder that would have been due before is not sent."""
    outcome: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")
    right_fields: Mapped[list[str]] = mapped_column(server_default="{}")
    """What AVA had written down that the counselor found right."""
    wrong_fields: Mapped[list[str]] = mapped_column(server_default="{}")
    outcome_at: Mapped[datetime | None]
    link_version: Mapped[int] = mapped_column(server_default="1")
    """The links in emails are signed over it: one more, and the links that were sent lead nowhere."""
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    """When the row was last written, real time: other systems are told of what is newer."""


class BookingEvent(Base):
    """One thing that happened to a booking; append-only."""

    __tablename__ = "booking_event"
    id: Mapped[int] = big_id()
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class OutboxMessage(Base):
    """One letter about a booking: written from the rows when it is sent, never twice under one key, retried from here."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint(
            "booking_id", "kind", "recipient", "counselor_id", "sequence", postgresql_nulls_not_distinct=True
        ),
        enum_check("kind", MAIL_KINDS),
        enum_check("recipient", MAIL_TO),
        enum_check("state", MAIL_STATES),
        Index("ix_mail_due", "next_at", postgresql_where=text("state = 'waiting'")),
    )
    id: Mapped[int] = big_id()
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    kind: Mapped[str]
    recipient: Mapped[str]
    counselor_id: Mapped[int | None] = mapped_column(ForeignKey("counselor.id"))
    """The counselor it goes to, who may no longer be the booking's; null for the student."""
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="waiting")
    tries: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_to: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
