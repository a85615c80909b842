"""Normalizes transcripts: English, Hinglish and Hindi in Devanagari become one spelling in Latin letters.

Pure. Only words that matter for times and opt-outs are transliterated; all others are unchanged.
"""

import re
import unicodedata
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["morning", "noon", "afternoon", "evening", "night"]

_DEVANAGARI = {
    "कल": "kal", "परसो": "parso", "आज": "aaj", "अभी": "abhi", "सुबह": "subah", "दोपहर": "dopahar", "शाम": "shaam",
    "रात": "raat", "बजे": "baje", "घटे": "ghante", "घटा": "ghanta", "मिनट": "minute", "दिन": "din", "बाद": "baad",
    "मे": "mein", "के": "ke", "को": "ko", "से": "se", "साढे": "sadhe", "सवा": "sava", "पौने": "paune", "आधे": "aadhe",
    "एक": "ek", "दो": "do", "तीन": "teen", "चार": "char", "पाच": "paanch", "छह": "chhe", "छे": "chhe", "सात": "saat",
    "आठ": "aath", "नौ": "nau", "दस": "das", "ग्यारह": "gyarah", "बारह": "barah", "सोमवार": "monday",
    "मगलवार": "tuesday", "बुधवार": "wednesday", "गुरुवार": "thursday", "शुक्रवार": "friday", "शनिवार": "saturday",
    "रविवार": "sunday", "मत": "mat", "ना": "na", "न": "na", "नही": "nahi", "कॉल": "call", "काल": "call", "फोन": "phone",
    "रिग": "ring", "कॉल्स": "call", "सपर्क": "contact", "परेशान": "pareshan", "तग": "tang", "करो": "karo",
    "करना": "karna", "करे": "kare", "करिए": "kariye", "करिये": "kariye", "कीजिए": "kijiye", "कीजिये": "kijiye",
    "कीजिएगा": "kijiyega", "करिएगा": "kariyega", "चाहिए": "chahiye", "चाहिये": "chahiye", "बद": "band", "कर": "kar",
    "दो.": "do", "दीजिए": "dijiye", "दीजिये": "dijiye", "नबर": "number", "नम्बर": "number", "लिस्ट": "list",
    "हटा": "hata", "हटाओ": "hatao", "हटाइए": "hatao", "डिलीट": "delete", "निकाल": "nikal", "निकालो": "nikalo",
    "दोबारा": "dobara", "दुबारा": "dobara", "फिर": "phir", "कभी": "kabhi", "आगे": "aage", "अब": "ab", "मुझे": "mujhe",
    "हमे": "hame", "मेरा": "mera", "भूलना": "bhoolna",
}  # fmt: skip
_STRIPPED = dict.fromkeys((0x093C, 0x0901, 0x0902))
_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_SMALL, 1)} | {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "ninety": 90,
}
_HINDI_WORDS = "ek do teen char paanch chhe saat aath nau das gyarah barah"
_HINDI = {word: number for number, word in enumerate(_HINDI_WORDS.split(), 1)} | {
    "chaar": 4,
    "panch": 5,
    "che": 6,
    "cheh": 6,
    "dus": 10,
    "gyara": 11,
    "bara": 12,
}
_COUNTED = r"(?=\s+(?:baje|ghant[ae]|minutes?|mint|din|haft[ae])\b)"
_ENGLISH_NUMBER = re.compile(rf"\b({'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b")
_HINDI_NUMBER = re.compile(rf"\b({'|'.join(_HINDI)})\b{_COUNTED}")
_PAST = re.compile(r"\b(half|quarter|sadhe|sava|paune) (?:(past|to) )?(\d{1,2})\b")
_PARTS: dict[Part, re.Pattern[str]] = {
    "afternoon": re.compile(r"\b(?:after ?noon|after lunch|lunch ?time|dopahar|dopehar)\b"),
    "noon": re.compile(r"\b(?:noon|midday)\b"),
    "morning": re.compile(r"\b(?:morning|subah|savere)\b"),
    "evening": re.compile(r"\b(?:evening|shaam|sham|after (?:work|college|office|school|class(?:es)?))\b"),
    "night": re.compile(r"\b(?:tonight|night|raat|after dinner)\b"),
}


def plain_words(text: str) -> str:
    """Normalize case, spaces and apostrophes; transliterate known Hindi words and turn spoken numbers into digits.

    "half past four" and "sadhe chaar baje" become "4:30".
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("\u0964", " . ")
    folded = unicodedata.normalize("NFD", folded).replace("\u093e\u0945", "\u0949").translate(_STRIPPED)
    folded = unicodedata.normalize("NFC", folded)
    spaced = re.sub(r"([,;!?]|\.(?!\d))", r" \1 ", folded)
    words = " ".join(_DEVANAGARI.get(word, word) for word in spaced.split())
    words = re.sub(r" ([,;!?.])(?= |$)", r"\1", words)
    words = _ENGLISH_NUMBER.sub(lambda match: str(_NUMBERS[match[1]]), words)
    words = _HINDI_NUMBER.sub(lambda match: str(_HINDI[match[1]]), words)
    return _PAST.sub(_fraction, words).strip(" .,;!?")


def part_of_day(words: str) -> Part | None:
    """Return the part of the day named in normalized words (see `plain_words`), if any."""
    return next((part for part, pattern in _PARTS.items() if pattern.search(words)), None)


def _fraction(match: re.Match[str]) -> str:
    """Rewrite quarters and halves before or after an hour; "half" and "quarter" require "past" or "to"."""
    kind, side, hour = match[1], match[2], int(match[3])
    if kind in ("half", "quarter") and side is None:
        return match[0]
    if kind == "paune" or side == "to":
        return f"{(hour - 2) % 12 + 1}:45" if kind != "half" else match[0]
    return f"{hour}:{'15' if kind in ('quarter', 'sava') else '30'}"


def is_devanagari(text: str) -> bool:
    """Whether a text is mostly in Devanagari."""
    signs = sum("\u0900" <= char <= "\u097f" for char in text)
    return signs > sum(char.isascii() and char.isalpha() for char in text)
