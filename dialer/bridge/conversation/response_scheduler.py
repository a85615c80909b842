"""What the model is asked for: one answer at a time, after all of its tools, again once if one fails. Pure.

A model whose tool calls fail three times in a row is made to answer in words (reliability.md F49); an answer that
failed is asked for once more after a second, unless the voice says that this is hopeless.
"""

from dataclasses import dataclass, field

from dialer.voices.port import AnswerEnded, Respond, Speak, ToolCalled

ASK_AGAIN_AFTER_S = 1.0
MOST_FAILED_ANSWERS = 1
MOST_TOOL_FAILURES = 3


@dataclass(slots=True)
class Asking:
    """The answers of one talk. `speak` is what the next one is to be by instructions."""

    answering: bool = False
    speak: str | None = None
    tools: set[str] = field(default_factory=set)
    """Tool calls whose results are not known yet."""
    _seen: set[str] = field(default_factory=set)
    _tool_failures: int = 0
    _respond: bool = False
    _last: bool = False
    _asked: Speak | Respond | None = None
    _failed: int = 0
    _not_before: float = 0.0
    _superseded: bool = False
    """A response was cancelled to request another one, and its end has not arrived yet."""

    @property
    def idle(self) -> bool:
        """Whether nothing is to come: no answer, no tool, nothing left to ask."""
        return not (self.answering or self.tools or self._respond or self.speak is not None)

    def called(self, event: ToolCalled) -> bool:
        """The model called a tool; False where the same call came before."""
        if event.tool_call in self._seen:
            return False
        self._seen.add(event.tool_call)
        self.tools.add(event.tool_call)
        return True

    def result(self, tool_call: str, *, failed: bool) -> None:
        """A tool's result is there: an answer to it is due."""
        self.tools.discard(tool_call)
        self._tool_failures = self._tool_failures + 1 if failed else 0
        self._respond = not self._last

    def only(self, instructions: str) -> None:
        """Ask for this, and for nothing ever after."""
        self._respond, self._last, self.speak = False, True, instructions

    def renewed(self, instructions: str | None) -> None:
        """A new session: nothing that was asked of the old one will come. What it is to say first, if anything."""
        self.answering, self._respond, self._asked, self._superseded = False, False, None, False
        self.speak = self.speak or instructions

    def started(self) -> None:
        """A response was created."""
        self.answering, self._superseded = True, False

    def retry(self) -> None:
        """The response under way does not go on and is cancelled: request it again, as it was requested."""
        self._asked, superseded = self._asked or Respond(), self.answering
        self.answering = False
        self.too_early()
        self._superseded = superseded

    def too_early(self) -> None:
        """The voice was answering already (its own turn detection was quicker): ask again after that answer."""
        self._superseded = False
        if isinstance(self._asked, Speak):
            self.speak = self.speak or self._asked.instructions
        elif self._asked is not None:
            self._respond = not self._last
        self._asked = None

    def ended(self, event: AnswerEnded, now: float) -> bool:
        """An answer ended; False where it failed and is not to be asked for again."""
        superseded, self._superseded = self._superseded and event.status == "cancelled", False
        if superseded:  # the response that replaces it is under way
            return True
        self.answering = False
        if event.fault is None:
            self._failed, self._asked = 0, None
            return True
        self._failed += 1
        if event.hopeless or self._failed > MOST_FAILED_ANSWERS:
            return False
        self._not_before = now + ASK_AGAIN_AFTER_S
        self._asked = self._asked or Respond()
        self.too_early()
        return True

    def next(self, now: float) -> Speak | Respond | None:
        """What to ask for now, if anything."""
        if self.answering or self.tools or now < self._not_before:
            return None
        if self.speak is not None:
            self._asked, self.speak, self.answering = Speak(self.speak), None, True
        elif self._respond:
            self._asked = Respond(in_words=self._tool_failures >= MOST_TOOL_FAILURES)
            self._respond, self.answering = False, True
        else:
            return None
        return self._asked
