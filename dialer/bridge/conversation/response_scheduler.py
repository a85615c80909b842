"""What the model is asked for: one answer at a time, after all of its tools, again once if one fails. Pure.

A model whose tool calls fail three times in a row is made to answer in words (reliability.md F49); an answer that
failed is asked for once more after a second, unless the voice says that this is hopeless.
"""

from dataclasses import dataclass, field

from dialer.voices.port import Respond, RespondWith, ResponseDone, ToolCalled

RETRY_AFTER_S = 1.0
MAX_FAILED_RESPONSES = 1
MAX_TOOL_FAILURES = 3


@dataclass(slots=True)
class ResponseScheduler:
    """The answers of one talk. `speak` is what the next one is to be by instructions."""

    responding: bool = False
    pending_instructions: str | None = None
    tools: set[str] = field(default_factory=set)
    """Tool calls whose results are not known yet."""
    _seen: set[str] = field(default_factory=set)
    _tool_failures: int = 0
    _respond: bool = False
    _last: bool = False
    _asked: RespondWith | Respond | None = None
    _failed: int = 0
    _not_before: float = 0.0
    _superseded: bool = False
    """A response was cancelled to request another one, and its end has not arrived yet."""

    @property
    def idle(self) -> bool:
        """Whether nothing is to come: no answer, no tool, nothing left to ask."""
        return not (self.responding or self.tools or self._respond or self.pending_instructions is not None)

    def tool_called(self, event: ToolCalled) -> bool:
        """The model called a tool; False where the same call came before."""
        if event.tool_call in self._seen:
            return False
        self._seen.add(event.tool_call)
        self.tools.add(event.tool_call)
        return True

    def tool_result(self, tool_call: str, *, failed: bool) -> None:
        """A tool's result is there: an answer to it is due."""
        self.tools.discard(tool_call)
        self._tool_failures = self._tool_failures + 1 if failed else 0
        self._respond = not self._last

    def finish_with(self, instructions: str) -> None:
        """Ask for this, and for nothing ever after."""
        self._respond, self._last, self.pending_instructions = False, True, instructions

    def session_replaced(self, instructions: str | None) -> None:
        """A new session: nothing that was asked of the old one will come. What it is to say first, if anything."""
        self.responding, self._respond, self._asked, self._superseded = False, False, None, False
        self.pending_instructions = self.pending_instructions or instructions

    def response_started(self) -> None:
        """A response was created."""
        self.responding, self._superseded = True, False

    def retry(self) -> None:
        """The response under way does not go on and is cancelled: request it again, as it was requested."""
        self._asked, superseded = self._asked or Respond(), self.responding
        self.responding = False
        self.too_early()
        self._superseded = superseded

    def too_early(self) -> None:
        """The voice was answering already (its own turn detection was quicker): ask again after that answer."""
        self._superseded = False
        if isinstance(self._asked, RespondWith):
            self.pending_instructions = self.pending_instructions or self._asked.instructions
        elif self._asked is not None:
            self._respond = not self._last
        self._asked = None

    def response_done(self, event: ResponseDone, now: float) -> bool:
        """An answer ended; False where it failed and is not to be asked for again."""
        superseded, self._superseded = self._superseded and event.status == "cancelled", False
        if superseded:  # the response that replaces it is under way
            return True
        self.responding = False
        if event.fault is None:
            self._failed, self._asked = 0, None
            return True
        self._failed += 1
        if event.hopeless or self._failed > MAX_FAILED_RESPONSES:
            return False
        self._not_before = now + RETRY_AFTER_S
        self._asked = self._asked or Respond()
        self.too_early()
        return True

    def next(self, now: float) -> RespondWith | Respond | None:
        """What to ask for now, if anything."""
        if self.responding or self.tools or now < self._not_before:
            return None
        if self.pending_instructions is not None:
            self._asked, self.pending_instructions, self.responding = RespondWith(self.pending_instructions), None, True
        elif self._respond:
            self._asked = Respond(in_words=self._tool_failures >= MAX_TOOL_FAILURES)
            self._respond, self.responding = False, True
        else:
            return None
        return self._asked
