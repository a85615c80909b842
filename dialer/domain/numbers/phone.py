"""Parses a spreadsheet's phone cell into one E.164 number, or a reason why not.

Pure. A number is repaired only if there is a single reading (a missing +91, a leading 0, ".0", digits of another
script); anything ambiguous is rejected, with a suggestion if there is one. Whether a type of number may be called is
decided by the gate.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, cast

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

from dialer.domain.leads.cell_parsing import is_blank, tidy
from dialer.domain.numbers.phone_notes import split_note
from dialer.domain.numbers.phone_plans import quick_international, quick_national

PhoneFault: TypeAlias = Literal["no_phone", "excel_rounded", "not_a_number", "too_short", "too_long", "invalid_number"]
Kind: TypeAlias = Literal[
    "MOBILE",
    "FIXED_LINE",
    "FIXED_LINE_OR_MOBILE",
    "TOLL_FREE",
    "PREMIUM_RATE",
    "SHARED_COST",
    "VOIP",
    "PERSONAL_NUMBER",
    "PAGER",
    "UAN",
    "VOICEMAIL",
    "UNKNOWN",
]


class Phone(NamedTuple):
    """A valid number, its repairs in words, a second number in the cell (E.164), region (ISO 3166) and type.

    A NamedTuple for speed: a list may have a million rows.
    """

    e164: str
    repaired: str | None
    second: str | None
    region: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class BadPhone:
    """A cell without a usable number; `suggestion` (E.164) is used only after a person confirms it."""

    reason: PhoneFault
    says: str
    suggestion: str | None = None


_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "MOBILE",
    PhoneNumberType.FIXED_LINE: "FIXED_LINE",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "FIXED_LINE_OR_MOBILE",
    PhoneNumberType.TOLL_FREE: "TOLL_FREE",
    PhoneNumberType.PREMIUM_RATE: "PREMIUM_RATE",
    PhoneNumberType.SHARED_COST: "SHARED_COST",
    PhoneNumberType.VOIP: "VOIP",
    PhoneNumberType.PERSONAL_NUMBER: "PERSONAL_NUMBER",
    PhoneNumberType.PAGER: "PAGER",
    PhoneNumberType.UAN: "UAN",
    PhoneNumberType.VOICEMAIL: "VOICEMAIL",
}
_SAYS: dict[PhoneFault, str] = {
    "no_phone": "No phone number in this row",
    "excel_rounded": "Excel rounded this number; set the column to Text and copy the number again from its source",
    "not_a_number": "This is not a phone number",
    "too_short": "This number has too few digits",
    "too_long": "This number has too many digits",
    "invalid_number": "No such number exists in that country's numbering plan",
}
_SCIENTIFIC = re.compile(r"\+?\d+(?:[.,]\d+)?\s*e\s*\+?\s*\d+", re.I)
_ORDINARY = re.compile(r" *\(?\+?[0-9][0-9 ()\-]{6,24}")
_WHOLE = re.compile(r"\+?[0-9]{8,15}\.0")
_NO_PUNCTUATION = str.maketrans("", "", " ()-")
_POINT_ZERO_REPAIR = 'removed ".0"'
_POINT_ZERO = re.compile(r"(\+?\d{6,})[.,]0{1,2}")
_EXTENSION = re.compile(r"[\s,;]*(?:extension|extn?|x|#)[\s.:]*(\d{1,7})\s*$", re.I)
_LABEL = re.compile(
    r"^(?:p|tel|telephone|phone|ph|mobile|mob|cell|whats\s?app|wa|contact)\s*(?:no|number)?[\s.:\-]*(?=[+\d(])", re.I
)
_TRAILING_LABEL = re.compile(r"(?<=\d)\s*[(\[]?\s*(?:mobile|mob|cell|whats\s?app|wa)\.?\s*[)\]]?$", re.I)
_BETWEEN = re.compile(r"\s*(?:[/,;|&\n]|\bor\b|\band\b|\bya\b|या)\s*|\s+(?=\+)", re.I)
_LOOKALIKES = str.maketrans("OoQDIilSsBZz", "000011155822")


def parse_phone(text: str, country: str) -> Phone | BadPhone:
    """Parse one cell; `country` (ISO 3166, such as "IN") is the default country of numbers without a country code."""
    return _quick(text, country) or thorough(text, country)


def _quick(text: str, country: str) -> Phone | None:
    """Return what `thorough` returns for the most common cell formats, twenty times as fast; None for other cells."""
    notes = ""
    if text[:1] == "'":
        text, notes = text[1:], "removed spreadsheet quoting"
    if text[-2:] == ".0":
        if not _WHOLE.fullmatch(text):
            return None
        text, notes = text[:-2], f"{notes}; {_POINT_ZERO_REPAIR}" if notes else _POINT_ZERO_REPAIR
    elif not _ORDINARY.fullmatch(text):
        return None
    digits = text.translate(_NO_PUNCTUATION)
    if digits[0] == "+":
        digits = digits[1:]
        number = quick_international(digits)
    else:
        number = None if digits.startswith("00") else quick_national(digits, country)
    if number is None:
        return None
    e164 = f"+{number.code}{number.national}"
    if "+" not in text:
        repair = _prefix_repair(digits, number.code, e164)
        notes = f"{notes}; {repair}" if notes else repair
    return Phone(e164, notes or None, None, number.region, cast(Kind, number.kind))


def thorough(text: str, country: str) -> Phone | BadPhone:
    """Do what `parse_phone` documents with the library only, without the fast path."""
    cell, notes = tidy(text)
    if is_blank(cell):
        return _bad("no_phone")
    if _SCIENTIFIC.fullmatch(cell):
        return _bad("excel_rounded")
    cell = _strip_note(_strip_extras(cell, notes), country, notes)
    pieces = [piece for piece in _BETWEEN.split(cell) if piece]
    whole = _one(cell, country) if len(pieces) <= 1 else None
    if isinstance(whole, BadPhone) and whole.reason == "too_long":
        pieces = _halves(cell, country) or pieces
    if len(pieces) > 1:
        return _several(pieces, country, notes)
    if isinstance(whole, BadPhone) or whole is None:
        return whole or _bad("no_phone")
    return _phone(whole, [*notes, *whole[1]], None)


def mask(e164: str) -> str:
    """Mask a number for logs: "+9198****0012"; at least four digits are hidden at any length."""
    head = max(0, min(5, len(e164) - 8))
    tail = max(0, min(4, len(e164) - head - 4))
    return f"{e164[:head]}****{e164[len(e164) - tail :]}"


_Read: TypeAlias = tuple[PhoneNumber, list[str]]


def _strip_extras(cell: str, notes: list[str]) -> str:
    """Remove labels, an extension and Excel's ".0"."""
    cell = _TRAILING_LABEL.sub("", _LABEL.sub("", cell))
    match = _EXTENSION.search(cell)
    if match and len(re.sub(r"\D", "", cell[: match.start()])) >= 7:
        notes.append(f"removed extension {match[1]}")
        cell = cell[: match.start()].strip()
    if match := _POINT_ZERO.fullmatch(cell):
        notes.append(_POINT_ZERO_REPAIR)
        cell = match[1]
    return cell


