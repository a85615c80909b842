"""Parses spoken email addresses and spells them out for text to speech.

Pure. "asha dot rao at example dot com" is asha.rao@example.com; an invalid address gives None, so that AVA asks again.
"""

import re

MAX_CHARS = 254
_ADDRESS = re.compile(
    r"[a-z0-9_+%-]+(?:\.[a-z0-9_+%-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_SPOKEN_SIGNS = (
    (re.compile(r"\s*(?:\[|\()?\b(?:at the rate(?: of)?|at)\b(?:\]|\))?\s*"), "@"),
    (re.compile(r"\s*\b(?:dot|point)\b\s*"), "."),
    (re.compile(r"\s*\b(?:underscore|under score)\b\s*"), "_"),
    (re.compile(r"\s*\b(?:hyphen|dash|minus)\b\s*"), "-"),
    (re.compile(r"\s*\bplus\b\s*"), "+"),
)
_DIGITS = {
    name: str(digit)
    for digit, name in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}
_NUMBER = re.compile(rf"\b({'|'.join(_DIGITS)})\b")
_NAMED = {".": "dot", "_": "underscore", "-": "hyphen", "+": "plus", "%": "percent"}
_WHOLE = frozenset({"gmail", "yahoo", "hotmail", "outlook", "icloud", "rediffmail", "live", "example"})
_ENDINGS = frozenset({"com", "in", "co", "org", "net", "edu", "ac", "uk", "de", "ca", "au"})


def parse_email(text: str) -> str | None:
    """Return the address in lower case; None if the text is not one."""
    address = " ".join(text.split()).casefold().strip(" <>\"'").rstrip(" .,;").removeprefix("mailto:")
    if "@" not in address:
        address = _NUMBER.sub(lambda match: _DIGITS[match[1]], address)
        for pattern, sign in _SPOKEN_SIGNS:
            address = pattern.sub(sign, address)
    address = address.replace(" ", "")
    if len(address) > MAX_CHARS or len(address.partition("@")[0]) > 64 or not _ADDRESS.fullmatch(address):
        return None
    return address


def spell(address: str) -> str:
    """Spell an address for a voice: "a, s, h, a, at, gmail, dot, com". Known providers are spoken as words."""
    name, _, host = address.partition("@")
    parts = host.split(".")
    spoken = [", ".join(_NAMED.get(char, char) for char in name), "at"]
    for place, part in enumerate(parts):
        whole = part in _WHOLE or (place and part in _ENDINGS)
        spoken += ["dot"] if place else []
        spoken.append(part if whole else ", ".join(_NAMED.get(char, char) for char in part))
    return ", ".join(spoken)
