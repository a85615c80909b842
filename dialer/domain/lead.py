"""One row of a marketer's list, as a lead to ring or as a reason why not.

Pure. A bad row is a value, never an exception: the rest of the list goes on. Reasons are a closed set, because the
import counts them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from dialer.domain.cells import plain_text, read_date, tidy, yes_or_no
from dialer.domain.headers import Column
from dialer.domain.phone import BadPhone, Phone, PhoneFault, parse_phone
from dialer.domain.zones import UnknownZone, Zones, zone_of

RowFault: TypeAlias = PhoneFault | Literal["unknown_zone"]
_ENQUIRY: tuple[Column, ...] = ("name", "country", "course", "intake", "budget")
_CURRENCY = re.compile(r"\b(INR|USD|GBP|EUR|CAD|AUD)\b|[₹$£€]|\bRs\b|\brupees?\b", re.I)
_LAKH = re.compile(r"\b(?:lakhs?|lacs?)\b", re.I)
_BARE_AMOUNT = re.compile(r"\d[\d,.]*(?:\s*(?:-|\u2013|to)\s*\d[\d,.]*)?(?:\s*(?:k|l|lakhs?|lacs?|cr|crores?))?", re.I)


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A person who can be imported. `zones` is what the row itself says; None where only the number can tell."""

    phone: Phone
    name: str | None
    zones: Zones | None
    state: str | None
    """The state or province that the row names, as written."""
    consent: bool | None
    consent_source: str | None
    consent_on: date | None
    email: str | None
    repaired: tuple[str, ...]
    enquiry: Mapping[str, str]
    """The student's own words from the columns we know, by enquiry field; blank cells are absent."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be imported as it stands; `suggestion` is for a person to confirm."""

    reason: RowFault
    says: str
    suggestion: str | None = None


def read_row(cells: Mapping[str, str], columns: Mapping[Column, str], country: str) -> LeadRow | Rejected:
    """Read the cells (header to text, as uploaded) of one row through the guessed or given columns.

    `country` (ISO 3166) is where numbers without a country code are from. A row shorter than its header is read as if
    the missing cells were blank.
    """
    phone = parse_phone(_cell(cells, columns, "phone"), country)
    if isinstance(phone, BadPhone):
        return Rejected(phone.reason, phone.says, phone.suggestion)
    zones = _zones(phone, _text(cells, columns, "zone"), _text(cells, columns, "state"))
    if isinstance(zones, UnknownZone):
        return Rejected("unknown_zone", zones.says)
    email = _text(cells, columns, "email")
    return LeadRow(
        phone=phone,
        name=_text(cells, columns, "name"),
        zones=zones,
        state=_text(cells, columns, "state"),
        consent=yes_or_no(_cell(cells, columns, "consent")),
        consent_source=_text(cells, columns, "consent_source"),
        consent_on=read_date(_cell(cells, columns, "consent_date"), month_first=country == "US"),
        email=email if email and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) else None,
        repaired=tuple(phone.repaired.split("; ")) if phone.repaired else (),
        enquiry=_enquiry(cells, columns),
    )


def _cell(cells: Mapping[str, str], columns: Mapping[Column, str], column: Column) -> str:
    return cells.get(columns[column], "") if column in columns else ""


def _text(cells: Mapping[str, str], columns: Mapping[Column, str], column: Column) -> str | None:
    return plain_text(_cell(cells, columns, column)) or None


def _zones(phone: Phone, zone: str | None, state: str | None) -> Zones | UnknownZone | None:
    if zone:
        return zone_of(phone.e164, zone)
    found = zone_of(phone.e164, None, state) if state else None
    return found if isinstance(found, Zones) and found.source == "state" else None


def _enquiry(cells: Mapping[str, str], columns: Mapping[Column, str]) -> dict[str, str]:
    said = {column: text for column in _ENQUIRY if (text := _text(cells, columns, column))}
    if "budget" in said:
        said["budget"] = _with_unit(said["budget"], columns["budget"])
    return {str(column): text for column, text in said.items()}


def _with_unit(amount: str, header: str) -> str:
    """A bare amount with what its header names: "20" under "Budget (INR lakhs)" is "INR 20 lakh"."""
    if not _BARE_AMOUNT.fullmatch(tidy(amount)[0]):
        return amount
    unit = " lakh" if _LAKH.search(header) and not re.search(r"[a-z]", amount, re.I) else ""
    currency = _CURRENCY.search(header)
    return f"{currency[0]} {amount}{unit}" if currency else f"{amount}{unit}"