def _strip_note(cell: str, country: str, notes: list[str]) -> str:
    """Remove a note after a complete number."""
    parts = split_note(cell)
    if parts is None or isinstance(_one(parts[0], country), BadPhone):
        return cell
    notes.append(f'removed note "{parts[1]}"')
    return parts[0]


def _several(pieces: list[str], country: str, notes: list[str]) -> Phone | BadPhone:
    """Use the first valid number of a cell with several; join a number split by separators ("9,876,500,012")."""
    reads = [_one(piece, country) for piece in pieces]
    good = [read for read in reads if not isinstance(read, BadPhone)]
    if not good:
        joined = _one("".join(pieces), country)
        if not isinstance(joined, BadPhone):
            return _phone(joined, [*notes, *joined[1], "removed separators"], None)
        return next(read for read in reads if isinstance(read, BadPhone))
    first = good[0]
    others = [_e164(read[0]) for read in good[1:] if _e164(read[0]) != _e164(first[0])]
    if others:
        note = "two numbers in one cell, the first is used"
    elif len(good) > 1:
        note = "the same number twice"
    else:
        note = "only one of the numbers in the cell could be read"
    return _phone(first, [*notes, *first[1], note], others[0] if others else None)


def _halves(cell: str, country: str) -> list[str]:
    """Split a cell into two numbers at a space, if exactly one of its spaces gives two valid numbers."""
    splits = [(cell[: at.start()], cell[at.end() :]) for at in re.finditer(r"\s+", cell)]
    good = [split for split in splits if not any(isinstance(_one(half, country), BadPhone) for half in split)]
    return list(good[0]) if len(good) == 1 else []


