"""The calling rules that apply to a number, merged so that the strictest of each kind wins.

Pure. Every rule that matches a number applies: windows are intersected, caps and registries add up, and the highest
consent level is required. For a US number the rules of its area code's state and of the lead's own state apply; with
neither known, those of every state do. Numbers of a country without a rule file are refused. Rules never widen the
hours that a campaign chose.
"""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from dialer.domain.compliance.holidays import gaps, is_holiday_in
from dialer.domain.compliance.hours import Window, intersect
from dialer.domain.compliance.rule_loader import EVERYWHERE, REGIONS, RULES, UNKNOWN, Cap, Consent, Registry, Rule
from dialer.domain.leads.cell_parsing import is_blank
from dialer.domain.numbers.number_region import region_of, states_of
from dialer.domain.numbers.number_type import kind_of
from dialer.domain.numbers.phone import Phone

T = TypeVar("T")
_LEVELS: tuple[Consent, ...] = ("none", "express", "written")
_WORD = re.compile(r"[^\W\d_]+")
_SPOKEN = frozenset(
    {
        *("verbal", "verbally", "oral", "orally", "spoken", "said", "told", "voice", "conversation", "discussion"),
        *("phone", "phoned", "telephone", "telephonic", "telephonically", "tel", "call", "called", "calling", "ivr"),
        *("mukh", "maukhik", "मौखिक", "फोन", "फ़ोन"),
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The merged rules for one number.

    `window` is the legal limit in the lead's local time; `usual`, never wider, applies to campaigns without hours of
    their own. `calendars` name the holidays without calls (see `is_holiday`). `ids` and `version` identify the rule
    records, as evidence.
    """

    window: Window
    usual: Window
    calendars: tuple[str, ...]
    caps: tuple[Cap, ...]
    registries: tuple[Registry, ...]
    consent: Consent
    ai_disclosure: bool
    recording_notice: bool
    allowed_kinds: frozenset[str]
    refused_kinds: frozenset[str]
    refused_prefixes: tuple[str, ...]
    ids: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class NoRules:
    """No rules are known for the number's country, so it is not called; `says` is the reason."""

    says: str
    ids: tuple[str, ...]
    version: str


def rules_for(e164: str, state: str | None = None) -> Rules | NoRules:
    """Return the rules for a number (E.164); `state` (the lead's, code or name) applies to US numbers only."""
    region = region_of(e164)
    return rules_of(region, states_of(e164, state) if region == "US" else frozenset())


def rules_of(region: str | None, states: frozenset[str]) -> Rules | NoRules:
    """Return the rules for a region (ISO 3166; None if unknown) and, in the US, for these states."""
    if region is None:
        return NoRules("the number's country could not be determined", *_named(_unknown()))
    return _rules_of_region(region, states)


def discloses_ai(e164: str) -> bool:
    """Whether AVA must disclose to this number (E.164) that it is an AI; True where no rules are known."""
    rules = rules_for(e164)
    return rules.ai_disclosure if isinstance(rules, Rules) else True


def narrow(rules: Rules, campaign: Window | None) -> Window:
    """Return a campaign's effective window: its own within the legal one, or the default if it has none."""
    return rules.usual if campaign is None else intersect(rules.window, campaign)


def is_holiday(rules: Rules) -> Callable[[date], bool]:
    """Return the holiday predicate over local dates that `hours.is_open` and `hours.next_open` take."""
    return functools.partial(is_holiday_in, rules.calendars)


def consent_ok(rules: Rules, consent: bool | None, source: str | None) -> tuple[bool, str]:
    """Return whether the recorded consent is sufficient, and the reason.

    A refusal always wins. Written consent needs a source, and the source must not be one that names speech ("phone").
    """
    if consent is False:
        return False, "did not consent to calls"
    if rules.consent == "none":
        return True, "consented to calls" if consent else "no consent recorded; none is required"
    if not consent:
        return False, f"no consent recorded; {_consent_text(rules.consent)} is required there"
    if rules.consent == "express":
        return True, "consented to calls"
    if source is None or is_blank(source.strip()) or not (words := _WORD.findall(source.casefold())):
        return False, "consented, but the list does not say how; written consent is required there"
    if spoken := next((word for word in words if word in _SPOKEN), None):
        return False, f'consented, but not in writing ("{spoken}"); written consent is required there'
    return True, f"consented to calls ({source.strip()})"


def destination(e164: str, allowed_regions: frozenset[str] | None = None) -> tuple[bool, str]:
    """Return whether the number's type and country may be called, and the reason.

    `allowed_regions` (ISO 3166) narrows the countries; a country without rules is refused even if listed there.
    """
    region = region_of(e164)
    rules = _rules_of_region(region, frozenset()) if region else None
    basis = rules if isinstance(rules, Rules) else _everywhere()
    if e164.startswith(basis.refused_prefixes):
        return False, "satellite or international network; never called"
    kind = kind_of(e164)
    reason = f"the number is {kind.lower().replace('_', ' ')}"
    if kind in basis.refused_kinds or kind not in basis.allowed_kinds:
        return False, reason
    if region is None or not isinstance(rules, Rules):
        return False, rules.says if isinstance(rules, NoRules) else "the number's country could not be determined"
    if allowed_regions is not None and region not in allowed_regions:
        return False, f"{reason}, but {region} is not a country this campaign calls"
    return True, reason


@functools.lru_cache(maxsize=4096)
def can_call_kind(region: str, kind: str) -> bool:
    """Whether `destination` allows numbers of this region and type, special prefixes aside. Cached."""
    rules = _rules_of_region(region, frozenset())
    return isinstance(rules, Rules) and kind in rules.allowed_kinds and kind not in rules.refused_kinds


def never_called(phone: Phone, state: str | None, consent: bool | None, source: str | None) -> str | None:
    """Return why the gate will always refuse a lead with this list data; None if it may allow a call."""
    if consent is False:
        return "did not consent to calls"
    if not can_call_kind(phone.region, phone.kind):
        return destination(phone.e164)[1]
    rules = rules_of(phone.region, states_of(phone.e164, state) if phone.region == "US" else frozenset())
    if isinstance(rules, NoRules):
        return rules.says
    ok, reason = consent_ok(rules, consent, source)
    return None if ok else reason


def blank_consent(country: str) -> bool:
    """Whether leads of a country (ISO 3166) may be called without recorded consent."""
    rules = rules_of(country, states_of("", None) if country == "US" else frozenset())
    return isinstance(rules, Rules) and consent_ok(rules, None, None)[0]


def coverage(today: date) -> list[str]:
    """Return the rules' holiday calendars without a holiday in the 365 days from `today`; empty if none is missing."""
    return gaps({name for rule in RULES for region in rule.regions for name in _calendars(rule, region)}, today)


@functools.lru_cache(maxsize=4096)
def _rules_of_region(region: str, states: frozenset[str]) -> Rules | NoRules:
    if region not in REGIONS:
        return NoRules(next(rule.refuses for rule in _unknown() if rule.refuses), *_named(_unknown()))
    return _merge(_matching(region, states), region)


@functools.cache
def _everywhere() -> Rules:
    """Return the rules that apply to every number."""
    return _merge(_matching(EVERYWHERE, frozenset()), EVERYWHERE)


def _matching(region: str, states: frozenset[str]) -> tuple[Rule, ...]:
    """Return the rules for this region that are not limited to other states."""
    return tuple(
        rule
        for rule in RULES
        if not rule.regions.isdisjoint((region, EVERYWHERE)) and (rule.state is None or rule.state in states)
    )


def _unknown() -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if UNKNOWN in rule.regions)


def _merge(rules: tuple[Rule, ...], region: str) -> Rules:
    limits = [rule.window for rule in rules if rule.strength == "limit"]
    ids, version = _named(rules)
    return Rules(
        window=functools.reduce(intersect, limits),
        usual=functools.reduce(intersect, (rule.window for rule in rules)),
        calendars=_once(name for rule in rules for name in _calendars(rule, region)),
        caps=_once(cap for rule in rules for cap in rule.caps),
        registries=_once(registry for rule in rules for registry in rule.registries),
        consent=max((rule.consent for rule in rules), key=_LEVELS.index),
        ai_disclosure=any(rule.ai_disclosure for rule in rules),
        recording_notice=any(rule.recording_notice for rule in rules),
        allowed_kinds=frozenset.intersection(*(r.allowed_kinds for r in rules if r.allowed_kinds is not None)),
        refused_kinds=frozenset().union(*(rule.refused_kinds for rule in rules)),
        refused_prefixes=_once(prefix for rule in rules for prefix in rule.refused_prefixes),
        ids=ids,
        version=version,
    )


def _calendars(rule: Rule, region: str) -> tuple[str, ...]:
    return tuple(region if name == "national" else name for name in rule.calendars)


def _named(rules: tuple[Rule, ...]) -> tuple[tuple[str, ...], str]:
    """Return the evidence: the rules' ids, and the versions of their files."""
    return tuple(rule.id for rule in rules), " ".join(_once(rule.version for rule in rules))


def _consent_text(consent: Consent) -> str:
    return "written consent" if consent == "written" else "consent"


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
