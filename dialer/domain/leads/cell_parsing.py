"""Normalizes and parses spreadsheet cells: invisible characters, foreign digits, quoting, consent and dates. Pure."""

import functools
import re
import unicodedata
from datetime import date, timedelta

_QUOTES = " '\"`\u2018\u2019\u201c\u201d"
_BLANK = frozenset(
    {
        *(
            "",
            "na",
            "n/a",
            "n.a",
            "n.a.",
            "#n/a",
            "none",
            "nil",
            "null",
            "nan",
            "no",
            "-",
            "--",
            "---",
            ".",
            "?",
            "x",
            "xx",
        ),
        *("unknown", "not available", "not provided", "not given", "no phone", "no number"),
    }
)
_YES = frozenset(
    {
        *(
            "y",
            "yes",
            "yes please",
            "yeah",
            "true",
            "t",
            "1",
            "1.0",
            "ok",
            "okay",
            "agreed",
            "agree",
            "given",
            "granted",
        ),
        *("consented", "has consented", "allowed", "accepted", "subscribed", "written", "verbal", "✓", "✔", "☑"),
        *("opted in", "opt in", "opt-in", "opted-in", "haan", "han", "ha", "ji", "ji haan", "hanji"),
        *("हाँ", "हां", "हा", "जी", "जी हाँ", "जी हां", "सहमत"),
    }
)
_NO = frozenset(
    {
        *("n", "no", "false", "f", "0", "0.0", "refused", "declined", "denied", "withdrawn", "revoked", "unsubscribed"),
        *("never", "dnd", "do not call", "don't call", "not given", "not consented", "✗", "✘", "☒"),
        *("opted out", "opt out", "opt-out", "opted-out", "nahi", "nahin", "नहीं", "नही", "ना", "असहमत"),
    }
)
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ t].*)?")
_NUMBERS_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ t,].*)?")
_WORD_DATE = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[- ]([a-z]{3})[a-z]*[-, ]+(\d{4}|\d{2})")
_DATE_WORD = re.compile(r"([a-z]{3})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EXCEL_EPOCH = date(1899, 12, 30)


def tidy(text: str) -> tuple[str, list[str]]:
    """Return the cell with ASCII digits, dashes and spaces, without invisible characters and quoting, and the repairs."""
    notes: list[str] = []
    if text.isascii() and text.isprintable():
        return _unquoted(text.strip(), notes), notes
    out: list[str] = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Nd" and not char.isascii():
            out.append(str(unicodedata.decimal(char)))
            notes.append("converted digits from another script")
        elif category in ("Cf", "Cc") and char not in "\n\t\r":
            notes.append("removed hidden characters")
        elif category == "Pd" or char == "\u2212":
            out.append("-")
        elif char in " \t\r" or category == "Zs":
            out.append(" ")
        else:
            out.append(char)
    bare = _unquoted("".join(out).strip(), notes)
    return bare, list(dict.fromkeys(notes))


def _unquoted(cell: str, notes: list[str]) -> str:
    bare = cell
    while (peeled := bare.strip(_QUOTES).lstrip("=").strip()) != bare:
        bare = peeled
    if bare != cell:
        notes.append("removed spreadsheet quoting")
    return bare


def plain_text(text: str) -> str:
    """Return text on one line with single spaces, without invisible characters except the joiners of Indic scripts."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = (char for char in text if unicodedata.category(char) not in ("Cf", "Cc") or char in "\u200c\u200d\n\t\r")
    return " ".join(unicodedata.normalize("NFC", "".join(visible)).split())


def is_blank(cell: str) -> bool:
    """Whether a cell is empty or contains a word for empty, such as "n/a"."""
    return cell.casefold() in _BLANK


@functools.lru_cache(maxsize=4096)
def yes_or_no(text: str) -> bool | None:
    """Parse a consent cell; None if it is blank or unclear."""
    words = plain_text(text).casefold().strip(" .!'")
    if words in _YES:
        return True
    return False if words in _NO else None


@functools.lru_cache(maxsize=4096)
def read_date(text: str, *, month_first: bool = False) -> date | None:
    """Parse a date: ISO, numeric (day first unless `month_first` or impossible), with a month name, or an Excel serial.

    None for anything else, and for a day that does not exist.
    """
    words = tidy(text)[0].casefold()
    try:
        if match := _ISO_DATE.fullmatch(words):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _NUMBERS_DATE.fullmatch(words):
            first, second, year = int(match[1]), int(match[2]), _year(match[3])
            day_first = second <= 12 and (first > 12 or not month_first)
            return date(year, second, first) if day_first else date(year, first, second)
        if match := _WORD_DATE.fullmatch(words):
            return date(_year(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))
        if match := _DATE_WORD.fullmatch(words):
            return date(int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2]))
    except ValueError:
        return None
    if re.fullmatch(r"[34567]\d{4}(?:\.\d+)?", words):
        return _EXCEL_EPOCH + timedelta(days=int(float(words)))
    return None


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)
