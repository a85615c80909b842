"""Lists as uploaded, people, and their places in campaigns."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.domain.calling.call import Outcome
from dialer.store.tables.base import Base, big_id, enum_check

LEAD_STATES = ("ready", "waiting", "calling", "done")
IMPORT_STATES = ("checked", "done", "undone")
CHOICES = ("skip", "fill", "overwrite")
NAME_WORDS = r"""array_to_tsvector(array_remove(regexp_split_to_array(lower("left"(name, 400)), '\s+'), ''))"""
"""A name's words, for who looks for one by its beginning; of each letter that a language has, without a parser's guess."""
ROW_RESULTS = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")


class LeadImport(Base):
    """One uploaded list: `checked` by a dry run only, `done`, or taken back."""

    __tablename__ = "lead_import"
    __table_args__ = (
        UniqueConstraint("campaign_id", "sha256"),
        enum_check("state", IMPORT_STATES),
        enum_check("duplicates", CHOICES),
    )
    id: Mapped[int] = big_id()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    file: Mapped[str]
    sha256: Mapped[str]
    header: Mapped[list[str]]
    mapping: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="done")
    duplicates: Mapped[str] = mapped_column(server_default="skip")
    """What is done with people who stand in the file twice or are in the campaign already."""
    detected: Mapped[str] = mapped_column(server_default="")
    corrects_import_id: Mapped[int | None] = mapped_column(BigInteger)
    """The list whose rejected rows this one brings back fixed."""


class ImportRow(Base):
    """Every row as uploaded, with what became of it; `n` is its line in the list, from 1 below the header.

    Rows have no foreign key to their list, nor a lead's place to its row: a list's rows, places and head are written in
    one transaction by one flow, and two look-ups a row would cost a million-row import a quarter of its time.
    """

    __tablename__ = "import_row"
    __table_args__ = (enum_check("result", ROW_RESULTS), enum_check("choice", CHOICES))
    import_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]]
    result: Mapped[str]
    reason: Mapped[str | None]
    message: Mapped[str | None]
    suggestion: Mapped[str | None]
    parsed: Mapped[dict[str, Any] | None]
    """Cells that mean something in a common wording ("Canda", "20 lakh"): that wording, by field; the cell stays."""
    flags: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """What is to be known of a row that is no reason to reject it: a sum of domain.verdict.Flag."""
    choice: Mapped[str | None]
    """What was chosen for this duplicate alone."""


class Lead(Base):
    """One person, known by their number."""

    __tablename__ = "lead"
    __table_args__ = (Index("ix_lead_name_words", text(NAME_WORDS), postgresql_using="gin"),)
    id: Mapped[int] = big_id()
    phone: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    email_by_voice: Mapped[bool] = mapped_column(server_default="false")
    """Whether the address was heard in a call: it gets few invitations."""
    zones: Mapped[list[str]] = mapped_column(server_default="{}")
    zone_source: Mapped[str] = mapped_column(server_default="number")
    state: Mapped[str | None]
    """The lead's own state or province, as the list says it: another state's rules may bind too."""
    consent: Mapped[bool | None]
    consent_source: Mapped[str | None]
    consent_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    import_id: Mapped[int | None] = mapped_column(BigInteger)
    """The list that brought them first; a lead that nobody else needs goes with it when that is taken back."""


class Enrollment(Base):
    """A lead in a campaign: `ready` was never called, `waiting` is to be called again, `calling` has a call, `done`."""

    __tablename__ = "campaign_lead"
    __table_args__ = (
        UniqueConstraint("campaign_id", "lead_id"),
        enum_check("state", LEAD_STATES),
        enum_check("last_outcome", Outcome),
        Index(
            "ix_campaign_lead_due",
            *("campaign_id", "hours_id", "rank", "next_attempt_at", "id"),
            postgresql_where=text("state IN ('ready','waiting')"),
        ),
        Index(
            "ix_campaign_lead_promised",
            *("campaign_id", "next_attempt_at", "id"),
            postgresql_where=text("rank = 0 AND state IN ('ready','waiting')"),
        ),
        Index("ix_campaign_lead_lead_id", "lead_id"),
        # For pages: a new list writes neither of them, since its leads are ready and have no outcome.
        Index("ix_campaign_lead_state", "campaign_id", "state", "lead_id", postgresql_where=text("state <> 'ready'")),
        Index(
            "ix_campaign_lead_outcome",
            *("campaign_id", "last_outcome", "lead_id"),
            postgresql_where=text("last_outcome IS NOT NULL"),
        ),
    )
    id: Mapped[int] = big_id()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    import_id: Mapped[int | None] = mapped_column(BigInteger)
    import_n: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="ready")
    rank: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """0 a promised call-back, 1 never called, 2 a retry: who goes first among those due."""
    next_attempt_at: Mapped[datetime] = mapped_column(server_default="2000-01-01 00:00+00")
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_outcome: Mapped[Outcome | None]
    why: Mapped[str | None]
    hours_id: Mapped[int] = mapped_column(server_default="0")
    """Which leads share its hours; 0 until it is told. A trigger puts it back to 0 where the lead's zones change."""


class HoursGroup(Base):
    """Leads that share their hours (domain.hours_group); the row 0 stands for those that are not sorted yet."""

    __tablename__ = "hours_group"
    __table_args__ = (UniqueConstraint("region", "states", "zones"),)
    id: Mapped[int] = mapped_column(Integer, Identity(start=1), primary_key=True)
    region: Mapped[str]
    states: Mapped[list[str]]
    zones: Mapped[list[str]]


class CampaignHours(Base):
    """When a group's leads may next be called in a campaign, and why not before: one row speaks for a million leads."""

    __tablename__ = "campaign_hours"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    hours_id: Mapped[int] = mapped_column(ForeignKey("hours_group.id"), primary_key=True)
    opens_at: Mapped[datetime]
    reason: Mapped[str]
