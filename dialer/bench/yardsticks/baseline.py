"""The baseline for placing calls: one job, one ORM session and one httpx request per call.

It deliberately has no eligibility rules, no call token, no deadline between claim and request, and does not distinguish
an unknown call from a rejected one.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from dialer.domain.calling.call import State
from dialer.services.dialing.acquire import CallbackUrls
from dialer.store.system import database_clock
from dialer.store.tables import Call, Campaign, Enrollment, Lead

CALLBACK_URLS = CallbackUrls("https://dialer.example.org", "wss://dialer.example.org")


async def naive_place(ctx: dict[str, Any], call_id: str) -> None:
    """Load the call and its lead, mark it as placing, request it from the carrier, and mark it as placed."""
    async with ctx["sessions"]() as session:
        call = await session.get(Call, UUID(call_id))
        campaign = await session.get(Campaign, call.campaign_id)
        in_campaign = await session.get(Enrollment, call.campaign_lead_id)
        lead = await session.get(Lead, in_campaign.lead_id)
        call.state, call.placing_at = State.PLACING, database_clock.transaction_time()
        await session.commit()
        form = {
            "To": lead.phone, "From": call.from_number, "Timeout": campaign.ring_timeout_s,
            "TimeLimit": campaign.time_limit_s, "Twiml": f"<Response><Say>{lead.name}</Say></Response>",
            "StatusCallback": CALLBACK_URLS.url("status", "twilio", call_id),
        }  # fmt: skip
        response = await ctx["http"].post(
            f"{ctx['carrier']}/2010-04-01/Accounts/AC0/Calls.json",
            content=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=("AC0", "secret"),
        )
        call.carrier_sid, call.state = response.json()["sid"], State.PLACED
        call.placed_at = database_clock.transaction_time()
        await session.commit()
