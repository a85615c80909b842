"""Which calling rules bind one number, all of them together, the strictest of each winning.

Pure. Every written rule that fits a number counts: windows are intersected, caps and registries add up, the highest
consent is asked for. A number of the US is bound by the states of its area code and by the state the lead is said to
live in; one whose area code tells no state is bound by all of them. A number of a country without a rule file is
refused. Nothing here widens what a campaign chose.
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
    """All that binds one number.

    `window` is the limit of the law, in the lead's own local time; `usual` is what a campaign without hours of its own
    keeps, never wider. `calendars` are the holidays on which nobody is called (see `is_holiday`). `ids` and `version`
    name the records, for evidence.
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
    """Nobody knows what is allowed there, so nobody is called; `says` it in words."""

    says: str
    ids: tuple[str, ...]
    version: str


def rules_for(e164: str, state: str | None = None) -> Rules | NoRules:
    """What binds this number (E.164); `state` is the lead's own, a code or a name, and counts for US numbers only."""
    region = region_of(e164)
    return rules_of(region, states_of(e164, state) if region == "US" else frozenset())


def rules_of(region: str | None, states: frozenset[str]) -> Rules | NoRules:
    """What binds the numbers of a region (ISO 3166; None where it could not be told), and of US states."""
    if region is None:
        return NoRules("the number belongs to no known country that could be told", *_named(_unknown()))
    return _merged(region, states)


def discloses_ai(e164: str) -> bool:
    """Whether an AI must say that it is one to this number (E.164); where no rules are known, it must."""
    rules = rules_for(e164)
    return rules.ai_disclosure if isinstance(rules, Rules) else True


def narrow(rules: Rules, campaign: Window | None) -> Window:
    """When a campaign may ring this number: its own window within the law's, or the shipped default if it has none."""
    return rules.usual if campaign is None else intersect(rules.window, campaign)


def is_holiday(rules: Rules) -> Callable[[date], bool]:
    """A question to put to a local date, as `hours.is_open` and `hours.next_open` want it."""
    return functools.partial(is_holiday_in, rules.calendars)


def consent_ok(rules: Rules, consent: bool | None, source: str | None) -> tuple[bool, str]:
    """Whether the consent on record is enough, and why in words.

    A refusal always counts. Where consent must be written, a source is needed, and none that speaks of the spoken word.
    """
    if consent is False:
        return False, "did not consent to calls"
    if rules.consent == "none":
        return True, "consented to calls" if consent else "no consent recorded; none is required"
    if not consent:
        return False, f"no consent recorded; {_wanted(rules.consent)} is required there"
    if rules.consent == "express":
        return True, "consented to calls"
    if source is None or is_blank(source.strip()) or not (words := _WORD.findall(source.casefold())):
        return False, "consented, but the list does not say how; written consent is required there"
    if spoken := next((word for word in words if word in _SPOKEN), None):
        return False, f'consented, but not in writing ("{spoken}"); written consent is required there'
    return True, f"consented to calls ({source.strip()})"


def destination(e164: str, allowed_regions: frozenset[str] | None = None) -> tuple[bool, str]:
    """Whether a number is of a kind and of a country that may be called, and why in words.

    `allowed_regions` (ISO 3166) narrows the countries; a country without rules is refused even if it is named there.
    """
    region = region_of(e164)
    rules = _merged(region, frozenset()) if region else None
    basis = rules if isinstance(rules, Rules) else _everywhere()
    if e164.startswith(basis.refused_prefixes):
        return False, "satellite or international network; never called"
    kind = kind_of(e164)
    said = f"the number is {kind.lower().replace('_', ' ')}"
    if kind in basis.refused_kinds or kind not in basis.allowed_kinds:
        return False, said
    if region is None or not isinstance(rules, Rules):
        return False, rules.says if isinstance(rules, NoRules) else "the number belongs to no known country"
    if allowed_regions is not None and region not in allowed_regions:
        return False, f"{said}, but {region} is not a country this campaign calls"
    return True, said


@functools.lru_cache(maxsize=4096)
def can_call_kind(region: str, kind: str) -> bool:
    """What `destination` says of any ordinary number of that region and kind."""
    rules = _merged(region, frozenset())
    return isinstance(rules, Rules) and kind in rules.allowed_kinds and kind not in rules.refused_kinds


def never_called(phone: Phone, state: str | None, consent: bool | None, source: str | None) -> str | None:
    """Why the gate will never agree to a call, as far as the list itself tells; None where it may agree."""
    if consent is False:
        return "did not consent to calls"
    if not can_call_kind(phone.region, phone.kind):
        return destination(phone.e164)[1]
    rules = rules_of(phone.region, states_of(phone.e164, state) if phone.region == "US" else frozenset())
    if isinstance(rules, NoRules):
        return rules.says
    ok, says = consent_ok(rules, consent, source)
    return None if ok else says


def blank_consent(country: str) -> bool:
    """Whether leads of a country (ISO 3166) are called where their consent is blank."""
    rules = rules_of(country, states_of("", None) if country == "US" else frozenset())
    return isinstance(rules, Rules) and consent_ok(rules, None, None)[0]


def coverage(today: date) -> list[str]:
    """The holiday calendars of all rules that know no holiday in the 365 days from `today` on; empty is well."""
    return gaps({name for rule in RULES for region in rule.regions for name in _calendars(rule, region)}, today)


@functools.lru_cache(maxsize=4096)
def _merged(region: str, states: frozenset[str]) -> Rules | NoRules:
    if region not in REGIONS:
        return NoRules(next(rule.refuses for rule in _unknown() if rule.refuses), *_named(_unknown()))
    return _together(_matching(region, states), region)


@functools.cache
def _everywhere() -> Rules:
    """What binds every number, of whatever country."""
    return _together(_matching(EVERYWHERE, frozenset()), EVERYWHERE)


def _matching(region: str, states: frozenset[str]) -> tuple[Rule, ...]:
    """The records that speak of this region, and of these states where they speak of one."""
    return tuple(
        rule
        for rule in RULES
        if not rule.regions.isdisjoint((region, EVERYWHERE)) and (rule.state is None or rule.state in states)
    )


def _unknown() -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if UNKNOWN in rule.regions)


def _together(rules: tuple[Rule, ...], region: str) -> Rules:
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
    """The evidence: ids of the records, and the versions of the files they stand in."""
    return tuple(rule.id for rule in rules), " ".join(_once(rule.version for rule in rules))


def _wanted(consent: Consent) -> str:
    return "written consent" if consent == "written" else "consent"


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
