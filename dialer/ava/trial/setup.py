"""By which script a trial is talked, and who AVA believes to talk to: a lead of a campaign, or an invented student."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.ava.persona import Told, honest, tell
from dialer.ava.trial.models import Asked
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.services.scripts import newest
from dialer.store.campaigns import campaigns
from dialer.store.tables import CampaignLead, Lead, Script


class TrialError(Exception):
    """A turn that cannot be had; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who AVA believes to talk to, and by which script."""

    script: Script
    persona: str
    opening: str
    name: str
    zone: str
    language: str
    row: Mapping[str, str] = field(default_factory=dict)
    """The marketer's row of a real lead."""
    recorded: bool = True
    phone: str | None = None
    """A real lead's number, whose country's rules bind; None for an invented student."""

    def told(self, now: datetime) -> Told:
        """What AVA is told, as in a call."""
        return tell(
            honest(self.persona),
            self.opening,
            business=self.script.business,
            phone=self.phone,
            name=self.name,
            row=self.row,
            zone=self.zone,
            now=now,
            recorded=self.recorded,
            language=self.language,
        )


def voice_of(script: Script, asked: Asked) -> tuple[str, str | None]:
    """The voice that a trial is in place of, and the script's choice of a model for it."""
    voice = asked.voice or script.voice
    return voice, script.model if voice == script.voice else None


async def cast_of(session: AsyncSession, name: str, asked: Asked) -> Cast:
    """Read everything that a trial of this script needs; nothing is changed.

    Raises:
        UnknownScriptError: there is no such script or version.
        TrialError: there is no such campaign, it speaks by another script, or it has no such lead.
    """
    script = await newest(session, name, asked.version)
    persona, opening = asked.persona or script.persona, asked.opening or script.opening
    language = asked.language or script.language
    if asked.campaign is None:
        return Cast(script, persona, opening, asked.student, asked.zone, language)
    campaign = await campaigns.named(session, asked.campaign)
    if campaign is None:
        raise TrialError(f"there is no campaign {asked.campaign!r}; see: dialer campaign status")
    theirs = await session.get_one(Script, campaign.script_id)
    if theirs.name != name:
        raise TrialError(
            f"campaign {campaign.name!r} speaks by the script {theirs.name!r}; try that one with its leads"
        )
    query = (
        select(CampaignLead, Lead)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign.id)
        .order_by(CampaignLead.lead_id)
        .limit(1)
    )
    if asked.lead is not None:
        query = query.where(Lead.id == asked.lead)
    found = (await session.execute(query)).first()
    if found is None:
        which = "no leads yet" if asked.lead is None else f"no lead {asked.lead}"
        raise TrialError(f"campaign {campaign.name!r} has {which}; bring a list in, or try with an invented student")
    place, lead = found
    zone = lead.zones[0] if lead.zones else "UTC"
    return Cast(
        script,
        persona,
        opening,
        lead.name,
        zone,
        language,
        await lead_columns_of(session, place),
        recorded=campaign.recording,
        phone=lead.phone,
    )
