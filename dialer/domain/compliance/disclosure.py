"""The locked first sentence of every call: who is calling, that it is an AI, and that the call is recorded. Pure.

The product composes it, so that no script can leave it out; the script's own opening follows, without a second greeting.
Sources: EU AI Act Art. 50(1); 47 CFR 64.1200(b)(1); the rule all.first-sentence.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dialer.domain.speech.text_normalize import is_devanagari

Speech: TypeAlias = Literal["english", "hindi", "hinglish"]
NOTICES: dict[Speech, str] = {
    "english": "This call is recorded.",
    "hindi": "यह कॉल रिकॉर्ड हो रही है।",
    "hinglish": "Yeh call record ho rahi hai.",
}
MS_PER_LETTER = 75
_HELLO: dict[Speech, str] = {"english": "Hello", "hindi": "नमस्ते", "hinglish": "Hello"}
_AI: dict[Speech, str] = {
    "english": "this is AVA, an AI assistant calling from {business}.",
    "hindi": "मैं AVA हूँ, {business} की AI असिस्टेंट।",
    "hinglish": "main AVA hoon, {business} ki AI assistant.",
}
_BUSINESS: dict[Speech, str] = {
    "english": "this is AVA calling from {business}.",
    "hindi": "मैं {business} से AVA बोल रही हूँ।",
    "hinglish": "main {business} se AVA bol rahi hoon.",
}
_GREETING = (
    r"(?:hello|hi|hey|namaste|namaskar|नमस्ते|नमस्कार|good (?:morning|afternoon|evening|day))"
    r"(?: there)?(?: \$(?:greeting|name|\{greeting\}|\{name\}))?(?: ji| जी)?(?=[\s,.!:।–-]|$)"
)
_GREETS = re.compile(rf"\s*{_GREETING}\s*(?:[,.!:।–-]+\s*|$)", re.IGNORECASE)
_INTRODUCES = re.compile(
    r"\s*(?:(?:this is|i am|i'm|i’m|my name is|main|मैं) AVA\b[^$.?!।]*|AVA (?:here|speaking))(?:[.!।]\s*|$)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?।]")
_IS_AI = re.compile(r"(?<!\w)(?:A\.?I\.?|एआई|ए आई|artificial intelligence)(?!\w)", re.IGNORECASE)
_IS_RECORDED = re.compile(r"\brecord(?:ed|ing)\b|\brecord (?:ho|ki|kar)\b|रिकॉर्ड", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The locked first sentence of a call, and which facts must be heard of it."""

    words: str
    business: str
    ai: bool
    recorded: bool

    @property
    def most_ms(self) -> int:
        """How long AVA takes to say it, at the most."""
        return len(self.words) * MS_PER_LETTER

    def ends_at(self, said: str) -> int | None:
        """After how many letters of what AVA `said` all of it was disclosed; None where a fact is missing."""
        places = [_find(said, self.business)]
        if self.ai:
            places.append(_last(_IS_AI.search(said)))
        if self.recorded:
            places.append(_last(_IS_RECORDED.search(said)))
        known = [place for place in places if place is not None]
        if len(known) < len(places):
            return None
        end = _ENDS.search(said, max(known))
        return end.end() if end else len(said)


def speech_of(language: str, opening: str) -> Speech:
    """What a script speaks; `language` is ISO 639-1. Hindi in Latin letters is Hinglish, and English is the fallback."""
    if language != "hi":
        return "english"
    return "hindi" if is_devanagari(opening) else "hinglish"


def compose(business: str, greeting: str, speech: Speech, *, ai: bool, recorded: bool) -> Disclosure:
    """The locked line. `ai`: the rules of the lead's country ask for it; `greeting` is empty or a speakable name."""
    business = " ".join(business.replace('"', "'").split())
    hello = f"{_HELLO[speech]} {greeting}".rstrip()
    words = f"{hello}, {(_AI if ai else _BUSINESS)[speech].format(business=business)}"
    return Disclosure(f"{words} {NOTICES[speech]}" if recorded else words, business, ai, recorded)


def own_words(opening: str) -> str:
    """A script's opening as it follows the locked sentence: without what that has just said."""
    for notice in ("$notice", "${notice}", *NOTICES.values()):
        opening = opening.replace(notice, "")
    opening = " ".join(opening.split())
    while found := _GREETS.match(opening) or _INTRODUCES.match(opening):
        opening = opening[found.end() :]
    return opening[:1].upper() + opening[1:]


def speakable(name: str, speech: Speech) -> str:
    """A name, where a voice can say it in this speech; else nothing: letters of two scripts in a sentence are garbled."""
    known = ("LATIN", "DEVANAGARI") if speech == "hindi" else ("LATIN",)
    letters = (unicodedata.name(each, "") for each in name if each.isalpha())
    return name if all(each.startswith(known) for each in letters) else ""


def _find(words: str, business: str) -> int | None:
    """Where the business's name ends, however a voice spaces it and writes its capitals."""
    letters = [re.escape(each) for each in business if each.isalnum()]
    return _last(re.search(r"[\W_]*".join(letters), words, re.IGNORECASE)) if letters else None


def _last(found: re.Match[str] | None) -> int | None:
    return found.end() if found else None