def _one(piece: str, country: str) -> _Read | BadPhone:
    """Parse one number."""
    if any(char.isalpha() for char in piece):
        return _bad("not_a_number", _suggest(piece, country))
    digits = re.sub(r"\D", "", piece)
    if not digits:
        return _bad("not_a_number")
    international = piece.lstrip("([ ").startswith("+")
    if digits.startswith("00") and (read := _valid("+" + digits.lstrip("0"), None)):
        return read, ['"00" read as "+"']
    if international:
        if read := _valid("+" + digits, None):
            return read, []
        return _bad(_fault("+" + digits, None), _e164_or_none(_valid(digits, country)))
    if read := _valid(digits, country):
        return read, [_prefix_repair(digits, str(read.country_code), _e164(read))]
    guess = _valid(digits.lstrip("0"), country)
    if guess is None and not _starts_as_mobile(digits, country):
        guess = _valid("+" + digits, None)
    return _bad(_fault(digits, country), _e164_or_none(guess))


def _valid(number: str, country: str | None) -> PhoneNumber | None:
    try:
        read = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    return read if phonenumbers.is_valid_number(read) else None


def _starts_as_mobile(digits: str, country: str) -> bool:
    """Whether the digits are a mobile number of the country plus extra digits: a typo, not a foreign number."""
    mobile = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    reads = (_valid(digits[:length], country) for length in range(7, len(digits)))
    return any(read is not None and phonenumbers.number_type(read) in mobile for read in reads)


def _fault(number: str, country: str | None) -> PhoneFault:
    try:
        read = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException as refused:
        match refused.error_type:
            case refused.TOO_LONG:
                return "too_long"
            case refused.TOO_SHORT_NSN | refused.TOO_SHORT_AFTER_IDD:
                return "too_short"
            case refused.NOT_A_NUMBER:
                return "too_short" if len(number) < 3 else "not_a_number"
        return "invalid_number"
    as_any = phonenumbers.is_possible_number_with_reason(read)
    as_mobile = phonenumbers.is_possible_number_for_type_with_reason(read, PhoneNumberType.MOBILE)
    for result in (as_any, as_mobile):
        if result in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
            return "too_short"
        if result == ValidationResult.TOO_LONG:
            return "too_long"
    return "invalid_number"


def _prefix_repair(digits: str, code: str, e164: str) -> str:
    if digits == e164[1:]:
        return "added missing +"
    if digits.startswith("0"):
        return f"replaced leading 0 with +{code}"
    return f"added +{code}"


def _suggest(piece: str, country: str) -> str | None:
    """Suggest a number to confirm: letters replaced by the digits they resemble, else only the digits in the cell."""
    for guess in (piece.translate(_LOOKALIKES), re.sub(r"[^\d+]", "", piece)):
        if not any(char.isalpha() for char in guess) and not isinstance(read := _one(guess, country), BadPhone):
            return _e164(read[0])
    return None


def _phone(read: _Read, notes: list[str], second: str | None) -> Phone:
    number = read[0]
    return Phone(
        e164=_e164(number),
        repaired="; ".join(dict.fromkeys(notes)) or None,
        second=second,
        region=phonenumbers.region_code_for_number(number) or "001",
        kind=_KINDS.get(phonenumbers.number_type(number), "UNKNOWN"),
    )


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _e164_or_none(number: PhoneNumber | None) -> str | None:
    return _e164(number) if number else None


def _bad(reason: PhoneFault, suggestion: str | None = None) -> BadPhone:
    return BadPhone(reason, _SAYS[reason], suggestion)
