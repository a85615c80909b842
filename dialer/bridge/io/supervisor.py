"""What people ask of a call while it goes on: a note to AVA, an end, a person instead of her, to listen.

One task of the process hears the commands of all web processes (`dialer.bus.call_control`); those for calls of other bridges are
not its business. What is asked of a call is done in that call alone, and answered with what came of it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import Effect, EndReason
from dialer.bridge.io.call_worker import CallWorker
from dialer.bridge.io.media_fork import MediaFork
from dialer.bus import call_control
from dialer.bus.call_control import Command, Reply
from dialer.services.calls.transfer import TransferRefused
from dialer.store.sessions import DatabaseError

HEAR_AGAIN_S = 1.0
ENDING = "the call is ending already"
NO_VOICE = "AVA is not there right now; try again in a moment"
FAILED = "it did not work; the bridge's log has the details"
FULL = "as many as may listen to a call do so already"
GOODBYE_INSTRUCTIONS = (
    "A colleague of yours at One Window ends this call now. In one or two short sentences, in the language you were "
    "speaking, thank the student, say that One Window will be in touch, and say goodbye. Say nothing else."
)
CONNECTING = (
    "A colleague of yours at One Window connects the student to a person now. Say this, in the language you were "
    'speaking, and nothing else: "{}"'
)
NO_DATABASE = "the database cannot be asked right now"
NOTE = "Note from a colleague at One Window who listens in; the student does not hear it and is not to be told of it: "
log = logging.getLogger(__name__)


class SupervisedCall(Protocol):
    """A call of this process, as far as it can be told something."""

    @property
    def conversation(self) -> Conversation | None:
        """Its talk, once it was answered."""

    @property
    def worker(self) -> CallWorker | None:
        """Who does its work."""

    @property
    def media_fork(self) -> MediaFork | None:
        """Its line."""

    def execute(self, effects: list[Effect]) -> None:
        """Carry out what the conversation wants."""


async def listen(redis: "Redis", find: Callable[[UUID], SupervisedCall | None]) -> None:
    """Hear and do commands for as long as the process lives; a Redis that is away is waited for."""
    doing: set[asyncio.Task[None]] = set()

    async def one(call: SupervisedCall, command: Command) -> None:
        try:
            reply = await handle_command(call, command)
        except Exception:  # what goes wrong with one command is told to who gave it, and harms no other call
            log.exception("a command failed: %s", command.do, extra={"call_id": str(command.call_id)})
            reply = Reply(False, FAILED)
        await call_control.reply(redis, command, reply)

    while True:
        try:
            async with call_control.commands(redis) as commands:
                async for command in commands:
                    if (call := find(command.call_id)) is not None:
                        task = asyncio.create_task(one(call, command))
                        doing.add(task)
                        task.add_done_callback(doing.discard)
        except (RedisError, OSError) as error:
            log.warning("commands are not heard: %s", error)
        await asyncio.sleep(HEAR_AGAIN_S)


async def handle_command(call: SupervisedCall, command: Command) -> Reply:
    """Do what is asked of a call, or say why not."""
    conversation, clerk, tap = call.conversation, call.worker, call.media_fork
    if conversation is None or clerk is None or tap is None or conversation.hangup.begun:
        return Reply(False, ENDING)
    if command.do == "listen":
        heard = tap.admit(command.listener, conversation.stream_ms)
        return Reply(heard, "" if heard else FULL)
    if command.do == "note":
        effects = conversation.add_note(NOTE + command.words)
        call.execute(effects)
        return Reply(bool(effects), "" if effects else NO_VOICE)
    if command.do == "hang_up" and command.at_once:
        call.execute(conversation.end(EndReason.HUNG_UP, time.monotonic()))
        return Reply(True)
    if conversation.hangup.goodbye:
        return Reply(False, ENDING)
    if command.do == "hang_up":
        call.execute(conversation.say_goodbye(GOODBYE_INSTRUCTIONS, time.monotonic()))
        return Reply(True)
    try:
        found = await clerk.choose_person(command.counselor)
    except (DatabaseError, OSError) as error:
        log.error("transfer not prepared: %s", error)
        return Reply(False, NO_DATABASE)
    if isinstance(found, TransferRefused):
        return Reply(False, found.says)
    effects = conversation.say_goodbye(CONNECTING.format(found.words), time.monotonic(), EndReason.TRANSFERRED)
    call.execute(effects)
    return Reply(True) if conversation.hangup.goodbye else Reply(False, ENDING)
