"""The written calling rules, read once from the data files beside this module.

Pure but for that one reading at import. A file that is misspelled, lacks a source or says something impossible raises
ValueError and nothing starts: rules are never half known. What the rules mean together is the affair of `rules`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from importlib import resources
from typing import Any, Literal, TypeAlias, cast, get_args

from dialer.domain.compliance.hours import Window

Consent: TypeAlias = Literal["none", "express", "written"]
Strength: TypeAlias = Literal["limit", "default"]
Status: TypeAlias = Literal["sourced", "unconfirmed", "choice"]

FILES = ("default", "au", "ca", "eu", "gb", "in", "us")
EVERYWHERE = "*"
UNKNOWN = "unknown"
ALWAYS = Window.uniform(time(0), time(0))
"""Every hour of every day: what a rule about something else allows."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
_CALENDAR = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_ID = re.compile(r"[a-z]{2,3}\.[a-z][a-z-]*")
_JURISDICTION = re.compile(r"\*|[A-Z]{2}(-[A-Z]{2})?")
_OPTIONAL = {
    *("strength", "hours", "holidays", "caps", "do_not_call", "consent", "ai_disclosure", "recording_notice"),
    *("allowed_kinds", "refused_kinds", "refused_prefixes", "refuses"),
}
_REQUIRED = {"id", "jurisdiction", "applies_to", "source", "status", "checked_on"}


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `calls` in any `per` of rolling time; `scope` is what the law counts by ("subject" or "number")."""

    calls: int
    per: timedelta
    scope: str

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise ValueError(f"a cap of {self.calls} calls")


@dataclass(frozen=True, slots=True)
class Registry:
    """A public do-not-call list, and how old (in days) a copy of it may be."""

    name: str
    max_age_days: int

    def __post_init__(self) -> None:
        if self.max_age_days < 1:
            raise ValueError(f"a copy of {self.name} that may be {self.max_age_days} days old")


@dataclass(frozen=True, slots=True)
class Rule:
    """One record as written: whom it is about, what it allows, and where that comes from.

    `regions` are ISO 3166 codes, or "*" for every number, or "unknown" for those that no country's file covers;
    `calendars` are names such as "AU", "US-LA", or "national" for the calendar of the number's own region.
    """

    id: str
    jurisdiction: str
    regions: frozenset[str]
    state: str | None
    strength: Strength
    window: Window
    calendars: tuple[str, ...]
    caps: tuple[Cap, ...]
    registries: tuple[Registry, ...]
    consent: Consent
    ai_disclosure: bool
    recording_notice: bool
    allowed_kinds: frozenset[str] | None
    refused_kinds: frozenset[str]
    refused_prefixes: tuple[str, ...]
    refuses: str | None
    source: str
    status: Status
    checked_on: date
    version: str


@dataclass(frozen=True, slots=True)
class State:
    """A state of the US by its postal code, its name and the area codes whose numbers are given out there."""

    code: str
    name: str
    area_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """One data file: its rules and, for the US, its states."""

    version: str
    checked_on: date
    rules: tuple[Rule, ...]
    states: tuple[State, ...]


def read(text: str) -> File:
    """Read one data file; ValueError says what is wrong in it."""
    try:
        return _file(tomllib.loads(text))
    except KeyError as missing:
        raise ValueError(f"{missing} missing or not known") from missing


def _file(raw: dict[str, Any]) -> File:
    groups: Mapping[str, list[str]] = raw.get("region_groups", {})
    states = tuple(
        State(code, entry["name"], tuple(entry["area_codes"].split())) for code, entry in raw.get("states", {}).items()
    )
    rules = tuple(_rule(record, groups, raw["version"]) for record in raw["rule"])
    return File(raw["version"], raw["checked_on"], rules, states)


def _rule(raw: dict[str, Any], groups: Mapping[str, list[str]], version: str) -> Rule:
    name = raw.get("id", "?")
    if wrong := (_REQUIRED - raw.keys()) | (raw.keys() - _REQUIRED - _OPTIONAL):
        raise ValueError(f"rule {name}: {', '.join(sorted(wrong))} missing or not known")
    if not _ID.fullmatch(name) or not _JURISDICTION.fullmatch(raw["jurisdiction"]) or not raw["source"].strip():
        raise ValueError(f"rule {name}: id, jurisdiction or source is not well formed")
    applies = raw["applies_to"]
    allowed = raw.get("allowed_kinds")
    return Rule(
        id=name,
        jurisdiction=raw["jurisdiction"],
        regions=frozenset(region for each in applies["regions"] for region in groups.get(each, [each])),
        state=applies.get("state"),
        strength=cast("Strength", _one_of(raw.get("strength", "limit"), Strength, name)),
        window=_window(raw["hours"], name) if "hours" in raw else ALWAYS,
        calendars=_calendars(raw.get("holidays", "none"), raw["jurisdiction"], name),
        caps=tuple(Cap(cap["calls"], _PERIODS[cap["per"]], cap["scope"]) for cap in raw.get("caps", ())),
        registries=tuple(Registry(each["registry"], each["max_age_days"]) for each in raw.get("do_not_call", ())),
        consent=cast("Consent", _one_of(raw.get("consent", "none"), Consent, name)),
        ai_disclosure=raw.get("ai_disclosure", False),
        recording_notice=raw.get("recording_notice", False),
        allowed_kinds=None if allowed is None else frozenset(allowed),
        refused_kinds=frozenset(raw.get("refused_kinds", ())),
        refused_prefixes=tuple(raw.get("refused_prefixes", ())),
        refuses=raw.get("refuses"),
        source=raw["source"],
        status=cast("Status", _one_of(raw["status"], Status, name)),
        checked_on=raw["checked_on"],
        version=version,
    )


def _one_of(word: str, choices: Any, name: str) -> str:
    if word not in get_args(choices):
        raise ValueError(f"rule {name}: {word!r} is none of {', '.join(get_args(choices))}")
    return word


def _window(hours: Mapping[str, str], name: str) -> Window:
    """Read `{mon-fri = "09:00-20:00", sat = "10:00-16:00"}`; a day not named is closed, one named twice is a fault."""
    spans: dict[int, tuple[time, time]] = {}
    for days, span in hours.items():
        first, _, last = days.partition("-")
        opens, _, closes = span.partition("-")
        named = range(_DAYS.index(first), _DAYS.index(last or first) + 1)
        if not named or not spans.keys().isdisjoint(named):
            raise ValueError(f"rule {name}: {days} is no row of days, or a day has two spans")
        for day in named:
            spans[day] = (time.fromisoformat(opens), time.fromisoformat(closes))
    if not spans:
        raise ValueError(f"rule {name}: hours without a day")
    return Window(spans)


def _calendars(holidays: str | list[str], jurisdiction: str, name: str) -> tuple[str, ...]:
    """`none`, `national` (of the number's region), `state` (of the rule's own jurisdiction) or a list of calendars."""
    match holidays:
        case "none":
            return ()
        case "national":
            return ("national",)
        case "state":
            return (jurisdiction,)
        case list() if all(_CALENDAR.fullmatch(each) for each in holidays):
            return tuple(holidays)
    raise ValueError(f"rule {name}: {holidays!r} names no holidays")


def _read_all() -> tuple[File, ...]:
    folder = resources.files("dialer.domain.compliance") / "rule_data"
    return tuple(read((folder / f"{name}.toml").read_text("utf-8")) for name in FILES)


_BOOK = _read_all()
RULES: tuple[Rule, ...] = tuple(rule for file in _BOOK for rule in file.rules)
STATES: tuple[State, ...] = tuple(state for file in _BOOK for state in file.states)
REGIONS: frozenset[str] = frozenset().union(*(rule.regions for rule in RULES)) - {EVERYWHERE, UNKNOWN}
"""The regions (ISO 3166) for which rules are written down; nobody else is called."""
