"""By which script a trial is talked, and who AVA believes to talk to: a lead of a campaign, or an invented student."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialer.ava.persona import SessionTexts, compose_session, without_false_claims
from dialer.ava.trial.models import TrialRequest
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.services.scripts import newest
from dialer.store.campaigns import campaigns
from dialer.store.leads import enrollments
from dialer.store.sessions import Session
from dialer.store.tables import Script


class TrialError(Exception):
    """A turn that cannot be had; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class TrialSetup:
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

    def told(self, now: datetime) -> SessionTexts:
        """What AVA is told, as in a call."""
        return compose_session(
            without_false_claims(self.persona),
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


def voice_of(script: Script, asked: TrialRequest) -> tuple[str, str | None]:
    """The voice that a trial is in place of, and the script's choice of a model for it."""
    voice = asked.voice or script.voice
    return voice, script.model if voice == script.voice else None


async def trial_setup(session: Session, name: str, asked: TrialRequest) -> TrialSetup:
    """Read everything that a trial of this script needs; nothing is changed.

    Raises:
        UnknownScriptError: there is no such script or version.
        TrialError: there is no such campaign, it speaks by another script, or it has no such lead.
    """
    script = await newest(session, name, asked.version)
    persona, opening = asked.persona or script.persona, asked.opening or script.opening
    language = asked.language or script.language
    if asked.campaign is None:
        return TrialSetup(script, persona, opening, asked.student, asked.zone, language)
    campaign = await campaigns.named(session, asked.campaign)
    if campaign is None:
        raise TrialError(f"there is no campaign {asked.campaign!r}; see: dialer campaign status")
    theirs = await session.get_one(Script, campaign.script_id)
    if theirs.name != name:
        raise TrialError(
            f"campaign {campaign.name!r} speaks by the script {theirs.name!r}; try that one with its leads"
        )
    found = await enrollments.find_first(session, campaign.id, asked.lead)
    if found is None:
        which = "no leads yet" if asked.lead is None else f"no lead {asked.lead}"
        raise TrialError(f"campaign {campaign.name!r} has {which}; bring a list in, or try with an invented student")
    place, lead = found
    zone = lead.zones[0] if lead.zones else "UTC"
    return TrialSetup(
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
