"""What holds the dialer back: lists, paces, kill switches."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id


class DoNotCall(Base):
    """A number that must not be called; `scope` is `account` or `campaign:<id>`."""

    __tablename__ = "do_not_call"
    __table_args__ = (UniqueConstraint("phone", "scope"),)
    id: Mapped[int] = big_id()
    phone: Mapped[str]
    scope: Mapped[str] = mapped_column(server_default="account")
    source: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    added_by: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Registry(Base):
    """Our copy of a public do-not-call registry; its numbers stand in do_not_call with the scope `registry:<name>`."""

    __tablename__ = "registry"
    name: Mapped[str] = mapped_column(primary_key=True)
    entries: Mapped[int]
    imported_at: Mapped[datetime]


class RateBucket(Base):
    """A token bucket, by the database's clock: of a campaign, of a carrier account, of a caller's number."""

    __tablename__ = "rate_bucket"
    key: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]


class KillSwitch(Base):
    """Nothing is placed while a row of scope `all`, or of the carrier, stands here."""

    __tablename__ = "kill_switch"
    scope: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkspaceLimits(Base):
    """The one row of limits for the whole installation, which no campaign and no promise lifts."""

    __tablename__ = "workspace_limits"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("calls_per_number_day BETWEEN 1 AND 20", name="calls_per_number_day"),
        CheckConstraint("single_calls_day BETWEEN 0 AND 10000", name="single_calls_day"),
        CheckConstraint("spend_day >= 0", name="spend_day"),
    )
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="1", autoincrement=False)
    calls_per_number_day: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    """Calls to one number in 24 hours, promised call-backs included."""
    spend_day: Mapped[Decimal] = mapped_column(server_default="1000")
    """USD spent and held in 24 hours, over all campaigns."""
    single_calls_day: Mapped[int] = mapped_column(server_default="200")
    """Calls in 24 hours that a person asked for one by one."""


class Incident(Base):
    """Something that should not have been and that a person should know of; told once."""

    __tablename__ = "incident"
    __table_args__ = (UniqueConstraint("kind", "about"),)
    id: Mapped[int] = big_id()
    kind: Mapped[str]
    about: Mapped[str]
    message: Mapped[str]
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("call.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Checkpoint(Base):
    """When a job that runs now and then, by whichever worker, was last done (real time)."""

    __tablename__ = "checkpoint"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
