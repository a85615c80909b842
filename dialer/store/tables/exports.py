"""What comes in and goes out as sheets: long work, feeds, scheduled exports, and the hooks of other systems."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, enum_check

JOB_STATES = ("queued", "running", "done", "failed", "cancelled")
JOB_KINDS = ("import", "commit", "export", "rehearse")
DELIVERY_STATES = ("waiting", "delivered", "given_up")
SHEETS = ("leads", "calls", "bookings", "transcripts")


class ImportChange(Base):
    """What an import changed about somebody who was known before: what undo puts back."""

    __tablename__ = "import_change"
    __table_args__ = (Index("ix_import_change_import_id", "import_id"),)
    id: Mapped[int] = big_id()
    import_id: Mapped[int] = mapped_column(BigInteger)
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id", ondelete="CASCADE"))
    campaign_lead_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_lead.id", ondelete="CASCADE"))
    before: Mapped[dict[str, Any]]


class Job(Base):
    """Long work that a worker does when it is asked through the API: how far it is, and what came of it."""

    __tablename__ = "job"
    __table_args__ = (enum_check("kind", JOB_KINDS), enum_check("state", JOB_STATES))
    id: Mapped[int] = big_id()
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="queued")
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cancel: Mapped[bool] = mapped_column(server_default="false")
    message: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often a worker has begun it."""
    heartbeat_at: Mapped[datetime | None]
    """The last sign of life of the process that does it: one that is silent is taken over."""
    ended_at: Mapped[datetime | None]


class Feed(Base):
    """An address that a spreadsheet program refreshes by itself: signed, until it expires or is revoked."""

    __tablename__ = "feed"
    __table_args__ = (enum_check("kind", SHEETS),)
    id: Mapped[int] = big_id()
    kind: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class FeedReader(Base):
    """A client address that has read a feed: the first read from each is in the audit log."""

    __tablename__ = "feed_reader"
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ExportSchedule(Base):
    """An export that is written again and again to a folder or an fsspec address."""

    __tablename__ = "export_schedule"
    __table_args__ = (enum_check("kind", SHEETS), enum_check("format", ("csv", "xlsx")))
    id: Mapped[int] = big_id()
    kind: Mapped[str]
    format: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    recipient: Mapped[str]
    every: Mapped[timedelta]
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookEndpoint(Base):
    """Another system's address that is told of bookings and outcomes, signed with a secret of its own."""

    __tablename__ = "webhook_endpoint"
    id: Mapped[int] = big_id()
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default="true")
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookDelivery(Base):
    """One thing told to one hook: at least once, and under an id by which the other side knows it again."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event"),
        enum_check("state", DELIVERY_STATES),
        Index("ix_hook_delivery_due", "next_at", postgresql_where=text("state = 'waiting'")),
    )
    id: Mapped[int] = big_id()
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    event: Mapped[str]
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="waiting")
    tries: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
