"""Act on a live call: whisper to AVA, end the call, transfer the student. The bridge that holds the call carries it out."""

from uuid import UUID

from redis.asyncio import Redis

from dialer.bus import call_control
from dialer.bus.call_control import Command
from dialer.domain.calling.call import State
from dialer.services import actions
from dialer.services.actions import Action
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Sessions
from dialer.store.tables import Call

NOT_LIVE = "This call is not in progress."
NO_BRIDGE = "This call cannot be reached. It may be ending."


class NoSuchCallError(ValueError):
    """There is no call with this id."""


class NotDoneError(ValueError):
    """The call is not in progress, or its bridge could not do it; the message says which."""


async def whisper(sessions: Sessions, redis: "Redis", actor: Actor, call_id: UUID, words: str) -> None:
    """Tell AVA something that the student does not hear. Raises ForbiddenError, NoSuchCallError, NotDoneError."""
    command = Command(call_id=call_id, do="note", words=words, who=actor.email)
    await _send(sessions, redis, actor, actions.CALL_NOTE, command, {"words": words})


async def hang_up(sessions: Sessions, redis: "Redis", actor: Actor, call_id: UUID, *, at_once: bool) -> None:
    """End a call, after AVA's goodbye or at once. Raises ForbiddenError, NoSuchCallError, NotDoneError."""
    command = Command(call_id=call_id, do="hang_up", at_once=at_once, who=actor.email)
    await _send(sessions, redis, actor, actions.CALL_HANG_UP, command, {"at_once": at_once})


async def transfer(sessions: Sessions, redis: "Redis", actor: Actor, call_id: UUID, counselor_id: int) -> None:
    """Connect the student to a counselor; 0 for one who is available.

    Raises:
        ForbiddenError, NoSuchCallError, NotDoneError.
    """
    command = Command(call_id=call_id, do="transfer", counselor=counselor_id, who=actor.email)
    await _send(sessions, redis, actor, actions.CALL_TRANSFER, command, {"counselor": counselor_id})


async def must_be_live(sessions: Sessions, call_id: UUID) -> None:
    """Check that a call is in progress. Raises NoSuchCallError, NotDoneError."""
    async with sessions() as session:
        call = await session.get(Call, call_id)
    if call is None:
        raise NoSuchCallError("This call does not exist.")
    if call.state is not State.TALKING or call.stream_opened_at is None or call.stream_closed_at is not None:
        raise NotDoneError(NOT_LIVE)


async def _send(
    sessions: Sessions, redis: "Redis", actor: Actor, action: Action, command: Command, details: dict[str, object]
) -> None:
    actor.require(action)
    await must_be_live(sessions, command.call_id)
    reply = await call_control.request(redis, command)
    if reply is None or not reply.ok:
        raise NotDoneError(reply.says if reply else NO_BRIDGE)
    async with sessions.begin() as session:
        await record(session, actor, action, {"call_id": str(command.call_id), **details})
