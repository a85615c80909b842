"""E-mail addresses as people say them, and as a voice can say them back.

Pure. "asha dot rao at example dot com" is asha.rao@example.com; what is no address is None, so that AVA asks again.
"""

import re

MAX_CHARS = 254
_ADDRESS = re.compile(
    r"[a-z0-9_+%-]+(?:\.[a-z0-9_+%-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_SAID = (
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
    """The address that is meant, in small letters; None for what is none."""
    said = " ".join(text.split()).casefold().strip(" <>\"'").rstrip(" .,;").removeprefix("mailto:")
    if "@" not in said:
        said = _NUMBER.sub(lambda found: _DIGITS[found[1]], said)
        for pattern, sign in _SAID:
            said = pattern.sub(sign, said)
    said = said.replace(" ", "")
    if len(said) > MAX_CHARS or len(said.partition("@")[0]) > 64 or not _ADDRESS.fullmatch(said):
        return None
    return said


def spell(address: str) -> str:
    """The address letter by letter, for a voice: "a, s, h, a, at, gmail, dot, com". Known providers are said whole."""
    name, _, host = address.partition("@")
    parts = host.split(".")
    said = [", ".join(_NAMED.get(each, each) for each in name), "at"]
    for place, part in enumerate(parts):
        whole = part in _WHOLE or (place and part in _ENDINGS)
        said += ["dot"] if place else []
        said.append(part if whole else ", ".join(_NAMED.get(each, each) for each in part))
    return ", ".join(said)
