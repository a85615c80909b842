"""A fast path for parsing millions of phone cells: the numbering plans of `phonenumbers`, compiled once per country.

Pure. It follows the steps of `phonenumbers.parse` and `number_type` and returns a result only where those allow a
single reading; otherwise it returns None and the caller uses the library. Tests compare both for every country's plan.
"""

import functools
import re
from dataclasses import dataclass
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

_REGIONS = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
_KINDS = (
    ("PREMIUM_RATE", "premium_rate"),
    ("TOLL_FREE", "toll_free"),
    ("SHARED_COST", "shared_cost"),
    ("VOIP", "voip"),
    ("PERSONAL_NUMBER", "personal_number"),
    ("PAGER", "pager"),
    ("UAN", "uan"),
    ("VOICEMAIL", "voicemail"),
    ("FIXED_LINE", "fixed_line"),
    ("MOBILE", "mobile"),
)


class Numbered(NamedTuple):
    """A valid number: country code and national number (digits), region (ISO 3166), type as the library names it."""

    code: str
    national: str
    region: str
    kind: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One region's metadata, compiled."""

    code: str
    general: re.Pattern[str]
    kinds: re.Pattern[str]
    lengths: dict[str, frozenset[int]]
    mobile: re.Pattern[str] | None
    same_pattern: bool
    leading: re.Pattern[str] | None
    prefix: str
    strips: re.Pattern[str] | None
    plain_prefix: bool
    dials_out: re.Pattern[str]


def quick_international(digits: str) -> Numbered | None:
    """Parse a number with its country code, without the "+"; None if the library must decide."""
    code = code_of(digits)
    if code is None:
        return None
    national = digits[len(code) :]
    plan = plan_of(_REGIONS[code][0])
    if plan is None or national[:1] in ("", "0") or (plan.strips and plan.strips.match(national)):
        return None
    return _numbered(code, national)


def quick_national(digits: str, country: str) -> Numbered | None:
    """Parse a number as dialed in `country`, or with a country code but no "+"; None if the library must decide."""
    plan = plan_of(country)
    if plan is None or plan.dials_out.match(digits):
        return None
    code, national = plan.code, digits
    if digits.startswith(code):
        rest = digits[len(code) :]
        if plan.strips and plan.strips.match(rest):
            return None
        if not plan.general.fullmatch(digits):
            if not plan.general.fullmatch(rest):
                return None
            national = rest
    if national is digits and plan.strips and plan.strips.match(digits):
        if not plan.plain_prefix:
            return None
        national = digits[len(plan.prefix) :]
        if not plan.general.fullmatch(national):
            return None
    return None if national[:1] in ("", "0") else _numbered(code, national)


def code_of(digits: str) -> str | None:
    """Return the country code at the start of an international number."""
    for size in (1, 2, 3):
        if digits[:size] in _REGIONS:
            return digits[:size]
    return None


def _numbered(code: str, national: str) -> Numbered | None:
    """Return the number in the first matching region of the code, in the library's order; None if its type is unknown."""
    for region in _REGIONS[code]:
        plan = plan_of(region)
        if plan is None:
            return None
        if plan.leading is not None:
            if plan.leading.match(national):
                kind = _kind(plan, national)
                return Numbered(code, national, region, kind) if kind else None
        elif kind := _kind(plan, national):
            return Numbered(code, national, region, kind)
    return None


def _kind(plan: Plan, national: str) -> str | None:
    if not plan.general.fullmatch(national):
        return None
    match = plan.kinds.match(national)
    kind = match.lastgroup if match else None
    if kind is None or len(national) not in plan.lengths[kind]:
        return None
    if kind != "FIXED_LINE":
        return kind
    both = plan.same_pattern or (plan.mobile is not None and plan.mobile.fullmatch(national))
    return "FIXED_LINE_OR_MOBILE" if both else kind


@functools.cache
def plan_of(region: str) -> Plan | None:
    """Return a region's plan; None for regions the library does not know and for global networks ("001")."""
    metadata = PhoneMetadata.metadata_for_region(region, None) if region != "001" else None
    if metadata is None or metadata.general_desc is None or metadata.general_desc.national_number_pattern is None:
        return None
    descs: dict[str, tuple[str, tuple[int, ...]]] = {
        kind: (desc.national_number_pattern, desc.possible_length)
        for kind, name in _KINDS
        if (desc := getattr(metadata, name)) is not None and desc.national_number_pattern is not None
    }
    every_length = metadata.general_desc.possible_length
    strips = metadata.national_prefix_for_parsing
    return Plan(
        code=str(metadata.country_code),
        general=re.compile(metadata.general_desc.national_number_pattern),
        kinds=re.compile("|".join(rf"(?P<{kind}>{pattern})\Z" for kind, (pattern, _) in descs.items())),
        lengths={kind: frozenset(lengths or every_length) for kind, (_, lengths) in descs.items()},
        mobile=re.compile(descs["MOBILE"][0]) if "MOBILE" in descs else None,
        same_pattern=bool(metadata.same_mobile_and_fixed_line_pattern),
        leading=re.compile(metadata.leading_digits) if metadata.leading_digits else None,
        prefix=metadata.national_prefix or "",
        strips=re.compile(strips) if strips else None,
        plain_prefix=bool(strips and strips.isdigit() and strips == metadata.national_prefix)
        and metadata.national_prefix_transform_rule is None,
        dials_out=re.compile(metadata.international_prefix or "$."),
    )
