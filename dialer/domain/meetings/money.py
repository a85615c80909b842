"""Normalizes an amount of money, as people in India, the UK and the US write it, to a figure or range with a currency.

Pure and strict: unless every word of the text is understood the result is None, and the caller keeps the text.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

_CURRENCIES = {
    "INR": r"₹|rs\.?|inr|rupees?|rupaye|rupay",
    "AUD": r"a\$|au\$|aud|australian dollars?",
    "CAD": r"c\$|ca\$|cad|canadian dollars?",
    "NZD": r"nz\$|nzd",
    "SGD": r"s\$|sgd",
    "AED": r"aed|dirhams?",
    "USD": r"us\$|\$|usd|u\.s\. dollars?|us dollars?|dollars?|bucks",
    "GBP": r"£|gbp|pounds?(?: sterling)?",
    "EUR": r"€|eur|euros?",
}
_UNITS = {
    r"crores?|cr|karod": Decimal(10_000_000),
    r"lakhs?|lacs?|laakh|l": Decimal(100_000),
    r"millions?|mn|m": Decimal(1_000_000),
    r"thousands?|k|hazaar|hazar": Decimal(1_000),
}
_NUMBER = r"\d[\d,]{0,15}(?:\.\d{1,4})?"
_UNIT = "|".join(_UNITS)
_RANGE = re.compile(rf"({_NUMBER}) ?({_UNIT})?(?: ?(?:-|to|and|se) ?({_NUMBER}) ?({_UNIT})?)?")
_PERIODS = {
    "per year": r"(?:per|a|an|each|every) (?:year|annum)|yearly|annually|annual|p\.?a\.?|/ ?(?:year|yr|annum)|saal ka",
    "per month": r"(?:per|a|each|every) month|monthly|p\.?m\.?|/ ?month",
}
_LIMITS = {
    "up to": r"up ?to|under|below|max(?:imum)?|at most|not more than|less than|within",
    "at least": r"at least|min(?:imum)?|above|over|more than|plus|\+",
}
_FILLERS = re.compile(
    r"\b(?:around|about|approx(?:imately)?|roughly|nearly|almost|maybe|between|from|my|our|budget|is|total|only|in)\b"
    r"|/-|[:()=]"
)
_SMALL_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_SMALL = {word: number for number, word in enumerate(_SMALL_WORDS)}
_TEN_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {word: number for number, word in enumerate(_TEN_WORDS, 2)}
_SPOKEN = re.compile(rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_SMALL)}))?|({'|'.join(_SMALL)}))\b")


def canonical_money(text: str) -> str | None:
    """Return the amount as "INR 2,000,000", a range with an en dash, or "up to USD 30,000 per year"; None if unclear.

    Lakh, crore and Indian digit grouping imply rupees; any other amount without a currency is unclear.
    """
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    words = re.sub(r"[\u2012-\u2015\u2212~]", "-", words)
    words = _SPOKEN.sub(_digits, words)
    period, words = _taken(words, _PERIODS)
    currency, words = _taken(words, _CURRENCIES)
    limit, words = _taken(words, _LIMITS)
    match = _RANGE.fullmatch(" ".join(_FILLERS.sub(" ", words).split()).strip(" .,-"))
    if match is None:
        return None
    if currency is None and (_indian_unit(match[2] or match[4]) or _indian_grouping(match[1])):
        currency = "INR"
    amounts = [_amount(match[1], match[2] or match[4])] + ([_amount(match[3], match[4])] if match[3] else [])
    if currency is None or amounts != sorted(set(amounts)) or amounts[0] <= 0:
        return None
    figures = f"{currency} {'–'.join(f'{amount:,}' for amount in amounts)}"
    return " ".join(part for part in (limit, figures, period) if part)


def _taken(words: str, table: dict[str, str]) -> tuple[str | None, str]:
    """Return the first entry of `table` that occurs, and the words with all its occurrences removed."""
    for name, pattern in table.items():
        cut, times = re.subn(rf"(?<![a-z])(?:{pattern})(?![a-z])", " ", words)
        if times:
            return name, cut
    return None, words


def _amount(number: str, unit: str | None) -> int:
    size = next((size for names, size in _UNITS.items() if unit and re.fullmatch(names, unit)), Decimal(1))
    return int((Decimal(number.replace(",", "")) * size).quantize(Decimal(1), ROUND_HALF_UP))


def _indian_unit(unit: str | None) -> bool:
    return unit is not None and (unit[0] in "cl" or unit == "karod")


def _indian_grouping(number: str) -> bool:
    """Whether digits are grouped as in 20,00,000, which is specific to India."""
    return re.fullmatch(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?", number) is not None


def _digits(match: re.Match[str]) -> str:
    if match[1]:
        return str(_TENS[match[1]] * 10 + _SMALL.get(match[2] or "zero", 0))
    return str(_SMALL[match[3]])
