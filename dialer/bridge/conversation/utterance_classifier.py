"""What a student's words mean to the call itself, whatever AVA makes of them: never again, or nobody is there. Pure."""

from dataclasses import dataclass

from dialer.bridge.conversation.effects import OptOutDetected, VoicemailDetected
from dialer.domain.compliance.opt_out_phrases import sounds_like_opt_out
from dialer.domain.compliance.voicemail_phrases import sounds_like_voicemail_greeting

VOICEMAIL_TURNS = 3
"""Machines speak first: later on, their phrases are a person's who tells of one."""


@dataclass(slots=True)
class UtteranceClassifier:
    """What was made out of the words of one talk."""

    opted_out: bool = False
    voicemail: bool = False
    _turns: int = 0

    def classify(self, item: str, words: str | None) -> OptOutDetected | VoicemailDetected | None:
        """Take one turn of the student's; what it means, told once in a talk."""
        if not words or self.opted_out or self.voicemail:
            return None
        self._turns += 1
        if sounds_like_opt_out(words):
            self.opted_out = True
            return OptOutDetected(item, words)
        if self._turns <= VOICEMAIL_TURNS and sounds_like_voicemail_greeting(words):
            self.voicemail = True
            return VoicemailDetected(words)
        return None
