"""What can be said without a voice: three short sentences in English and in Hindi, µ-law at 8 kHz, read once
when a bridge starts.

The files beside this one were spoken by espeak-ng (`dialer.simulator.people.speech`, AVA's voice there); whoever records them anew
changes the words here too. The apology has to be over within the three seconds that reliability.md F46 gives it.
"""

import base64
from dataclasses import dataclass, field
from pathlib import Path

from dialer.domain.speech.text_normalize import is_devanagari


@dataclass(frozen=True, slots=True)
class Clip:
    """A spoken sentence, ready to be sent: base64 of µ-law, and how many bytes of it that is."""

    name: str
    words: str
    payload: str = field(repr=False)
    size: int


def _clip(name: str, words: str) -> Clip:
    sound = (Path(__file__).parent / f"{name}.ulaw").read_bytes()
    return Clip(name, words, base64.b64encode(sound).decode(), len(sound))


SORRY = _clip("sorry", "I am sorry, our line has a problem. Goodbye.")
MOMENT = _clip("moment", "One moment, please.")
GOODBYE = _clip("goodbye", "Thank you. Goodbye.")


@dataclass(frozen=True, slots=True)
class Clips:
    """The three in one language."""

    sorry: Clip
    moment: Clip
    goodbye: Clip


ENGLISH = Clips(SORRY, MOMENT, GOODBYE)
HINDI = Clips(
    _clip("sorry.hi", "माफ़ कीजिए, लाइन में दिक्कत है। नमस्ते।"),
    _clip("moment.hi", "एक मिनट रुकिए।"),
    _clip("goodbye.hi", "धन्यवाद। नमस्ते।"),
)


def clips_of(language: str, said: str = "") -> Clips:
    """The clips in the language that AVA is speaking: as her last words are written, else as her script begins."""
    return HINDI if language == "hi" or is_devanagari(said) else ENGLISH
