"""AVA's tools at work: a call of the model in, one transaction, a short JSON object out.

The model has no authority: arguments are checked, limits are the flows', and whatever goes wrong comes back as a
result that says so, never as silence and never as a claim that something was done.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from dialer.ava.tool_schemas import (
    TOOLS,
    Arguments,
    BookSlot,
    CallBack,
    EndCall,
    FindSlots,
    HoldSlot,
    OptOut,
    SaveEnquiry,
    Transfer,
)
from dialer.domain.calling.call import Outcome
from dialer.services.calls.context import CallContext, Result
from dialer.services.calls.report_outcome import call_back, report_outcome
from dialer.services.calls.transfer import TransferTarget, as_result, find_target
from dialer.services.do_not_call.suppress import opt_out
from dialer.services.meetings.book import book_slot, hold_slot
from dialer.services.meetings.enquiry import save_enquiry
from dialer.services.meetings.offer import find_slots
from dialer.store.calls import calls, tool_uses
from dialer.store.sessions import DatabaseError, Session, Sessions
from dialer.store.tables import Call

TIMEOUT_S = 2.0
MAX_SENTENCES_CHARS = 20_000
MACHINE = "a machine answered, nobody can agree to a meeting"
NOTHING_DONE: dict[str, Result] = {
    "save_enquiry": {"saved": {}},
    "find_slots": {"slots": []},
    "hold_slot": {"held": False},
    "book_slot": {"booked": False},
    "call_back": {"agreed": False},
    "opt_out": {"done": False},
    "transfer": {"transferring": False},
    "end_call": {"ending": False},
}


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool's result: `output` is JSON for the model; `ends` asks for the goodbye, `opted_out` for never again."""

    output: str
    ends: bool = False
    opted_out: bool = False
    person: TransferTarget | None = None
    """Whom to connect the student to when the last words were heard."""
    failed: bool = False
    """The call was wrong, or could not be carried out; nothing was done."""


class Tools:
    """The eight tools for one talk."""

    def __init__(self, sessions: Sessions, talk: CallContext, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._talk = talk
        self._clock = clock
        self._last_turn: str | None = None
        self._person: TransferTarget | None = None

    def heard(self, item: str) -> None:
        """The student's latest turn: what is saved next came from it."""
        self._last_turn = self._talk.turn = item

    async def run(self, item: str, name: str, arguments: str) -> ToolOutput:
        """Run one tool call; the same `item` again gives the stored result again."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_S), self._sessions.begin() as session:
                mine = await self._claim(session, item, name, arguments)
                if mine is None:
                    return _answered(name, await _earlier(session, self._talk, item))
                result = await self._result(session, name, arguments)
                took_ms = round((time.monotonic() - began) * 1000)
                await tool_uses.record_result(session, mine, result, took_ms)
        except (TimeoutError, DatabaseError, OSError) as error:
            return not_done(name, f"it did not work: {type(error).__name__}")
        person, self._person = self._person, None
        return _answered(name, result, person)

    async def opt_out(self, item: str, words: str) -> ToolOutput:
        """The opt-out heard in the student's words, the same flow as the tool's."""
        return await self.run(f"heard:{item}", "opt_out", json.dumps({"words": words}))

    async def _claim(self, session: Session, item: str, name: str, arguments: str) -> int | None:
        """Take the item; None where it was run before. Whoever runs it at the same time waits here for the result."""
        return await tool_uses.claim(
            session,
            self._talk.call_id,
            item,
            name=name[:100].replace("\0", " "),
            arguments=arguments[:MAX_SENTENCES_CHARS].replace("\0", " "),
            at=self._clock(),
        )

    async def _result(self, session: Session, name: str, arguments: str) -> Result:
        model = TOOLS.get(name)
        if model is None:
            return _failed(name, f"there is no tool called {name[:50]!r}")
        if len(arguments) > MAX_SENTENCES_CHARS:
            return _failed(name, "the arguments are too long")
        try:
            given = model.model_validate_json(arguments or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return _failed(name, f"{where or 'arguments'}: {first['msg']}")
        return await self._do(session, given)

    async def _do(self, session: Session, given: Arguments) -> Result:
        now = self._clock()
        match given:
            case SaveEnquiry():
                return await save_enquiry(
                    session, self._talk, given.model_dump(exclude_none=True), self._last_turn, now
                )
            case FindSlots(day=day, part_of_day=part):
                return await find_slots(session, self._talk, day, part, now)
            case HoldSlot() | BookSlot() if (await self._call(session)).reported is Outcome.VOICEMAIL:
                return {"held": False, "booked": False, "reason": MACHINE, "slots": [], "say": "Goodbye."}
            case HoldSlot(slot=slot):
                return await hold_slot(session, self._talk, slot, now)
            case BookSlot(slot=slot):
                return await book_slot(session, self._talk, slot, now)
            case CallBack(when=when, ask_for=ask_for):
                return await call_back(session, await self._call(session), self._talk, when, ask_for, now)
            case OptOut(words=words):
                await opt_out(session, await self._call(session), words, now)
                return {
                    "done": True,
                    "say": "Of course. I have taken your number off our list and we will not call you again. Goodbye.",
                }
            case EndCall(outcome=outcome, reason=reason):
                return await report_outcome(session, await self._call(session), outcome, reason, now)
            case Transfer():
                found = await find_target(session, self._talk.call_id, now, connects=self._talk.connects)
                self._person = found if isinstance(found, TransferTarget) else None
                return as_result(found)
        raise AssertionError(f"a tool without a flow: {type(given).__name__}")

    async def _call(self, session: Session) -> Call:
        call = await calls.locked(session, self._talk.call_id)
        assert call is not None
        return call


def not_done(name: str, says: str) -> ToolOutput:
    """What the model is told where a tool could not be carried out."""
    return _answered(name, _failed(name, says))


async def _earlier(session: Session, talk: CallContext, item: str) -> Result:
    return dict(await tool_uses.find_result(session, talk.call_id, item) or {})


def _failed(name: str, says: str) -> Result:
    """Nothing was done, in the tool's own words for it: what AVA may claim is what the result says."""
    return {
        "error": says,
        **NOTHING_DONE.get(name, {}),
        "say": "Sorry, that did not work on my side. Could you say it once more?",
    }


def _answered(name: str, result: Result, person: TransferTarget | None = None) -> ToolOutput:
    done = "error" not in result
    return ToolOutput(
        output=json.dumps(result, ensure_ascii=False),
        ends=done and (name in ("end_call", "opt_out") or person is not None),
        opted_out=done and name == "opt_out",
        person=person,
        failed=not done,
    )
