"""The possible time zones of a lead, and the evidence for them.

Pure. The list's time zone column outranks the state, the state outranks the number. A number that matches several zones
keeps them all, because calling windows are intersected. Candidates more than eight hours apart leave no common calling
hours, so the zone is then unknown.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from phonenumbers import timezone as number_zones
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from dialer.domain.numbers.phone_plans import code_of
from dialer.domain.numbers.state_zones import STATE_ZONES

ZoneSource: TypeAlias = Literal["column", "state", "number"]
ZoneFault: TypeAlias = Literal["bad_column", "no_number", "not_geographic", "too_wide"]
WIDEST = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Zones:
    """At least one IANA zone name, and where they come from."""

    names: tuple[str, ...]
    source: ZoneSource


@dataclass(frozen=True, slots=True)
class UnknownZone:
    """The local time is unknown, so the lead cannot be called."""

    reason: ZoneFault
    says: str


_MODERN = {
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Europe/Kiev": "Europe/Kyiv",
    "US/Eastern": "America/New_York",
    "US/Central": "America/Chicago",
    "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles",
    "GB": "Europe/London",
    "EST": "America/New_York",
    "MST": "America/Denver",
    "HST": "Pacific/Honolulu",
}
_WORDS = {
    "Asia/Kolkata": "ist|india|indian|indian standard time|india standard time|indian time|india time|bharat|भारत|"
    "+5:30|+05:30|utc+5:30|utc+05:30|gmt+5:30|gmt+05:30|utc +5:30|gmt +5:30|"
    "delhi|new delhi|mumbai|bombay|bangalore|bengaluru|chennai|hyderabad|pune",
    "Asia/Kathmandu": "nepal|npt|utc+5:45|gmt+5:45|+05:45",
    "Asia/Dhaka": "bangladesh",
    "Asia/Karachi": "pakistan|pkt",
    "Asia/Colombo": "sri lanka",
    "Asia/Dubai": "uae|u.a.e.|united arab emirates|gulf standard time",
    "Asia/Singapore": "sgt",
    "Asia/Tokyo": "japan|jst",
    "Africa/Lagos": "nigeria|wat",
    "Africa/Nairobi": "kenya|eat",
    "Africa/Accra": "ghana",
    "Europe/London": "uk|u.k.|united kingdom|england|scotland|wales|britain|great britain|british time",
    "Europe/Dublin": "ireland",
    "Europe/Berlin": "germany|cet|cest",
    "Europe/Paris": "france",
    "America/New_York": "est|edt|et|eastern|eastern time|us eastern|eastern standard time",
    "America/Chicago": "cst|cdt|ct|central time|us central|central standard time",
    "America/Denver": "mst|mdt|mt|mountain time|us mountain|mountain standard time",
    "America/Los_Angeles": "pst|pdt|pt|pacific time|us pacific|pacific standard time",
    "Australia/Sydney": "aest|aedt",
    "Australia/Perth": "awst",
    "Pacific/Auckland": "new zealand|nzst|nzdt",
    "UTC": "utc|gmt",
}
_BY_WORD = {word: zone for zone, words in _WORDS.items() for word in words.split("|")}
_WINDOWS_PREFIX = re.compile(r"^\((?:utc|gmt)[^)]*\)\s*")
_INCOMPLETE = {
    "1867": ("America/Whitehorse", "America/Edmonton", "America/Rankin_Inlet", "America/Iqaluit"),
    "1850": ("America/New_York", "America/Chicago"),
}
_SEASONS = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


def zone_of(e164: str, column: str | None, state: str | None = None) -> Zones | UnknownZone:
    """Return every zone the owner of this number may be in, by the best evidence.

    `column` is the list's time zone cell (an IANA name or a common word such as "IST"); text that is not a zone is an
    error, not ignored. `state` counts only for numbers of the US, Canada and Australia. Non-geographic numbers
    (toll-free, satellite, invalid) and candidates more than eight hours apart give UnknownZone.
    """
    if column and column.strip():
        return _of_column(column)
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return UnknownZone("no_number", "The number has no known country")
    if state and (by_state := zones_of_state(phonenumbers.region_code_for_number(number) or "", state)):
        return Zones(by_state, "state")
    return _of_number(number, e164)


@functools.lru_cache(maxsize=4096)
def _of_column(column: str) -> Zones | UnknownZone:
    named = named_zone(column)
    if named is None:
        return UnknownZone("bad_column", f'"{column.strip()}" is not a time zone; write one such as Asia/Kolkata')
    return Zones((named,), "column")


def zone_of_phone(e164: str, kind: str, column: str | None, state: str | None, region: str) -> Zones | UnknownZone:
    """Return `zone_of` for a number that is already parsed, with its type and region (see `Phone`). Faster."""
    if column and column.strip():
        return _of_column(column)
    if state and (by_state := zones_of_state(region, state)):
        return Zones(by_state, "state")
    digits = e164[1:]
    code = code_of(digits)
    if code is None:
        return zone_of(e164, None)
    place = digits if _is_geographical(kind, int(code)) else code
    for size in range(min(len(place), TIMEZONE_LONGEST_PREFIX), 0, -1):
        if place[:size] in TIMEZONE_DATA:
            return _of_prefix(place[:size], _INCOMPLETE.get(digits[:4]))
    return _of_prefix("", _INCOMPLETE.get(digits[:4]))


def place_in(e164: str, kind: str) -> str:
    """Return the prefix of a number that determines its zones: same prefix and type, same zones. Used as a cache key."""
    digits = e164[1 : 1 + TIMEZONE_LONGEST_PREFIX]
    code = code_of(digits)
    return digits if code is None or _is_geographical(kind, int(code)) else code


@functools.lru_cache(maxsize=1024)
def _is_geographical(kind: str, code: int) -> bool:
    number_type: int = getattr(phonenumbers.PhoneNumberType, kind)
    return phonenumbers.is_number_type_geographical(number_type, code)


@functools.lru_cache(maxsize=65_536)
def _of_prefix(prefix: str, instead: tuple[str, ...] | None) -> Zones | UnknownZone:
    return _of_names(instead or TIMEZONE_DATA.get(prefix, ()))


def named_zone(text: str) -> str | None:
    """Return the IANA name for a cell's text, ignoring case and in its modern spelling; None if it is not a zone."""
    words = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    words = _WINDOWS_PREFIX.sub("", words) or words.strip("()")
    if words in _BY_WORD:
        return _BY_WORD[words]
    return _by_name().get(words.replace(" ", "_")) or _by_city().get(words.replace(" ", "_"))


