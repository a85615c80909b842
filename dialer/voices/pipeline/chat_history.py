"""What a text model is told was said, in order: each answer sentence by sentence, so that it can be cut to what was heard.

Pure. An answer that was heard whole is kept as its library gave it (a provider's signatures must come back unchanged); of
one that was cut only the words count that were heard, and the tools it called.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dialer.audio.ulaw import BYTES_PER_MS

INSTRUCTED = "Instruction of the house, not words of the student: "
NOT_KNOWN = '{"error":"the result is not known"}'


@dataclass(slots=True)
class Sentence:
    """Words of an answer and how much sound was made of them."""

    words: str
    size: int = 0
    """Bytes of µ-law."""


@dataclass(frozen=True, slots=True)
class ToolCallEntry:
    """A tool call of an answer: `tool_call` as the bridge knows it, `native` as the provider does."""

    tool_call: str
    native: str
    name: str
    arguments: str


@dataclass(slots=True)
class SystemEntry:
    """Words to the model: the student's, or the workspace's in brackets."""

    words: str


@dataclass(slots=True)
class AssistantEntry:
    """An answer of AVA's. `cut`: its words are no longer those of `response`."""

    item: str
    sentences: list[Sentence] = field(default_factory=list)
    calls: list[ToolCallEntry] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    """By tool call, as JSON."""
    response: Any = None
    """As the text model's library gave it."""
    cut: bool = False

    @property
    def words(self) -> str:
        """All of them."""
        return " ".join(each.words for each in self.sentences if each.words)


Entry = SystemEntry | AssistantEntry


class ChatHistory:
    """One session's talk."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    @property
    def entries(self) -> Sequence[Entry]:
        """All that counts, oldest first."""
        return [each for each in self._entries if isinstance(each, SystemEntry) or each.sentences or each.calls]

    @property
    def waits_for_tools(self) -> bool:
        """Whether a tool was called whose result is not known yet."""
        return any(
            call.tool_call not in each.results
            for each in self._entries
            if isinstance(each, AssistantEntry)
            for call in each.calls
        )

    def add_user(self, words: str) -> None:
        """The student said so."""
        if words:
            self._entries.append(SystemEntry(words))

    def add_system(self, words: str) -> None:
        """The workspace tells the model so."""
        self._entries.append(SystemEntry(f"[{INSTRUCTED}{words}]"))

    def add_assistant(self, item: str) -> AssistantEntry:
        """A new answer; it is filled by whoever makes it."""
        made = AssistantEntry(item)
        self._entries.append(made)
        return made

    def replay(self, item: str, who: str, words: str) -> None:
        """Words of an earlier session."""
        if who == "student":
            self.add_user(words)
        else:
            self.add_assistant(item).sentences.append(Sentence(words))

    def replay_tool_call(self, item: str, call: ToolCallEntry) -> None:
        """A tool call of an earlier session."""
        self.add_assistant(item).calls.append(call)

    def add_tool_result(self, tool_call: str, output: str) -> None:
        """What a tool call gave; of a call that nobody knows, the workspace tells it in words."""
        for entry in reversed(self._entries):
            if isinstance(entry, AssistantEntry) and any(each.tool_call == tool_call for each in entry.calls):
                entry.results[tool_call] = output
                return
        self.add_system(f"a tool gave {output}")

    def cut(self, item: str, heard_ms: int) -> None:
        """Of this answer only the first `heard_ms` were heard."""
        entry = next((each for each in self._entries if isinstance(each, AssistantEntry) and each.item == item), None)
        if entry is None:
            return
        left, kept = heard_ms * BYTES_PER_MS, list[Sentence]()
        for each in entry.sentences:
            if left >= each.size and each.size:
                kept.append(each)
            elif words := _share(each, left):
                kept.append(Sentence(words, left))
            left = max(0, left - each.size)
        entry.cut = entry.cut or kept != entry.sentences
        entry.sentences = kept


def _share(sentence: Sentence, heard: int) -> str:
    """The first words of a sentence, by the share of its sound that was heard."""
    if heard <= 0 or not sentence.size:
        return ""
    pieces = sentence.words.split()
    return " ".join(pieces[: round(len(pieces) * heard / sentence.size)])
