"""Attempts to ring, and what carriers said of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.domain.calling.call import LIVE, Outcome, State
from dialer.store.tables.base import Base, big_id, enum_check


class Call(Base):
    """One attempt to ring one lead."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("campaign_lead_id", "n"),
        enum_check("state", State),
        enum_check("outcome", Outcome),
        Index(
            "uq_call_live_phone",
            "phone",
            unique=True,
            postgresql_where=text("state IN ({})".format(", ".join(f"'{state}'" for state in LIVE))),
        ),
        Index("ix_call_phone_created_at", "phone", "created_at"),
        Index("ix_call_created_at", "created_at", "id"),
        # For sums and reports: everything they count, so that they read no call's own row.
        Index(
            "ix_call_report",
            *("campaign_id", "created_at", "id"),
            postgresql_include=[
                *("n", "state", "outcome", "placing_at", "answered_at", "duration_s"),
                *("carrier_cost", "voice_cost", "latency_p50_ms", "reserve"),
            ],
        ),
        Index(
            "ix_call_billed_unpriced",
            "currency",
            "created_at",
            postgresql_where=text("carrier_cost IS NULL AND carrier_price IS NOT NULL"),
        ),
        Index(
            "ix_call_live",
            "campaign_id",
            "state",
            postgresql_where=text("state IN ({})".format(", ".join(f"'{state}'" for state in LIVE))),
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    campaign_lead_id: Mapped[int] = mapped_column(ForeignKey("campaign_lead.id"))
    script_id: Mapped[int] = mapped_column(ForeignKey("script.id"))
    phone: Mapped[str]
    n: Mapped[int]
    state: Mapped[State] = mapped_column(server_default=State.INTENT.value)
    carrier: Mapped[str]
    from_number: Mapped[str]
    carrier_sid: Mapped[str | None] = mapped_column(unique=True)
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    stream_opened_at: Mapped[datetime | None]
    stream_closed_at: Mapped[datetime | None]
    gate: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    """When it was meant, by the clock people live by: caps count from here."""
    inserted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    not_before: Mapped[datetime | None]
    """The carrier said to ask later: not before then (real time)."""
    placement_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often a worker began with it and never came to take it: one that crashes workers is set aside."""
    placement_tried_at: Mapped[datetime | None]
    placing_at: Mapped[datetime | None]
    placed_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    """The bridge's last sign of life for this call (real time)."""
    duration_s: Mapped[int | None]
    outcome: Mapped[Outcome | None]
    reported: Mapped[Outcome | None]
    """What the model reported by `finish_call`; the outcome weighs it against what else happened."""
    reason: Mapped[str | None]
    promised_at: Mapped[datetime | None]
    promised_name: Mapped[str | None]
    answered_by: Mapped[str | None]
    carrier_cost: Mapped[Decimal | None]
    """USD; null until the carrier names its price, and while that is in a currency whose exchange is not known."""
    carrier_price: Mapped[Decimal | None]
    """What the carrier bills, in `currency`."""
    voice_cost: Mapped[Decimal | None]
    currency: Mapped[str | None]
    reserve: Mapped[Decimal | None]
    """USD set aside until the cost is known, by the destination's price; null takes the campaign's `cost_reserve`."""
    usage: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    first_audio_ms: Mapped[int | None]
    disclosure: Mapped[str | None]
    """The locked first sentence that AVA was told to open with; null in calls that were not talked to their end."""
    disclosed_ms: Mapped[int | None]
    """Where in the call (ms) it was heard to its end; null where it was not."""
    """From the answered stream to AVA's first audio, real time; null where none was sent."""
    unknown_at: Mapped[datetime | None]
    """When nobody could tell any more whether the carrier took the call."""
    latency_p50_ms: Mapped[int | None]
    latency_p95_ms: Mapped[int | None]
    voice_model: Mapped[str | None]
    """Which model spoke: what its tokens cost is told by the prices of the day."""
    voices: Mapped[list[str]] = mapped_column(server_default="{}")
    """Which voices were asked to speak, in order: a second one where the first failed."""
    recording: Mapped[str | None]
    """Where the sound of the talk lies; null where there is none, or none any more."""
    recorded_ms: Mapped[int | None]


class WebhookEvent(Base):
    """Every webhook as received; the same one twice is one row."""

    __tablename__ = "call_event"
    __table_args__ = (
        UniqueConstraint("carrier", "sid", "kind", "sequence"),
        Index("ix_call_event_unapplied", "id", postgresql_where=text("applied_at IS NULL")),
    )
    id: Mapped[int] = big_id()
    carrier: Mapped[str]
    sid: Mapped[str]
    kind: Mapped[str]
    sequence: Mapped[str]
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("call.id"), index=True)
    fields: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often applying it failed; it is set aside, and said, after a few."""
