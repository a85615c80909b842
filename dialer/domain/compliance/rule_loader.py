"""Loads the calling rules from the TOML files in `rule_data`, once, at import.

A file with a misspelled key, a missing source or an impossible value raises ValueError, so no process starts with
incomplete rules. `rules` merges the records.
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
"""Every hour of every day: the window of a rule that does not limit hours."""

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
    """At most `calls` in any rolling period `per`; `scope` is what the law counts by ("subject" or "number")."""

    calls: int
    per: timedelta
    scope: str

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise ValueError(f"a cap must allow at least 1 call, not {self.calls}")


@dataclass(frozen=True, slots=True)
class Registry:
    """A public do-not-call registry, and the maximum age of our copy in days."""

    name: str
    max_age_days: int

    def __post_init__(self) -> None:
        if self.max_age_days < 1:
            raise ValueError(f"max_age_days of {self.name} must be at least 1, not {self.max_age_days}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule record: the numbers it applies to, what it allows, and its source.

    `regions` are ISO 3166 codes, "*" for every number, or "unknown" for countries without a file; `calendars` are names
    such as "AU" or "US-LA", or "national" for the calendar of the number's region.
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
    """A US state: postal code, name and area codes."""

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
    """Parse one data file. Raises ValueError."""
    try:
        return _file(tomllib.loads(text))
    except KeyError as missing:
        raise ValueError(f"{missing} is missing or unknown") from missing


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
        raise ValueError(f"rule {name}: missing or unknown: {', '.join(sorted(wrong))}")
    if not _ID.fullmatch(name) or not _JURISDICTION.fullmatch(raw["jurisdiction"]) or not raw["source"].strip():
        raise ValueError(f"rule {name}: id, jurisdiction or source is malformed")
    applies = raw["applies_to"]
    allowed = raw.get("allowed_kinds")
    return Rule(
        id=name,
        jurisdiction=raw["jurisdiction"],
        regions=frozenset(region for entry in applies["regions"] for region in groups.get(entry, [entry])),
        state=applies.get("state"),
        strength=cast("Strength", _one_of(raw.get("strength", "limit"), Strength, name)),
        window=_window(raw["hours"], name) if "hours" in raw else ALWAYS,
        calendars=_calendars(raw.get("holidays", "none"), raw["jurisdiction"], name),
        caps=tuple(Cap(cap["calls"], _PERIODS[cap["per"]], cap["scope"]) for cap in raw.get("caps", ())),
        registries=tuple(Registry(entry["registry"], entry["max_age_days"]) for entry in raw.get("do_not_call", ())),
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
        raise ValueError(f"rule {name}: {word!r} is not one of {', '.join(get_args(choices))}")
    return word


def _window(hours: Mapping[str, str], name: str) -> Window:
    """Parse `{mon-fri = "09:00-20:00", sat = "10:00-16:00"}`; a missing day is closed, a repeated one an error."""
    spans: dict[int, tuple[time, time]] = {}
    for days, span in hours.items():
        first, _, last = days.partition("-")
        opens, _, closes = span.partition("-")
        named = range(_DAYS.index(first), _DAYS.index(last or first) + 1)
        if not named or not spans.keys().isdisjoint(named):
            raise ValueError(f"rule {name}: {days} is not a range of days, or a day has two spans")
        for day in named:
            spans[day] = (time.fromisoformat(opens), time.fromisoformat(closes))
    if not spans:
        raise ValueError(f"rule {name}: hours has no day")
    return Window(spans)


def _calendars(holidays: str | list[str], jurisdiction: str, name: str) -> tuple[str, ...]:
    """Parse `none`, `national` (of the number's region), `state` (of the rule's jurisdiction) or a list of calendars."""
    match holidays:
        case "none":
            return ()
        case "national":
            return ("national",)
        case "state":
            return (jurisdiction,)
        case list() if all(_CALENDAR.fullmatch(calendar) for calendar in holidays):
            return tuple(holidays)
    raise ValueError(f"rule {name}: unknown holidays {holidays!r}")


def _read_all() -> tuple[File, ...]:
    folder = resources.files("dialer.domain.compliance") / "rule_data"
    return tuple(read((folder / f"{name}.toml").read_text("utf-8")) for name in FILES)


_FILES_READ = _read_all()
RULES: tuple[Rule, ...] = tuple(rule for file in _FILES_READ for rule in file.rules)
STATES: tuple[State, ...] = tuple(state for file in _FILES_READ for state in file.states)
REGIONS: frozenset[str] = frozenset().union(*(rule.regions for rule in RULES)) - {EVERYWHERE, UNKNOWN}
"""The regions (ISO 3166) with rules; numbers of other regions are not called."""