def spread(names: tuple[str, ...]) -> timedelta:
    """Return the largest difference between the UTC offsets of the zones, in winter or summer."""
    widest = timedelta(0)
    for moment in _SEASONS:
        offsets = [moment.astimezone(ZoneInfo(name)).utcoffset() or timedelta(0) for name in names]
        widest = max(widest, max(offsets) - min(offsets))
    return widest


@functools.lru_cache(maxsize=4096)
def zones_of_state(region: str, state: str) -> tuple[str, ...] | None:
    """Return the zones of a US, Canadian or Australian state as a list writes it (name or code); None for any other."""
    return STATE_ZONES.get((region, " ".join(state.replace(".", "").split()).casefold()))


def _of_number(number: phonenumbers.PhoneNumber, e164: str) -> Zones | UnknownZone:
    return _of_names(_INCOMPLETE.get(e164.lstrip("+")[:4]) or number_zones.time_zones_for_number(number))


def _of_names(names: tuple[str, ...]) -> Zones | UnknownZone:
    if not names or "Etc/Unknown" in names:
        return UnknownZone("not_geographic", "The number has no location; add a Timezone column")
    modern = tuple(dict.fromkeys(_MODERN.get(name, name) for name in names))
    if spread(modern) > WIDEST:
        return UnknownZone("too_wide", f"The number fits {len(modern)} time zones more than eight hours apart")
    return Zones(modern, "number")


@functools.cache
def _by_name() -> dict[str, str]:
    return {name.casefold(): _MODERN.get(name, name) for name in available_timezones() if name != "Factory"}


@functools.cache
def _by_city() -> dict[str, str]:
    """Map city names ("sydney") to zones, where they are unambiguous."""
    cities: dict[str, set[str]] = {}
    for name in available_timezones():
        area, _, city = name.rpartition("/")
        if area and area.split("/")[0] not in ("Etc", "SystemV", "US", "Brazil", "Canada", "Mexico", "Chile"):
            cities.setdefault(city.casefold(), set()).add(_MODERN.get(name, name))
    return {city: next(iter(names)) for city, names in cities.items() if len(names) == 1}
