"""A scripted model: chooses the next words or tool call from the turns it heard and the tool results.

Pure. The realtime server queries it once per response; a text model rebuilds one from the history of each request. It
recognizes a student's lines by their words, never by the call.
"""

import json
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialer.domain.speech.text_normalize import is_devanagari
from dialer.simulator.people.script import FIRST_SLOT, HELD_SLOT, ScriptLine, ToolUse

OPENING = "Hello, this is AVA, the AI assistant of One Window. This call is recorded. May I know your name?"
STILL_THERE = "Are you still there?"
NOT_UNDERSTOOD = "Sorry, I did not catch that. Could you say it again?"
GO_ON = "I see."
QUESTIONS = (
    "May I ask what inspired you to study abroad?",
    "Which country do you like best?",
    "What would you like to study?",
    "When would you like to start?",
)
_MAX_TRIES = 3
_FIRST_DO = {"hold_slot": ToolUse("find_slots"), "book_slot": ToolUse("hold_slot", {"slot": FIRST_SLOT})}


@dataclass(frozen=True, slots=True)
class Say:
    """The model speaks."""

    text: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """The model calls a tool."""

    name: str
    arguments: Mapping[str, str]


Act = Say | CallTool


class ScriptedModel:
    """The model's side of one conversation."""

    def __init__(self, lines: Mapping[str, ScriptLine]) -> None:
        self._lines = lines
        self._plan: deque[ToolUse] = deque()
        self._answer: str | None = None
        self._acted_on: set[str] = set()
        self._slots: list[str] = []
        self._held: str | None = None
        self._asked = 0
        self._tries = 0
        self.has_heard = False
        self._owes_booking = False

    def on_user_turn(self, texts: Sequence[str]) -> None:
        """Process the texts of one user turn, [] if nothing was recognized. Each line is acted on once."""
        self._plan.clear()
        self._tries = 0
        self.has_heard = True
        known = [self._lines[text] for text in texts if text in self._lines]
        if not known:
            self._answer = NOT_UNDERSTOOD
            return
        fresh = [line for line in known if line.text not in self._acted_on]
        if not fresh:
            self._answer = GO_ON
        for line in fresh:
            self._acted_on.add(line.text)
            self._plan.extend(line.does)
            self._answer = line.answer
        if fresh and self._owes_booking and self._held:
            self._plan.appendleft(ToolUse("book_slot", {"slot": HELD_SLOT}))

    def on_idle(self) -> None:
        """Process an idle timeout."""
        self._answer = STILL_THERE

    def discard_pending(self) -> None:
        """Discard the pending words, because the client supplied those of this response."""
        self._answer = None

    def on_model_text(self, text: str) -> None:
        """Process an earlier response of the history: discard the pending words, and do not repeat its question."""
        self._answer = None
        if text and QUESTIONS[self._asked % len(QUESTIONS)].startswith(text):
            self._asked += 1

    def on_tool_result(self, name: str, arguments: Mapping[str, str], output: str) -> None:
        """Process a tool's result: its `say`, its slots, and what to try next if it was refused."""
        result = _json_object(output)
        words = result.get("say")
        if isinstance(words, str) and words.strip() and not is_devanagari(self._answer or ""):
            self._answer = words  # in Hindi the model keeps its own wording, since `say` is English
        if isinstance(result.get("slots"), list):
            self._slots = [
                slot["slot"] for slot in result["slots"] if isinstance(slot, dict) and isinstance(slot.get("slot"), str)
            ]
        match name:
            case "find_slots" if not self._slots and arguments and self._may_try():
                self._plan.appendleft(ToolUse("find_slots"))
            case "hold_slot" if result.get("held"):
                self._held = arguments.get("slot")
            case "hold_slot" if self._slots and self._may_try():
                self._plan.appendleft(ToolUse("hold_slot", {"slot": FIRST_SLOT}))
            case "book_slot" if result.get("booked") is False and self._slots and self._may_try():
                self._held, self._owes_booking = None, True  # once the student has agreed to the other time
                self._plan.appendleft(ToolUse("hold_slot", {"slot": FIRST_SLOT}))
            case "book_slot":
                self._owes_booking = result.get("booked") is False
                self._plan.clear()
            case _:
                pass

    def next(self, tools: Collection[str]) -> Act:
        """Return the action of this response, given the session's tools."""
        while self._plan:
            use = self._plan.popleft()
            if use.name not in tools:
                continue
            arguments = self._filled(use)
            if arguments is None:
                first = _FIRST_DO[use.name]
                if first.name in tools and self._may_try():
                    self._plan.extendleft((use, first))
                continue
            return CallTool(use.name, arguments)
        answer, self._answer = self._answer, None
        if answer is None:
            answer = QUESTIONS[self._asked % len(QUESTIONS)]
            self._asked += 1
        return Say(answer)

    def _may_try(self) -> bool:
        self._tries += 1
        return self._tries <= _MAX_TRIES

    def _filled(self, use: ToolUse) -> Mapping[str, str] | None:
        """Fill in the slot tokens of this call; None if one is not known yet."""
        filled: dict[str, str] = {}
        for key, value in use.arguments.items():
            token: str | None = value
            if value == FIRST_SLOT:
                token = self._slots[0] if self._slots else None
            elif value == HELD_SLOT:
                token = self._held
            if token is None:
                return None
            filled[key] = token
        return filled


def _json_object(raw: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
