"""The $placeholders of a campaign's script that no column of its lists fills: AVA would read them out."""

from dialer.domain.speech.placeholders import missing_columns
from dialer.store.sessions import Session
from dialer.store.system.exports import lead_columns
from dialer.store.tables import Campaign, Script


async def missing_placeholders(session: Session, campaign: Campaign) -> tuple[str, ...]:
    """Their names without the sign, sorted."""
    script = await session.get_one(Script, campaign.script_id)
    return missing_columns(script.persona, script.opening, await lead_columns(session, campaign.name))
