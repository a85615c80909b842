"""What a text model says next, from the history it is given: a Mind made anew for each request.

Pure. The services keep nothing between requests, so everything that was heard, said and done is played to the mind
again. Words in square brackets are instructions of the house, everything else that a user says are the student's words.
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
_ENOUGH = 0.3
_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class FromUser:
    """A message of the user: the student's words, instructions, or both."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call that the model made; `arguments` as far as they are readable."""

    call_id: str
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FromModel:
    """What the model answered earlier."""

    text: str
    calls: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered."""

    call_id: str
    output: str


Past = FromUser | FromModel | Result


def next_reply(history: Sequence[Past], tools: Collection[str], lines: Mapping[str, ScriptLine] = LINES) -> Act:
    """The next act of a good model: the tool to call, or the words to say."""
    mind, calls = ScriptedModel(lines), dict[str, Called]()
    has_spoken, instruction = False, ""
    for past in history:
        match past:
            case FromUser(text):
                for piece, is_instruction in _pieces(text):
                    instruction = piece if is_instruction else ""
                    if not is_instruction:
                        mind.hear(lines_in(piece, lines))
                    elif QUOTED.search(piece):
                        mind.spoke()
            case FromModel(text, made):
                instruction = ""
                for call in made:
                    calls[call.call_id] = call
                    mind.next(tools)
                if text and not made:
                    mind.said(text)
                has_spoken = has_spoken or bool(text)
            case Result(call_id, output):
                instruction = ""
                if call_id in calls:
                    mind.told(calls[call_id].name, calls[call_id].arguments, output)
            case other:
                assert_never(other)
    if quoted := QUOTED.search(instruction):
        return Say((quoted[1] or quoted[2]).strip())
    if not has_spoken and not mind.has_heard:
        return Say(OPENING)
    return mind.next(tools)


def lines_in(text: str, lines: Mapping[str, ScriptLine] = LINES) -> list[str]:
    """The students' lines of which enough words are in `text`, in their order; the best match takes its words first."""
    said: list[str | None] = [word.lower() for word in _WORD.findall(text)]
    found: list[tuple[int, str]] = []
    while True:
        best: tuple[int, float, str, list[int]] | None = None
        for line in lines:
            words = [word.lower() for word in _WORD.findall(line)]
            blocks = difflib.SequenceMatcher(None, said, words, autojunk=False).get_matching_blocks()
            places = [
                at for block in blocks if block.size >= _FEWEST_WORDS for at in range(block.a, block.a + block.size)
            ]
            share = len(places) / len(words)
            if share >= _ENOUGH and (best is None or (len(places), share) > best[:2]):
                best = (len(places), share, line, places)
        if best is None:
            return [line for _, line in sorted(found)]
        found.append((min(best[3]), best[2]))
        for place in best[3]:
            said[place] = None


def _pieces(text: str) -> list[tuple[str, bool]]:
    """A user's message cut into words and instructions; the latter without their brackets."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for found in _BRACKETED.finditer(text):
        pieces += [(text[at : found.start()].strip(), False), (found[0][1:-1].strip(), True)]
        at = found.end()
    pieces.append((text[at:].strip(), False))
    return [piece for piece in pieces if piece[0]]
