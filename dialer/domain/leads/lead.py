"""Parses one row of a marketer's list into a lead or a rejection with its reason.

Pure. A bad row is a return value, not an exception, so that the import continues. Reasons are a closed set, because
the import counts rows per reason.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from dialer.domain.leads.cell_parsing import plain_text, read_date, tidy, yes_or_no
from dialer.domain.leads.headers import Column
from dialer.domain.meetings.enquiry import Field, normalize
from dialer.domain.numbers.phone import BadPhone, Phone, PhoneFault, parse_phone
from dialer.domain.numbers.zones import UnknownZone, Zones, zone_of, zones_of_state

RowFault: TypeAlias = PhoneFault | Literal["unknown_zone"]
_ENQUIRY: tuple[Column, ...] = ("name", "country", "course", "intake", "budget")
_CANONICAL: tuple[Field, ...] = ("country", "intake", "budget")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CURRENCY = re.compile(r"\b(INR|USD|GBP|EUR|CAD|AUD)\b|[₹$£€]|\bRs\b|\brupees?\b", re.I)
_LAKH = re.compile(r"\b(?:lakhs?|lacs?)\b", re.I)
_BARE_AMOUNT = re.compile(r"\d[\d,.]*(?:\s*(?:-|\u2013|to)\s*\d[\d,.]*)?(?:\s*(?:k|l|lakhs?|lacs?|cr|crores?))?", re.I)


class LeadRow(NamedTuple):
    """A row that can be imported. `zones` come from the row itself; None if only the number can provide them.

    A NamedTuple for speed: a list may have a million rows.
    """

    phone: Phone
    name: str | None
    zones: Zones | None
    state: str | None
    """The row's state or province, as written."""
    consent: bool | None
    consent_source: str | None
    consent_on: date | None
    email: str | None
    repaired: tuple[str, ...]
    enquiry: Mapping[str, str]
    """Cells of the mapped enquiry columns by field, as written; blank cells are absent."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be imported; `suggestion` is a correction for the marketer to confirm."""

    reason: RowFault
    says: str
    suggestion: str | None = None


def read_row(cells: Mapping[str, str], columns: Mapping[Column, str], country: str) -> LeadRow | Rejected:
    """Parse one row (header to cell text, as uploaded); see `RowReader`."""
    return RowReader(tuple(cells), columns, country).read(tuple(cells.values()))


class RowReader:
    """Parses the rows of one list with its column mapping.

    `country` (ISO 3166) is the default country of numbers without a country code. A row shorter than the header is
    padded with blank cells.
    """

    def __init__(self, header: Sequence[str], columns: Mapping[Column, str], country: str) -> None:
        places = {name: place for place, name in enumerate(header)}
        self.width = len(header)
        self._at = {column: places[name] for column, name in columns.items() if name in places}
        self._min_cells = max(self._at.values(), default=-1) + 1
        self._country = country
        self._budget = columns.get("budget", "")
        self._enquiry_columns = tuple((column, self._at[column]) for column in _ENQUIRY if column in self._at)
        self._phone, self._name = self._at.get("phone"), self._at.get("name")
        self._zone_or_state = "zone" in self._at or "state" in self._at
        self._consent, self._dated = self._at.get("consent"), "consent_date" in self._at

    def read(self, cells: Sequence[str]) -> LeadRow | Rejected:
        """Parse one row; cells are in header order."""
        if len(cells) < self._min_cells:
            cells = (*cells, *[""] * (self._min_cells - len(cells)))
        phone = parse_phone(cells[self._phone] if self._phone is not None else "", self._country)
        if isinstance(phone, BadPhone):
            return Rejected(phone.reason, phone.says, phone.suggestion)
        state, zones = None, None
        if self._zone_or_state:
            state = self._text(cells, "state")
            parsed = _zones(phone, self._text(cells, "zone"), state)
            if isinstance(parsed, UnknownZone):
                return Rejected("unknown_zone", parsed.says)
            zones = parsed
        email = self._text(cells, "email")
        day = read_date(self._cell(cells, "consent_date"), month_first=self._country == "US") if self._dated else None
        return LeadRow(
            phone,
            (plain_text(cells[self._name]) or None) if self._name is not None else None,
            zones,
            state,
            yes_or_no(cells[self._consent]) if self._consent is not None else None,
            self._text(cells, "consent_source"),
            day,
            email if email and _EMAIL.fullmatch(email) else None,
            tuple(phone.repaired.split("; ")) if phone.repaired else (),
            self._enquiry(cells),
        )

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        return cells[self._at[column]] if column in self._at else ""

    def _text(self, cells: Sequence[str], column: Column) -> str | None:
        return (plain_text(cells[self._at[column]]) or None) if column in self._at else None

    def _enquiry(self, cells: Sequence[str]) -> dict[str, str]:
        values: dict[str, str] = {}
        for column, place in self._enquiry_columns:
            if text := plain_text(cells[place]):
                values[column] = _with_unit(text, self._budget) if column == "budget" else text
        return values


def normalize_enquiry(enquiry: Mapping[str, str], today: date) -> dict[str, str]:
    """Return the canonical wording of country, intake and budget, only for fields where it differs from the text."""
    return {
        field: canonical
        for field in _CANONICAL
        if field in enquiry and (canonical := _normalized(field, enquiry[field], today)) != enquiry[field]
    }


@functools.lru_cache(maxsize=16_384)
def _normalized(field: Field, text: str, today: date) -> str:
    return normalize(field, text, today).text


def _zones(phone: Phone, zone: str | None, state: str | None) -> Zones | UnknownZone | None:
    if zone:
        return zone_of(phone.e164, zone)
    names = zones_of_state(phone.region, state) if state else None
    return Zones(names, "state") if names else None


@functools.lru_cache(maxsize=16_384)
def _with_unit(amount: str, header: str) -> str:
    """Add the currency and unit of the header to a bare amount: "20" under "Budget (INR lakhs)" is "INR 20 lakh"."""
    if not _BARE_AMOUNT.fullmatch(tidy(amount)[0]):
        return amount
    unit = " lakh" if _LAKH.search(header) and not re.search(r"[a-z]", amount, re.I) else ""
    currency = _CURRENCY.search(header)
    return f"{currency[0]} {amount}{unit}" if currency else f"{amount}{unit}"
