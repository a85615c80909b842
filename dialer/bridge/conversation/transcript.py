"""What was said and done in one talk, in the order of the conversation. Pure.

Words come when they are known: the student's long after the answer to them, AVA's in pieces. Of an answer that was cut
off only the share counts that was heard; of a talk that broke off, what was known by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dialer.bridge.conversation.effects import SaveTurn
from dialer.bridge.conversation.playback import BYTES_PER_MS
from dialer.bridge.prompts.loader import Clip
from dialer.voices.port import ItemAdded, ReplayMessage, ReplayToolCall, ToolResult, VoiceCommand

MAX_REPLAYED = 60
OURS = "clip:"
NOT_KNOWN = '{"error":"the line broke before the result was known; it may not be done"}'


@dataclass(slots=True)
class _Turn:
    """A turn in the making; `words` is None until all of them are known, `so_far` those that are."""

    who: str
    words: str | None = None
    so_far: str = ""
    stream_ms: int = 0
    made_bytes: int = 0
    heard_ms: int | None = None


@dataclass(slots=True)
class _ToolCall:
    """A tool call, and its result once there is one."""

    tool_call: str
    name: str
    arguments: str
    output: str | None = None


@dataclass(slots=True)
class Transcript:
    """The turns and tool calls of one talk, by item."""

    _order: list[str] = field(default_factory=list)
    _said: dict[str, _Turn] = field(default_factory=dict)
    _used: dict[str, _ToolCall] = field(default_factory=dict)
    _clips: int = 0

    def added(self, event: ItemAdded, stream_ms: int) -> None:
        """The voice put an item into the conversation."""
        if event.item not in self._order:
            place = self._order.index(event.previous) + 1 if event.previous in self._order else len(self._order)
            self._order.insert(place, event.item)
        if event.who is not None:
            known = event.item in self._said  # told twice, or recalled to a new session
            said = self._turn(event.item, event.who)
            if event.who == "student" and not known:
                said.stream_ms = stream_ms

    def audio_added(self, item: str, size: int, stream_ms: int) -> None:
        """Sound of AVA's was sent."""
        said = self._turn(item, "ava")
        if not said.made_bytes:
            said.stream_ms = stream_ms
        said.made_bytes += size

    def unsent(self, item: str, size: int) -> None:
        """Sound of AVA's was made and not sent: her words are longer than what could be heard."""
        if item in self._said:
            self._said[item].made_bytes += size

    def clip(self, clip: Clip, stream_ms: int) -> tuple[str, list[SaveTurn]]:
        """A sentence of our own was sent; the item it is kept as."""
        self._clips += 1
        item = f"{OURS}{self._clips}"
        self.audio_added(item, clip.size, stream_ms)
        return item, self.agent_transcript(item, clip.words)

    def agent_delta(self, item: str, words: str) -> None:
        """More words of AVA's."""
        self._turn(item, "ava").so_far += words

    def agent_transcript(self, item: str, words: str) -> list[SaveTurn]:
        """All words of one answer of AVA's."""
        self._turn(item, "ava").words = words
        return self._save(item)

    def user_transcript(self, item: str, words: str | None) -> list[SaveTurn]:
        """What the student said, None where it could not be made out."""
        self._turn(item, "student").words = words or ""
        return self._save(item)

    def cut(self, item: str, heard_ms: int) -> list[SaveTurn]:
        """Only the first `heard_ms` of an answer were heard."""
        self._turn(item, "ava").heard_ms = heard_ms
        return self._save(item)

    def give_up(self) -> list[SaveTurn]:
        """No more words will come of what is in the making: keep what is known of it."""
        saves: list[SaveTurn] = []
        for item, said in self._said.items():
            if said.words is None:
                said.words = said.so_far
                saves += self._save(item)
        return saves

    def tool_called(self, item: str, tool_call: str, name: str, arguments: str) -> None:
        """AVA called a tool."""
        if item not in self._order:
            self._order.append(item)
        self._used[item] = _ToolCall(tool_call, name, arguments)

    def asked_by(self, item: str) -> str | None:
        """The student's turn that a tool call follows; None where they said nothing yet."""
        until = self._order.index(item) if item in self._order else len(self._order)
        said = (each for each in reversed(self._order[:until]) if each in self._said)
        return next((each for each in said if self._said[each].who == "student"), None)

    def tool_result(self, tool_call: str, output: str) -> None:
        """A tool's result is known."""
        for used in self._used.values():
            if used.tool_call == tool_call:
                used.output = output

    def heard_until(self, ends: Callable[[str], int | None]) -> int | None:
        """When (ms of the call) so much of a turn of AVA's was heard as `ends` finds in its words, by letters.

        A turn's letters are taken to be spoken evenly over its sound.
        """
        for item in self._order:
            said = self._said.get(item)
            if said is None or said.who != "ava" or not said.words:
                continue
            if (end := ends(_as_heard(said, said.words))) is not None:
                return said.stream_ms + said.made_bytes * end // (len(said.words) * BYTES_PER_MS)
        return None

    def awaits_transcripts(self) -> bool:
        """Whether something that the student said is still being transcribed."""
        return any(said.who == "student" and said.words is None for said in self._said.values())

    def positions(self) -> Mapping[str, int]:
        """The place of every turn, from 0, by item: the order of items, not of arrival."""
        spoken = [item for item in self._order if item in self._said]
        return {item: place for place, item in enumerate(spoken)}

    def replay(self) -> list[VoiceCommand]:
        """What a new session has to be told so that it knows what this one knew."""
        commands: list[VoiceCommand] = []
        for item in self._order[-MAX_REPLAYED:]:
            said, used = self._said.get(item), self._used.get(item)
            if said is not None and not item.startswith(OURS):
                if words := _as_heard(said, said.words or ""):
                    commands.append(ReplayMessage(item, said.who, words))
            elif used is not None:
                commands.append(ReplayToolCall(item, used.tool_call, used.name, used.arguments))
                commands.append(ToolResult(used.tool_call, used.output or NOT_KNOWN))
        return commands

    def _turn(self, item: str, who: str) -> _Turn:
        said = self._said.get(item)
        if said is None:
            said = self._said[item] = _Turn(who)
            if item not in self._order:
                self._order.append(item)
        return said

    def _save(self, item: str) -> list[SaveTurn]:
        said = self._said[item]
        if not said.words:
            return []
        return [SaveTurn(item, said.who, _as_heard(said, said.words), said.stream_ms, said.heard_ms)]


def _as_heard(said: _Turn, words: str) -> str:
    """The first part of what was to be said, by the share of its sound that was heard."""
    if said.heard_ms is None or not said.made_bytes:
        return words
    pieces = words.split()
    share = min(1.0, max(0.0, said.heard_ms * BYTES_PER_MS / said.made_bytes))
    return " ".join(pieces[: round(len(pieces) * share)])
