"""What holds the dialer back: lists, paces, kill switches."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
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
