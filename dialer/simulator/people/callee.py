"""A student on a call: takes the audio they hear and returns the audio they speak. Pure."""

from dialer.audio import ulaw
from dialer.simulator.people.script import AfterAva, AtOnce, IntoAva, ScriptLine, Student
from dialer.simulator.people.speech import Clip

_AUDIBLE = 150.0
_TURN_GAP_MS = 500
_PATIENCE_MS = 12_000
_GIVES_UP_MS = 20_000
_MACHINE_GIVES_UP_MS = 60_000


class Callee:
    """Advances in steps of 20 ms. `clips` are the student's lines; `hello` is said when AVA stays silent."""

    def __init__(self, student: Student, clips: tuple[Clip, ...], hello: tuple[ScriptLine, Clip]) -> None:
        self._student = student
        self._script = tuple(zip(student.lines, clips, strict=True))
        self._hello = hello
        self._next = 0
        self._speaking: tuple[str, ...] | None = None
        self._at = 0
        self._ava_ms = 0
        self._quiet_ms = 0
        self._asked_hello = False
        self.began: ScriptLine | None = None
        self.hung_up = False

    def step(self, now_ms: int, heard: bytes) -> str | None:
        """Take one frame of AVA (µ-law, may be short or empty); return the base64 frame to send, None for silence.

        Sets `began` to the line that starts with this frame, and `hung_up` when the student hangs up.
        """
        self.began = None
        if ulaw.loudness(heard) > _AUDIBLE:
            self._ava_ms += ulaw.FRAME_MS
            self._quiet_ms = 0
        else:
            self._quiet_ms += ulaw.FRAME_MS
        if self._speaking is None:
            self._decide(now_ms)
        if self._speaking is None:
            return None
        frame = self._speaking[self._at]
        self._at += 1
        if self._at == len(self._speaking):
            self._speaking = None
            self._ava_ms = self._quiet_ms = 0
        return frame

    def _decide(self, now_ms: int) -> None:
        hangs_up = self._student.hangs_up
        if hangs_up and self._next >= hangs_up.lines and self._ava_ms >= hangs_up.ms:
            self.hung_up = True
        elif self._next < len(self._script) and self._due(self._script[self._next][0], now_ms):
            line, clip = self._script[self._next]
            self._next += 1
            self._speak(line, clip)
        elif self._quiet_ms >= (_MACHINE_GIVES_UP_MS if self._student.machine else _GIVES_UP_MS):
            self.hung_up = True
        elif self._is_waiting_for_ava():
            self._asked_hello = True
            self._speak(*self._hello)

    def _due(self, line: ScriptLine, now_ms: int) -> bool:
        match line.cue:
            case AfterAva():
                return self._ava_ms > 0 and self._quiet_ms >= _TURN_GAP_MS
            case IntoAva(ms):
                return self._ava_ms >= ms
            case AtOnce(ms):
                return now_ms >= ms

    def _is_waiting_for_ava(self) -> bool:
        if self._student.machine or self._asked_hello or self._ava_ms > 0:
            return False
        return self._quiet_ms >= _PATIENCE_MS

    def _speak(self, line: ScriptLine, clip: Clip) -> None:
        self._speaking, self._at, self.began = clip.payloads, 0, line
        self._quiet_ms = 0
