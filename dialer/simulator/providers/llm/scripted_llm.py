"""The scripted text model: computes the next reply from a request's history with a new `ScriptedModel`.

Pure. Chat APIs are stateless, so the whole history is replayed to the model for each request. In a user message, text in
square brackets is an instruction from the product; everything else is the student's words.
"""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from dialer.simulator.gemini.session import QUOTED
from dialer.simulator.people.script import ScriptLine
from dialer.simulator.people.scripted_model import OPENING, Act, Say, ScriptedModel
from dialer.simulator.people.students import LINES

_BRACKETED = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]")
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_MIN_SHARE = 0.3
_MIN_BLOCK_WORDS = 2


@dataclass(frozen=True, slots=True)
class FromUser:
    """A user message: the student's words, instructions, or both."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of the model; `arguments` are {} if they were invalid."""

    call_id: str
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FromModel:
    """An earlier message of the model."""

    text: str
    calls: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a tool call."""

    call_id: str
    output: str


Past = FromUser | FromModel | Result


def next_reply(history: Sequence[Past], tools: Collection[str], lines: Mapping[str, ScriptLine] = LINES) -> Act:
    """Return the model's next action: a tool call, or words to say."""
    model, calls = ScriptedModel(lines), dict[str, Called]()
    has_spoken, instruction = False, ""
    for past in history:
        match past:
            case FromUser(text):
                for piece, is_instruction in _pieces(text):
                    instruction = piece if is_instruction else ""
                    if not is_instruction:
                        model.on_user_turn(lines_in(piece, lines))
                    elif QUOTED.search(piece):
                        model.discard_pending()
            case FromModel(text, made_calls):
                instruction = ""
                for call in made_calls:
                    calls[call.call_id] = call
                    model.next(tools)
                if text and not made_calls:
                    model.on_model_text(text)
                has_spoken = has_spoken or bool(text)
            case Result(call_id, output):
                instruction = ""
                if call_id in calls:
                    model.on_tool_result(calls[call_id].name, calls[call_id].arguments, output)
            case other:
                assert_never(other)
    if quoted := QUOTED.search(instruction):
        return Say((quoted[1] or quoted[2]).strip())
    if not has_spoken and not model.has_heard:
        return Say(OPENING)
    return model.next(tools)


def lines_in(text: str, lines: Mapping[str, ScriptLine] = LINES) -> list[str]:
    """Return the student lines that occur in `text` well enough, in order; the best match claims its words first."""
    spoken: list[str | None] = [word.lower() for word in _WORD.findall(text)]
    matches: list[tuple[int, str]] = []
    while True:
        best: tuple[int, float, str, list[int]] | None = None
        for line in lines:
            words = [word.lower() for word in _WORD.findall(line)]
            blocks = difflib.SequenceMatcher(None, spoken, words, autojunk=False).get_matching_blocks()
            places = [
                at for block in blocks if block.size >= _MIN_BLOCK_WORDS for at in range(block.a, block.a + block.size)
            ]
            share = len(places) / len(words)
            if share >= _MIN_SHARE and (best is None or (len(places), share) > best[:2]):
                best = (len(places), share, line, places)
        if best is None:
            return [line for _, line in sorted(matches)]
        matches.append((min(best[3]), best[2]))
        for place in best[3]:
            spoken[place] = None


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Split a user message into words and instructions, the latter without their brackets."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for match in _BRACKETED.finditer(text):
        pieces += [(text[at : match.start()].strip(), False), (match[0][1:-1].strip(), True)]
        at = match.end()
    pieces.append((text[at:].strip(), False))
    return [piece for piece in pieces if piece[0]]
