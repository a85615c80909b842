"""What a campaign is: its script and its typed policy."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.store.tables.base import Base, big_id, enum_check

CAMPAIGN_STATES = ("draft", "running", "paused", "done", "stopped")
VOICEMAIL_CHOICES = ("off", "hang_up", "leave_message")
VAD_KINDS = ("server_vad", "semantic_vad")
VAD_EAGERNESS = ("low", "medium", "high", "auto")
NOISE_REDUCTIONS = ("near_field", "far_field")


class Script(Base):
    """What AVA is told and how she sounds; a version never changes."""

    __tablename__ = "script"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        enum_check("vad_kind", VAD_KINDS),
        enum_check("vad_eagerness", VAD_EAGERNESS),
        enum_check("noise_reduction", NOISE_REDUCTIONS),
        CheckConstraint("speed BETWEEN 0.25 AND 1.5", name="speed"),
    )
    id: Mapped[int] = big_id()
    name: Mapped[str]
    version: Mapped[int]
    business: Mapped[str] = mapped_column(server_default="One Window")
    """Whom AVA says she is calling from, in the first sentence of every call."""
    opening: Mapped[str]
    persona: Mapped[str]
    voice: Mapped[str] = mapped_column(server_default="openai_realtime")
    speaker: Mapped[str] = mapped_column(server_default="ash")
    vad_threshold: Mapped[float] = mapped_column(server_default="0.8")
    vad_prefix_ms: Mapped[int] = mapped_column(server_default="300")
    vad_silence_ms: Mapped[int] = mapped_column(server_default="1000")
    transcription_model: Mapped[str] = mapped_column(server_default="gpt-transcribe")
    language: Mapped[str] = mapped_column(server_default="en")
    model: Mapped[str | None]
    """The voice's model; null for the one of the settings."""
    second_voice: Mapped[str | None]
    """The voice that takes over where the first cannot start, or dies."""
    languages: Mapped[list[str]] = mapped_column(server_default="{}")
    """What the student may change to, ISO 639-1."""
    keywords: Mapped[list[str]] = mapped_column(server_default="{}")
    """Names that a transcriber should know."""
    vad_kind: Mapped[str] = mapped_column(server_default="server_vad")
    vad_eagerness: Mapped[str] = mapped_column(server_default="auto")
    noise_reduction: Mapped[str | None]
    speed: Mapped[float] = mapped_column(server_default="1")
    max_output_tokens: Mapped[int | None]
    min_speech_ms: Mapped[int] = mapped_column(server_default="120")
    """How much sound, louder than a line's noise, cuts AVA off; less is a cough."""
    protect_ms: Mapped[int] = mapped_column(server_default="2500")
    """So much of her opening is said whole, whatever is heard meanwhile."""
    silence_s: Mapped[float] = mapped_column(server_default="10")
    """How long nobody speaks before AVA asks, once, whether anybody is there."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Campaign(Base):
    """One list being called for one purpose; its policy is typed columns."""

    __tablename__ = "campaign"
    __table_args__ = (
        enum_check("state", CAMPAIGN_STATES),
        enum_check("machine", VOICEMAIL_CHOICES),
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
    recording: Mapped[bool] = mapped_column(server_default="true")
    """Whether talks are recorded; AVA says so at the start of those that are."""
    recording_days: Mapped[int] = mapped_column(server_default="90")
    """How long a recording is kept."""
    state_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]
    """When it was last set running: a circuit breaker judges the calls since then."""
    stopped_at: Mapped[datetime | None]
    voice_checked_at: Mapped[datetime | None]
    """When its voice was last found to speak; before that nobody is called."""
    voice_asked_at: Mapped[datetime | None]
