"""A student who wants a person: who may take them, what that person is told first, and what came of it.

Students are connected only to counselors who said that they take them, at the number that stands with the counselor;
nobody, neither the model nor a page, can name another one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from dialer.carriers.port import MAX_TRANSFER_S
from dialer.domain.calling.call import Outcome
from dialer.domain.calling.reserve import reserve_for
from dialer.domain.compliance.rules import destination
from dialer.domain.meetings.slots import is_there
from dialer.services.calls.context import Result
from dialer.services.workspace_limits import read_limits
from dialer.store.calls import calls, costs, enquiries, incidents
from dialer.store.leads import do_not_call
from dialer.store.meetings import counselors
from dialer.store.sessions import Session
from dialer.store.tables import Call, Campaign, Counselor, Enrollment, Lead

DAY = timedelta(days=1)
NOBODY = "nobody is available to take the call right now"
SETTLED = frozenset({Outcome.DO_NOT_CALL, Outcome.VOICEMAIL, Outcome.WRONG_PERSON})


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """A counselor to connect a student to."""

    counselor_id: int
    name: str
    phone: str

    @property
    def words(self) -> str:
        """What AVA says to the student before it."""
        return f"I am connecting you to {self.name}, one of our experts. Please stay on the line."


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """Nobody is connected, and why."""

    says: str


async def find_target(
    session: Session, call_id: UUID, now: datetime, counselor_id: int = 0, *, connects: bool = True
) -> TransferTarget | TransferRefused:
    """Who takes the student of this call: the counselor named, whatever the hour, or (0) one who is there now.

    Nobody where the call's carrier `connects` none.
    """
    call = await session.get_one(Call, call_id)
    if not connects:
        return TransferRefused(f"{call.carrier} cannot transfer calls")
    if call.reported in SETTLED:
        return TransferRefused(f"the call counts as {call.reported.value.replace('_', ' ')}")
    if await do_not_call.listed(session, [call.phone], call.campaign_id):
        return TransferRefused("the number is on the do-not-call list")
    campaign = await session.get_one(Campaign, call.campaign_id)
    left = (await read_limits(session)).spend_day - (await costs.of_last_day(session, now)).committed
    if campaign.spend_cap is not None:
        left = min(left, campaign.spend_cap - (await costs.of_campaign(session, campaign)).committed)
    targets = [each for each in await available_targets(session) if each.phone not in (call.phone, call.from_number)]
    phones = [each.phone for each in targets if each.phone]
    listed = set(await do_not_call.listed(session, phones, call.campaign_id))
    people = {
        each.id: each
        for each in targets
        if each.phone and destination(each.phone)[0] and each.phone not in listed and reserve_of(each, campaign) <= left
    }
    if targets and not people:
        return TransferRefused("no counselor's number may be called within the spend limits")
    if counselor_id:
        person = people.get(counselor_id)
        return _person(person) if person else TransferRefused("this counselor does not accept transfers")
    there = [each.counselor_id for each in await counselors.times(session, now - DAY, now + DAY) if is_there(each, now)]
    person = next((people[each] for each in there if each in people), None)
    return _person(person) if person else TransferRefused(NOBODY)


def reserve_of(person: Counselor, campaign: Campaign) -> Decimal:
    """Return the USD to set aside for the leg to a counselor."""
    return reserve_for(person.phone or "", MAX_TRANSFER_S, campaign.cost_reserve)


async def available_targets(session: Session) -> list[Counselor]:
    """The counselors who take transfers: the only numbers that a student is ever connected to."""
    return list(await counselors.list_transfer_targets(session))


def as_result(found: TransferTarget | TransferRefused) -> Result:
    """What AVA's tool answers."""
    if isinstance(found, TransferTarget):
        return {"transferring": True, "to": found.name, "say": found.words}
    say = f"I am sorry, {NOBODY}. Shall we find a time for you to meet one of our experts instead?"
    return {"transferring": False, "reason": found.says, "say": say}


async def brief(session: Session, token: str) -> str | None:
    """What the counselor is told before they are connected, in two sentences; None for a token of no call of ours."""
    call = await calls.by_token(session, token)
    if call is None:
        return None
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id)
    lead = await session.get_one(Lead, in_campaign.lead_id)
    known = await enquiries.newest(session, in_campaign.id)
    name = " ".join((known.get("name") or lead.name or "A student").split())[:80]
    wants = [known[field] for field in ("course", "country", "intake") if known.get(field)]
    about = f"They asked about {', '.join(wants)}." if wants else "They have not said yet what they want to study."
    if known.get("budget"):
        about = about[:-1] + f"; their budget is {known['budget']}."
    return f"One Window. {name} is on the line and wants to speak to a person. {about[:300]}"


async def record_transferred(session: Session, call_id: UUID, person: TransferTarget, fault: str | None) -> None:
    """The student was given to the carrier to be connected, or (`fault`) could not be.

    A student who is with a person is not called again by AVA: unless more was reported, the call counts as qualified.
    """
    call = await calls.locked(session, call_id)
    if call is None:
        return
    if fault is None:
        call.reported = call.reported or Outcome.QUALIFIED
        call.reason = f"transferred to {person.name}"
        campaign = await session.get_one(Campaign, call.campaign_id)
        own = campaign.cost_reserve if call.reserve is None else call.reserve
        call.reserve = own + reserve_for(person.phone, MAX_TRANSFER_S)
    else:
        call.reason = f"could not be transferred to {person.name}: {fault}"[:500]
        await _tell(session, call, f"{person.name} could not be called ({fault})")
    await session.flush()


async def record_not_taken(session: Session, call_id: UUID, says: str) -> None:
    """The person whom the student was to be connected to did not come to the phone."""
    call = await calls.locked(session, call_id)
    if call is None:
        return
    call.reason = f"{call.reason or 'transferred'}, who did not answer ({says})"[:500]
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id)
    in_campaign.why = "asked for a person, who did not answer; will be called back"
    await _tell(session, call, f"the counselor did not answer ({says})")
    await session.flush()


async def _tell(session: Session, call: Call, says: str) -> None:
    await incidents.record(
        session, "transfer", str(call.id), f"a student is waiting for a person: {says}", call_id=call.id
    )


def _person(counselor: Counselor) -> TransferTarget:
    assert counselor.phone is not None
    return TransferTarget(counselor.id, counselor.name, counselor.phone)
