"""One turn of a script tried in text: the student's words in, AVA's words and the tools that she called out.

She is told what she is told in a call, by the text model of a pipeline, and her tools are the real ones; what they did is
undone (see `stage`). As in a call, a wish not to be called again is heard in the words, whatever the model does.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from datetime import datetime

from dialer.ava.tool_schemas import specs
from dialer.ava.trial.models import ENDED, OfferedSlot, TrialReply, TrialRequest, TrialResults, TrialTurn, UsedTool
from dialer.ava.trial.sandbox import Replay, Sandbox, Step, StudentStep, ToolStep
from dialer.ava.trial.setup import TrialError, TrialSetup, trial_setup
from dialer.domain.compliance.opt_out_phrases import sounds_like_opt_out
from dialer.domain.meetings.slots import Slot
from dialer.store.sessions import DatabaseError, Sessions
from dialer.voices.pipeline.chat_history import AssistantEntry, ChatHistory, Sentence, ToolCallEntry
from dialer.voices.pipeline.port import LlmClient, LlmDone, LlmError, LlmRequest, TextDelta

MAX_RESPONSES = 8
"""How often the model is asked in one turn; the last time it must answer in words."""
MAX_CALLS = 20
TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True)
class TrialContext:
    """What a turn is made with."""

    sessions: Sessions
    undone: Callable[[], AbstractAsyncContextManager[Sessions]]
    """Sessions that are taken back at the end."""
    clock: Callable[[], datetime]
    text: LlmClient
    model: str
    """The text model, as it is told."""


async def take_turn(house: TrialContext, name: str, asked: TrialRequest) -> TrialReply:
    """Take one turn of a trial of the script of that name. Nothing in the database is changed by it.

    Raises:
        UnknownScriptError: there is no such script or version.
        TrialError: the trial has ended, its lead is not there, or the model or the database did not answer.
    """
    async with house.sessions() as session:
        cast = await trial_setup(session, name, asked)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _Turn(house, cast, asked).take()
    except LlmError as error:
        raise TrialError(f"the text model did not answer: {error}; try again, or see: dialer doctor") from error
    except DatabaseError as error:
        raise TrialError(f"a tool could not be played in time ({type(error).__name__}); try again") from error
    except TimeoutError as error:
        raise TrialError(f"AVA took more than {TIMEOUT_S:.0f} s; try again") from error


class _Turn:
    """A turn being taken."""

    def __init__(self, house: TrialContext, cast: TrialSetup, asked: TrialRequest) -> None:
        self._house, self._cast, self._asked = house, cast, asked
        self._told = cast.told(house.clock())
        self._wanted = LlmRequest(self._told.instructions, specs(), cast.script.max_output_tokens)
        self._stage = Sandbox(house.undone, cast, house.clock)
        self._history = history_of(self._told.opening, asked.talk)
        self._steps = steps_of(asked.talk)
        self._new: list[TrialTurn] = []
        offered = {
            token: Slot(each.counselor_id, each.starts, each.ends, each.why) for token, each in asked.offered.items()
        }
        self._played = Replay((), TrialResults(), offered)
        self._ended = False

    async def take(self) -> TrialReply:
        await self._play()
        if any(each.ends for each in self._played.answers):
            raise TrialError(ENDED)
        if self._asked.words:
            await self._hear(self._asked.words)
        for n in range(MAX_RESPONSES):
            answer, said = await self._answer(in_words=self._ended or n == MAX_RESPONSES - 1)
            self._new.append(said)
            if not answer.calls:
                break
            await self._use(answer, said)
        return self._as_told()

    async def _hear(self, words: str) -> None:
        """The student's words; where they want no more calls, that is done before the model is asked."""
        self._new.append(TrialTurn(who="student", words=words))
        self._history.add_user(words)
        opts_out = sounds_like_opt_out(words)
        self._steps.append(StudentStep(words, opts_out))
        if not opts_out:
            return
        await self._play()
        heard = self._played.answers[-1]
        used = UsedTool(name="opt_out", arguments=json.dumps({"words": words}, ensure_ascii=False), result=heard.output)
        self._new.append(TrialTurn(who="ava", calls=[used]))
        if heard.ends:
            self._ended = True
            self._history.add_system(self._told.goodbye)

    async def _answer(self, *, in_words: bool) -> tuple[AssistantEntry, TrialTurn]:
        """The model's next answer."""
        history = list(self._history.entries)
        entry = self._history.add_assistant(f"trial_{len(self._asked.talk) + len(self._new)}")
        words, counts, made = "", dict[str, int](), None
        answers = self._house.text.respond(self._wanted, history, counts.update, in_words=in_words)
        async with aclosing(answers) as stream:
            async for event in stream:
                match event:
                    case TextDelta(text):
                        words += text
                    case LlmDone():
                        made = event
        words = words.strip()
        if words:
            entry.sentences.append(Sentence(words))
        if made is not None:
            entry.response = made.response
            calls = [] if in_words else made.calls[:MAX_CALLS]
            for n, each in enumerate(calls):
                entry.calls.append(ToolCallEntry(f"{entry.item}_{n}", each.native, each.name, each.arguments))
        if not words and not entry.calls:
            raise TrialError(f"{self._house.model} answered nothing; say it again")
        tokens_in = sum(count for kind, count in counts.items() if kind != "text_out")
        return entry, TrialTurn(who="ava", words=words, tokens_in=tokens_in, tokens_out=counts.get("text_out", 0))

    async def _use(self, answer: AssistantEntry, said: TrialTurn) -> None:
        """Play the talk with the tools that she calls now."""
        self._steps += [ToolStep(each.name, each.arguments) for each in answer.calls]
        await self._play()
        answers = self._played.answers[-len(answer.calls) :]
        for call, answered in zip(answer.calls, answers, strict=True):
            answer.results[call.tool_call] = answered.output
            said.calls.append(
                UsedTool(name=call.name[:100], arguments=call.arguments[:20_000], result=answered.output[:20_000])
            )
            self._ended = self._ended or answered.ends

    async def _play(self) -> None:
        self._played = await self._stage.play(self._steps, self._played.offered)

    def _as_told(self) -> TrialReply:
        talk = [*self._asked.talk, *self._new]
        return TrialReply(
            talk=talk,
            offered={
                token: OfferedSlot(counselor_id=slot.counselor_id, starts=slot.starts, ends=slot.ends, why=slot.why)
                for token, slot in self._played.offered.items()
            },
            said=self._new[1:] if self._asked.words else self._new,
            student=self._cast.name,
            zone=self._cast.zone,
            script=self._cast.script.name,
            version=self._cast.script.version,
            model=self._house.model,
            disclosure=self._told.disclosure.words,
            ended=self._ended,
            tokens_in=sum(each.tokens_in for each in talk),
            tokens_out=sum(each.tokens_out for each in talk),
            kept=self._played.kept,
        )


def history_of(opening: str, talk: list[TrialTurn]) -> ChatHistory:
    """The talk as a text model is told it."""
    history = ChatHistory()
    history.add_system(opening)
    for n, said in enumerate(talk):
        if said.who == "student":
            history.add_user(said.words)
            continue
        answer = history.add_assistant(f"trial_{n}")
        if said.words:
            answer.sentences.append(Sentence(said.words))
        for place, used in enumerate(said.calls):
            name = f"trial_{n}_{place}"
            answer.calls.append(ToolCallEntry(name, name, used.name, used.arguments))
            answer.results[name] = used.result
    return history


def steps_of(talk: list[TrialTurn]) -> list[Step]:
    """The talk as the tools saw it."""
    steps: list[Step] = []
    for said in talk:
        if said.who == "student":
            steps.append(StudentStep(said.words, sounds_like_opt_out(said.words)))
        steps += [ToolStep(each.name, each.arguments) for each in said.calls]
    return steps
