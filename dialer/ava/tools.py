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
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.ava.arguments import (
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
from dialer.flows.book_meeting import book_slot, find_slots, hold_slot
from dialer.flows.opt_out import opt_out
from dialer.flows.report_outcome import call_back, report_outcome
from dialer.flows.save_enquiry import save_enquiry
from dialer.flows.talk import Result, Talk
from dialer.store import calls
from dialer.store.sessions import Sessions
from dialer.store.tables import Call, ToolUse

WITHIN_S = 2.0
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Answered:
    """A tool's result: `output` is JSON for the model; `ends` asks for the goodbye, `opted_out` for never again."""

    output: str
    ends: bool = False
    opted_out: bool = False


class Tools:
    """The eight tools for one talk."""

    def __init__(self, sessions: Sessions, talk: Talk, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._talk = talk
        self._clock = clock
        self._last_turn: str | None = None

    def heard(self, item: str) -> None:
        """The student's latest turn: what is saved next came from it."""
        self._last_turn = item

    async def run(self, item: str, name: str, arguments: str) -> Answered:
        """Run one tool call; the same `item` again gives the stored result again."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(WITHIN_S), self._sessions.begin() as session:
                earlier = await _earlier(session, self._talk, item)
                if earlier is not None:
                    return _answered(name, earlier)
                result = await self._result(session, name, arguments)
                took_ms = round((time.monotonic() - began) * 1000)
                await session.execute(
                    insert(ToolUse)
                    .values(
                        call_id=self._talk.call_id,
                        item=item,
                        name=name[:100],
                        arguments=arguments[:LONGEST].replace("\0", " "),
                        result=result,
                        at=self._clock(),
                        took_ms=took_ms,
                    )
                    .on_conflict_do_nothing()
                )
        except (TimeoutError, SQLAlchemyError, OSError) as error:
            result = _failed(f"it did not work: {type(error).__name__}")
        return _answered(name, result)

    async def opt_out(self, item: str, words: str) -> Answered:
        """The opt-out heard in the student's words, the same flow as the tool's."""
        return await self.run(f"heard:{item}", "opt_out", json.dumps({"words": words}))

    async def _result(self, session: AsyncSession, name: str, arguments: str) -> Result:
        model = TOOLS.get(name)
        if model is None:
            return _failed(f"there is no tool called {name[:50]!r}")
        if len(arguments) > LONGEST:
            return _failed("the arguments are too long")
        try:
            given = model.model_validate_json(arguments or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return _failed(f"{where or 'arguments'}: {first['msg']}")
        return await self._do(session, given)

    async def _do(self, session: AsyncSession, given: Arguments) -> Result:
        now = self._clock()
        match given:
            case SaveEnquiry():
                return await save_enquiry(
                    session, self._talk, given.model_dump(exclude_none=True), self._last_turn, now
                )
            case FindSlots(day=day, part_of_day=part):
                return await find_slots(session, self._talk, day, part, now)
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
                return await report_outcome(session, await self._call(session), outcome, reason)
            case Transfer():
                why = "nobody can take the call right now"
                return {
                    "transferring": False,
                    "reason": why,
                    "say": f"I am sorry, {why}. Shall we find a time for you to meet one of our experts instead?",
                }
        raise AssertionError(f"a tool without a flow: {type(given).__name__}")

    async def _call(self, session: AsyncSession) -> Call:
        call = await calls.locked(session, self._talk.call_id)
        assert call is not None
        return call


async def _earlier(session: AsyncSession, talk: Talk, item: str) -> Result | None:
    query = select(ToolUse.result).where(ToolUse.call_id == talk.call_id, ToolUse.item == item)
    found = await session.scalar(query)
    return found if found is None else dict(found)


def _failed(says: str) -> Result:
    return {"error": says, "say": "Sorry, that did not work on my side. Could you say it once more?"}


def _answered(name: str, result: Result) -> Answered:
    done = "error" not in result
    return Answered(
        output=json.dumps(result, ensure_ascii=False),
        ends=done and name in ("end_call", "opt_out"),
        opted_out=done and name == "opt_out",
    )
