"""Lists as uploaded, people, and their places in campaigns."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.domain.call import Outcome
from dialer.store.tables.base import Base, big_id, one_of

LEAD_STATES = ("ready", "waiting", "calling", "done")
FATES = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")


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
