"""The rows (design.md §5). PostgreSQL holds the truth; every promise that can be a constraint is one.

Times are `timestamptz`. A closed set of words is `text` with a check, so that a migration can widen it.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dialer.domain.call import LIVE, Outcome, State


class Word(TypeDecorator[StrEnum]):
    """A member of a closed set, stored as its word."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """The word."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member."""
        return None if value is None else self.words(value)


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(SmallInteger),
        Decimal: Numeric(12, 6),
        State: Word(State),
        Outcome: Word(Outcome),
    }


def one_of(column: str, words: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """A check that `column` holds one of the words (or null)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def big_id() -> Mapped[int]:
    """A surrogate key that the database gives out."""
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


CAMPAIGN_STATES = ("draft", "running", "paused", "done", "stopped")
MACHINE_CHOICES = ("off", "hang_up", "leave_message")
LEAD_STATES = ("ready", "waiting", "calling", "done")
BOOKING_STATES = ("held", "booked", "cancelled", "attended", "no_show")
FATES = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")


class Script(Base):
    """What AVA is told and how she sounds; a version never changes."""

    __tablename__ = "script"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = big_id()
    name: Mapped[str]
    version: Mapped[int]
    opening: Mapped[str]
    persona: Mapped[str]
    voice: Mapped[str] = mapped_column(server_default="openai_realtime")
    speaker: Mapped[str] = mapped_column(server_default="ash")
    vad_threshold: Mapped[float] = mapped_column(server_default="0.8")
    vad_prefix_ms: Mapped[int] = mapped_column(server_default="300")
    vad_silence_ms: Mapped[int] = mapped_column(server_default="1000")
    transcription_model: Mapped[str] = mapped_column(server_default="gpt-transcribe")
    language: Mapped[str] = mapped_column(server_default="en")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Campaign(Base):
    """One list being rung for one purpose; its policy is typed columns."""

    __tablename__ = "campaign"
    __table_args__ = (
        one_of("state", CAMPAIGN_STATES),
        one_of("machine", MACHINE_CHOICES),
        CheckConstraint("concurrency > 0", name="concurrency"),
        CheckConstraint("per_second > 0", name="per_second"),
        CheckConstraint("max_attempts > 0", name="max_attempts"),
        CheckConstraint("window_opens < window_closes", name="window"),
    )
    id: Mapped[int] = big_id()
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="draft")
    script_id: Mapped[int] = mapped_column(ForeignKey("script.id"))
    carrier: Mapped[str | None]
    country: Mapped[str] = mapped_column(server_default="IN")
    window_opens: Mapped[time] = mapped_column(server_default="10:00")
    window_closes: Mapped[time] = mapped_column(server_default="19:00")
    window_days: Mapped[list[int]] = mapped_column(server_default="{0,1,2,3,4,5}")
    concurrency: Mapped[int] = mapped_column(server_default="10")
    per_second: Mapped[float] = mapped_column(server_default="1")
    ring_timeout_s: Mapped[int] = mapped_column(server_default="30")
    time_limit_s: Mapped[int] = mapped_column(server_default="600")
    calls_per_day: Mapped[int] = mapped_column(server_default="2")
    max_attempts: Mapped[int] = mapped_column(server_default="4")
    no_answer_wait: Mapped[timedelta] = mapped_column(server_default=text("interval '3 hours'"))
    no_answer_limit: Mapped[int] = mapped_column(server_default="3")
    busy_wait: Mapped[timedelta] = mapped_column(server_default=text("interval '30 minutes'"))
    busy_limit: Mapped[int] = mapped_column(server_default="3")
    failed_wait: Mapped[timedelta] = mapped_column(server_default=text("interval '1 hour'"))
    failed_limit: Mapped[int] = mapped_column(server_default="2")
    voicemail_wait: Mapped[timedelta] = mapped_column(server_default=text("interval '20 hours'"))
    voicemail_limit: Mapped[int] = mapped_column(server_default="2")
    dropped_wait: Mapped[timedelta] = mapped_column(server_default=text("interval '2 hours'"))
    dropped_limit: Mapped[int] = mapped_column(server_default="2")
    cool_down: Mapped[timedelta] = mapped_column(server_default=text("interval '10 minutes'"))
    spend_cap: Mapped[Decimal | None]
    cost_reserve: Mapped[Decimal] = mapped_column(server_default="0.5")
    """Set aside for each call whose cost is not known yet, so that the spend cap is never exceeded."""
    machine: Mapped[str] = mapped_column(server_default="hang_up")
    machine_message: Mapped[str] = mapped_column(server_default="")
    why: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]
    """When it was last set running: a circuit breaker judges the calls since then."""
    stopped_at: Mapped[datetime | None]


class LeadImport(Base):
    """One uploaded list."""

    __tablename__ = "lead_import"
    __table_args__ = (UniqueConstraint("campaign_id", "sha256"),)
    id: Mapped[int] = big_id()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    file: Mapped[str]
    sha256: Mapped[str]
    header: Mapped[list[str]]
    mapping: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportRow(Base):
    """Every row as uploaded, with what became of it; `n` is its line in the list, from 1 below the header."""

    __tablename__ = "import_row"
    __table_args__ = (one_of("fate", FATES),)
    import_id: Mapped[int] = mapped_column(ForeignKey("lead_import.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]]
    fate: Mapped[str]
    reason: Mapped[str | None]
    says: Mapped[str | None]


class Lead(Base):
    """One person, known by their number."""

    __tablename__ = "lead"
    id: Mapped[int] = big_id()
    phone: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    zones: Mapped[list[str]] = mapped_column(server_default="{}")
    zone_source: Mapped[str] = mapped_column(server_default="number")
    state: Mapped[str | None]
    """The lead's own state or province, as the list says it: another state's rules may bind too."""
    consent: Mapped[bool | None]
    consent_source: Mapped[str | None]
    consent_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CampaignLead(Base):
    """A lead in a campaign: `ready` was never rung, `waiting` is to be rung again, `calling` has a call, `done`."""

    __tablename__ = "campaign_lead"
    __table_args__ = (
        UniqueConstraint("campaign_id", "lead_id"),
        ForeignKeyConstraint(["import_id", "import_n"], ["import_row.import_id", "import_row.n"], name="import_row"),
        one_of("state", LEAD_STATES),
        one_of("last_outcome", Outcome),
        Index(
            "ix_campaign_lead_due",
            "campaign_id",
            "rank",
            "next_attempt_at",
            postgresql_where=text("state IN ('ready','waiting')"),
        ),
        Index("ix_campaign_lead_lead_id", "lead_id"),
    )
    id: Mapped[int] = big_id()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    import_id: Mapped[int | None] = mapped_column(BigInteger)
    import_n: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="ready")
    rank: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """0 a promised call-back, 1 never rung, 2 a retry: who goes first among those due."""
    next_attempt_at: Mapped[datetime] = mapped_column(server_default="2000-01-01 00:00+00")
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_outcome: Mapped[Outcome | None]
    why: Mapped[str | None]


class Call(Base):
    """One attempt to ring one lead."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("campaign_lead_id", "n"),
        one_of("state", State),
        one_of("outcome", Outcome),
        Index(
            "uq_call_live_phone",
            "phone",
            unique=True,
            postgresql_where=text("state IN ({})".format(", ".join(f"'{state}'" for state in LIVE))),
        ),
        Index("ix_call_phone_created_at", "phone", "created_at"),
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
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    placing_at: Mapped[datetime | None]
    placed_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    """The bridge's last sign of life for this call (real time)."""
    duration_s: Mapped[int | None]
    outcome: Mapped[Outcome | None]
    reported: Mapped[Outcome | None]
    """What the model reported by `end_call`; the outcome weighs it against what else happened."""
    reason: Mapped[str | None]
    promised_at: Mapped[datetime | None]
    promised_name: Mapped[str | None]
    answered_by: Mapped[str | None]
    carrier_cost: Mapped[Decimal | None]
    voice_cost: Mapped[Decimal | None]
    currency: Mapped[str | None]
    usage: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    first_audio_ms: Mapped[int | None]
    """From the answered stream to AVA's first audio, real time; null where none was sent."""
    unknown_at: Mapped[datetime | None]
    """When nobody could tell any more whether the carrier took the call."""
    latency_p50_ms: Mapped[int | None]
    latency_p95_ms: Mapped[int | None]
    recording: Mapped[str | None]


class CallEvent(Base):
    """Every webhook as received; the same one twice is one row."""

    __tablename__ = "call_event"
    __table_args__ = (UniqueConstraint("carrier", "sid", "kind", "sequence"),)
    id: Mapped[int] = big_id()
    carrier: Mapped[str]
    sid: Mapped[str]
    kind: Mapped[str]
    sequence: Mapped[str]
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("call.id"), index=True)
    fields: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]


