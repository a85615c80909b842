"""Keep what a student said about their plans: normalised, with their own words and the turn it came from."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.enquiry import FIELDS, missing, normalise
from dialer.flows.talk import Result, Talk
from dialer.store import enquiries
from dialer.store.tables import EnquiryValue

QUESTIONS = {
    "name": "May I ask your name?",
    "inspiration": "What inspired you to think of studying abroad?",
    "country": "Which country would you like to study in?",
    "course": "Which course or subject do you have in mind?",
    "intake": "When would you like to start?",
    "budget": "What budget do you have in mind?",
    "funding": "Would you need a scholarship or a loan?",
}


async def save_enquiry(
    session: AsyncSession, talk: Talk, given: Mapping[str, str], turn_item: str | None, now: datetime
) -> Result:
    """Append the given values; answer with what was saved and what is still missing, in asking order."""
    saved: dict[str, str] = {}
    known = await enquiries.newest(session, talk.campaign_lead_id)
    for field in FIELDS:
        if field not in given:
            continue
        value = normalise(field, given[field], talk.there(now).date())
        saved[field] = value.text
        if known.get(field) != value.text:
            session.add(
                EnquiryValue(
                    call_id=talk.call_id,
                    campaign_lead_id=talk.campaign_lead_id,
                    field=field,
                    value=value.text,
                    original=value.original,
                    turn_item=turn_item,
                    at=now,
                )
            )
    left = missing({**known, **saved})
    ask = QUESTIONS[left[0]] if left else "Shall we find a time for you to meet one of our experts?"
    return {"saved": saved, "missing": list(left), "say": f"Great, I have noted that. {ask}"}
