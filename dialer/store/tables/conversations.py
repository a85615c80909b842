"""What was said in a call, what was done for it and what is known from it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, enum_check


class Turn(Base):
    """What one side said; `position` is the order of the conversation, not of arrival."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("call_id", "item"), enum_check("speaker", ("ava", "student")))
    id: Mapped[int] = big_id()
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    item: Mapped[str]
    position: Mapped[int]
    speaker: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    stream_ms: Mapped[int] = mapped_column(server_default="0")
    heard_ms: Mapped[int | None]
    """How much of AVA's turn was played before she was interrupted; null where it was heard whole."""


class ToolUse(Base):
    """One tool call of the model, with its result."""

    __tablename__ = "tool_use"
    __table_args__ = (UniqueConstraint("call_id", "item"),)
    id: Mapped[int] = big_id()
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    item: Mapped[str]
    name: Mapped[str]
    arguments: Mapped[str]
    result: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    took_ms: Mapped[int]


class EnquiryValue(Base):
    """One captured value; append-only, the newest of a field counts."""

    __tablename__ = "enquiry_value"
    __table_args__ = (Index("ix_enquiry_value_campaign_lead_id", "campaign_lead_id", "field"),)
    id: Mapped[int] = big_id()
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    campaign_lead_id: Mapped[int] = mapped_column(ForeignKey("campaign_lead.id"))
    field: Mapped[str]
    value: Mapped[str]
    original: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(server_default="false")
    turn_item: Mapped[str | None]
    at: Mapped[datetime]
