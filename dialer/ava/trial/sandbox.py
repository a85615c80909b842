"""Where AVA's tools run for a trial: on the real rows, with an invented call, in a transaction that is never kept.

Nothing is held open between two looks of hers at a tool: what she called before is called again, and then undone again.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from dialer.ava.tools import ToolOutput, Tools
from dialer.ava.trial.models import TrialMeeting, TrialResults
from dialer.ava.trial.setup import TrialSetup
from dialer.domain.calling.call import State
from dialer.domain.meetings.slots import Slot
from dialer.services.calls.context import CallContext
from dialer.store.calls import enquiries
from dialer.store.leads import do_not_call, leads
from dialer.store.meetings import bookings, outbox
from dialer.store.sessions import Session, Sessions, limit_lock_wait
from dialer.store.tables import Call, Campaign, Enrollment, Lead

NOBODY = "trial"
"""Stands for the carrier and the caller's number of a call that is none."""
PATIENCE = timedelta(milliseconds=1500)
"""Less than a tool may take: who waits for longer is told so, and the transaction goes on."""


@dataclass(frozen=True, slots=True)
class StudentStep:
    """The student spoke; `opts_out`: what they said sounds as if nobody was to call them again."""

    words: str
    opts_out: bool = False


@dataclass(frozen=True, slots=True)
class ToolStep:
    """AVA calls a tool."""

    name: str
    arguments: str


Step = StudentStep | ToolStep


@dataclass(frozen=True, slots=True)
class Replay:
    """What every tool of the steps answered, in order, and what all of them together would have left."""

    answers: Sequence[ToolOutput]
    kept: TrialResults
    offered: Mapping[str, Slot]


class Sandbox:
    """`undone` gives sessions whose transactions are taken back together at its end."""

    def __init__(
        self,
        undone: Callable[[], AbstractAsyncContextManager[Sessions]],
        cast: TrialSetup,
        clock: Callable[[], datetime],
    ) -> None:
        self._undone, self._cast, self._clock = undone, cast, clock

    async def play(self, steps: Sequence[Step], offered: Mapping[str, Slot]) -> Replay:
        """Play a talk from its beginning; `offered` are the tokens that were given out in it."""
        async with self._undone() as sessions:
            async with sessions.begin() as session:
                await limit_lock_wait(session, PATIENCE)
                talk = await self._invent(session)
            talk.offered.update(offered)
            tools = Tools(sessions, talk, self._clock)
            answers = []
            for n, step in enumerate(steps):
                match step:
                    case StudentStep(words, opts_out):
                        tools.heard(f"turn_{n}")
                        if opts_out:
                            answers.append(await tools.opt_out(f"turn_{n}", words))
                    case ToolStep(name, arguments):
                        answers.append(await tools.run(f"call_{n}", name, arguments))
            async with sessions.begin() as session:
                kept = await _kept(session, talk)
        return Replay(answers, kept, talk.offered)

    async def _invent(self, session: Session) -> CallContext:
        """A campaign, a lead in it and an answered call. Their number is a word: there is nobody whom it could ring."""
        cast, call_id = self._cast, uuid4()
        number = f"{NOBODY}:{call_id.hex}"
        campaign = Campaign(name=number, script_id=cast.script.id, recording=cast.recorded)
        lead = Lead(phone=number, name=cast.name, zones=[cast.zone])
        session.add_all([campaign, lead])
        await session.flush()
        place = Enrollment(campaign_id=campaign.id, lead_id=lead.id, state="calling", attempts=1)
        session.add(place)
        await session.flush()
        now = self._clock()
        session.add(
            Call(
                id=call_id,
                campaign_id=campaign.id,
                campaign_lead_id=place.id,
                script_id=cast.script.id,
                phone=number,
                n=1,
                state=State.TALKING,
                carrier=NOBODY,
                from_number=NOBODY,
                gate={},
                created_at=now,
                answered_at=now,
            )
        )
        await session.flush()
        return CallContext(call_id, campaign.id, place.id, number, cast.name, cast.zone, language=cast.language)


async def _kept(session: Session, talk: CallContext) -> TrialResults:
    call = await session.get_one(Call, talk.call_id)
    listed = await do_not_call.listed(session, [talk.phone], talk.campaign_id)
    return TrialResults(
        saved=await enquiries.newest(session, talk.campaign_lead_id),
        email=(await leads.email_of(session, talk.campaign_lead_id))[0],
        meeting=await _meeting(session, talk.call_id),
        call_back=call.promised_at,
        outcome=call.reported.value if call.reported else None,
        reason=call.reason,
        do_not_call=bool(listed),
    )


async def _meeting(session: Session, call_id: UUID) -> TrialMeeting | None:
    found = await bookings.of_call(session, call_id)
    if found is None:
        return None
    booking, counselor = found
    assert booking.during.lower is not None
    letters = await outbox.count_of_booking(session, booking.id)
    return TrialMeeting(state=booking.state, counselor=counselor, starts=booking.during.lower, letters=letters)
