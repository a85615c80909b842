"""What a student's words mean to the call itself, whatever AVA makes of them: never again, or nobody is there. Pure."""

from dataclasses import dataclass

from dialer.bridge.conversation.effects import MachineHeard, OptOutHeard
from dialer.domain.compliance.opt_out_phrases import sounds_like_opt_out
from dialer.domain.compliance.voicemail_phrases import sounds_like_machine

MACHINE_TURNS = 3
"""Machines speak first: later on, their phrases are a person's who tells of one."""


@dataclass(slots=True)
class Ears:
    """What was made out of the words of one talk."""

    opted_out: bool = False
    machine: bool = False
    _turns: int = 0

    def hear(self, item: str, words: str | None) -> OptOutHeard | MachineHeard | None:
        """Take one turn of the student's; what it means, told once in a talk."""
        if not words or self.opted_out or self.machine:
            return None
        self._turns += 1
        if sounds_like_opt_out(words):
            self.opted_out = True
            return OptOutHeard(item, words)
        if self._turns <= MACHINE_TURNS and sounds_like_machine(words):
            self.machine = True
            return MachineHeard(words)
        return None
