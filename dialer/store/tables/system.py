"""Accounts, the audit trail and the clock of a rehearsal."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, enum_check


class Account(Base):
    """Somebody who may use the dialer."""

    __tablename__ = "account"
    __table_args__ = (enum_check("role", ("admin", "marketing", "counselor", "auditor")),)
    id: Mapped[int] = big_id()
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    counselor_id: Mapped[int | None] = mapped_column(ForeignKey("counselor.id"))
    active: Mapped[bool] = mapped_column(server_default="true")
    must_change: Mapped[bool] = mapped_column(server_default="false")
    """The password was given by us, once: another one is chosen at the first sign-in."""
    totp_secret: Mapped[str | None]
    """Base32, sealed with the secret key; null: no second factor."""
    totp_used: Mapped[int | None]
    """The last time step whose code was taken: none is taken twice."""
    recovery_codes: Mapped[list[str]] = mapped_column(server_default="{}")
    """Hashes of the codes that replace a lost authenticator, each once."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEntry(Base):
    """Who did what; each row carries the hash of the one before."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = big_id()
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    """HMAC-SHA256 over this row and `previous_hash`, with a key that is not in the database."""
    key_id: Mapped[str] = mapped_column(server_default="")
    """Which key; see `store.system.audit.key_id`."""


class AccessEntry(Base):
    """Who read personal data. Append-only, as the audit log is, but without a chain: reads do not wait for one another."""

    __tablename__ = "access_log"
    __table_args__ = (Index("ix_access_log_actor_at", "actor", "at"),)
    id: Mapped[int] = big_id()
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, Any]]


class SimulatedClock(Base):
    """The moved clock of a rehearsal (DIALER_CLOCK): one row, written by the first process that has it set."""

    __tablename__ = "simulated_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    setting: Mapped[str]
    began_at: Mapped[datetime]
    start: Mapped[datetime]
    speed: Mapped[float]


class Price(Base):
    """What a million of something costs from a day on: a model's tokens of a kind, milliseconds heard, or a currency."""

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("model", "kind", "since"),
        CheckConstraint("per_million >= 0", name="per_million"),
    )
    id: Mapped[int] = big_id()
    model: Mapped[str]
    kind: Mapped[str]
    per_million: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    currency: Mapped[str] = mapped_column(server_default="USD")
    since: Mapped[date]
    source: Mapped[str]


class BridgeProcess(Base):
    """A bridge that is up, and how many calls it takes: what all of them take is how many may be live."""

    __tablename__ = "bridge_process"
    id: Mapped[str] = mapped_column(primary_key=True)
    max_calls: Mapped[int]
    calls: Mapped[int]
    draining: Mapped[bool] = mapped_column(server_default="false")
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