class Turn(Base):
    """What one side said; `position` is the order of the conversation, not of arrival."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("call_id", "item"), one_of("who", ("ava", "student")))
    id: Mapped[int] = big_id()
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    item: Mapped[str]
    position: Mapped[int]
    who: Mapped[str]
    words: Mapped[str]
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


class Counselor(Base):
    """Somebody a lead can meet."""

    __tablename__ = "counselor"
    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]
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


class DoNotCall(Base):
    """A number that must not be rung; `scope` is `account` or `campaign:<id>`."""

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


class Pace(Base):
    """A token bucket, by the database's clock: of a campaign, of a carrier account, of a caller's number."""

    __tablename__ = "pace"
    key: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]


class KillSwitch(Base):
    """Nothing is placed while a row of scope `all`, or of the carrier, stands here."""

    __tablename__ = "kill_switch"
    scope: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str]
    thrown_by: Mapped[str]
    thrown_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Account(Base):
    """Somebody who may use the dialer."""

    __tablename__ = "account"
    __table_args__ = (one_of("role", ("admin", "marketing", "counselor", "auditor")),)
    id: Mapped[int] = big_id()
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    counselor_id: Mapped[int | None] = mapped_column(ForeignKey("counselor.id"))
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEntry(Base):
    """Who did what; each row carries the hash of the one before."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = big_id()
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    who: Mapped[str]
    did: Mapped[str]
    what: Mapped[dict[str, Any]]
    before: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


class LivedClock(Base):
    """The moved clock of a rehearsal (DIALER_CLOCK): one row, written by the first process that has it set."""

    __tablename__ = "lived_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    said: Mapped[str]
    began: Mapped[datetime]
    start: Mapped[datetime]
    speed: Mapped[float]
