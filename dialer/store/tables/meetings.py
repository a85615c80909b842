"""Counselors, when they can be met, and the meetings booked."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, one_of

BOOKING_STATES = ("held", "booked", "cancelled", "attended", "no_show")


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


class CounselorHours(Base):
    """A weekly span in which a counselor can be met, in their own zone; Monday is 0."""

    __tablename__ = "counselor_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens < closes", name="span"),
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
    why: Mapped[str] = mapped_column(server_default="")


class Booking(Base):
    """A meeting, or the hold on one; a counselor's live ones never overlap."""

    __tablename__ = "booking"
    __table_args__ = (
        one_of("state", BOOKING_STATES),
        # A single-element int4range instead of btree_gist: needs no extension.
        ExcludeConstraint(
            (text("int4range(counselor_id, counselor_id, '[]')"), "&&"),
            ("during", "&&"),
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
