"""Passwords that guessers try first, recognized with the usual decorations around them. Pure."""

import re

COMMON = frozenset(
    [
        "password",
        "passwort",
        "passw0rd",
        "qwerty",
        "qwertyuiop",
        "qwertz",
        "azerty",
        "asdfgh",
        "asdfghjkl",
        "zxcvbn",
        "zxcvbnm",
        "welcome",
        "letmein",
        "iloveyou",
        "monkey",
        "dragon",
        "football",
        "baseball",
        "superman",
        "batman",
        "princess",
        "sunshine",
        "master",
        "shadow",
        "michael",
        "jennifer",
        "trustno",
        "starwars",
        "whatever",
        "admin",
        "administrator",
        "root",
        "login",
        "user",
        "guest",
        "test",
        "testing",
        "changeme",
        "change",
        "secret",
        "default",
        "access",
        "mustang",
        "hunter",
        "killer",
        "pokemon",
        "google",
        "facebook",
        "twitter",
        "linkedin",
        "abcdef",
        "abcdefgh",
        "abcabc",
        "computer",
        "internet",
        "samsung",
        "iphone",
        "india",
        "bharat",
        "hindustan",
        "mumbai",
        "delhi",
        "bangalore",
        "chennai",
        "kolkata",
        "krishna",
        "ganesh",
        "shiva",
        "sairam",
        "omsairam",
        "jaimatadi",
        "onewindow",
        "dialer",
        "counselor",
        "marketing",
        "student",
        "university",
        "study",
        "abroad",
        "summer",
        "winter",
        "spring",
        "autumn",
        "monday",
        "friday",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "company",
        "office",
        "business",
    ]
)
DIGITS = "01234567890123456789"
MAX_DECORATION = 6
"""Characters beside a common word that leave the password as easy to guess as the word."""
LEET = str.maketrans("013457@$!", "oieastasi")


def is_common(password: str) -> bool:
    """Whether a password is a common one, repeated, a run of digits, or common with a few characters around it."""
    text = password.casefold()
    letters = re.sub(r"[^a-z]", "", text.translate(LEET))
    plain = re.sub(r"[^a-z]", "", text)
    digits = re.sub(r"\D", "", text)
    if len(text) - len(digits) <= MAX_DECORATION and (
        digits in DIGITS or digits in DIGITS[::-1] or len(set(digits)) <= 2
    ):
        return True
    return any(_is_made_of(word, COMMON) for word in {letters, plain} if word) and len(text) - len(plain) <= 12


def _is_made_of(word: str, common: frozenset[str]) -> bool:
    """Whether a word is a common one, up to a few letters, or made of at most two common ones."""
    for known in common:
        if known in word and len(word) - len(known) <= MAX_DECORATION // 2:
            return True
        if word.startswith(known) and word[len(known) :] in common:
            return True
    return False
