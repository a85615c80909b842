"""Why a lead may or may not be called now, in each campaign that has it: the gate's own answer, nothing else."""

from datetime import datetime
from typing import Any

from dialer.services.dialing.eligibility import Accounts, capacity_of, evaluate_leads, record
from dialer.services.dialing.routing import caller_id_for
from dialer.store.campaigns import rate_buckets
from dialer.store.leads import enrollments
from dialer.store.sessions import Session


async def explain_number(
    session: Session, e164: str, campaign_name: str | None, accounts: Accounts, now: datetime
) -> list[dict[str, Any]]:
    """`{phone, campaign, may_ring, rules: [{rule, ok, says}], next_at}` per campaign; empty for an unknown lead."""
    explained = []
    for campaign, in_campaign, lead in await enrollments.list_of_phone(session, e164, campaign_name):
        room = await capacity_of(
            session, campaign, await rate_buckets.tokens(session, f"campaign:{campaign.id}", campaign.per_second), now
        )
        line = caller_id_for(accounts, campaign, lead.phone)
        (verdict,) = await evaluate_leads(session, campaign, [(in_campaign, lead)], [line], now, room)
        explained.append({"phone": e164, "campaign": campaign.name, **record(verdict, now)})
    return explained
