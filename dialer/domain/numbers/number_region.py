"""The country of a number and, for US numbers, the states.

Pure and fast: the country code or area code decides where it is unambiguous; only codes that several countries share
are looked up with `phonenumbers`. Validity and number type are checked elsewhere.
"""

import functools
import re

import phonenumbers

from dialer.domain.compliance.rule_loader import STATES

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BY_CODE = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
_BY_AREA = {area: state.code for state in STATES for area in state.area_codes}
_BY_NAME = {name.casefold(): state.code for state in STATES for name in (state.code, state.name)}
_EVERY_STATE = frozenset(_BY_AREA.values())
_EXCHANGES = ("234", "555", "345", "678", "789")


def region_of(e164: str) -> str | None:
    """Return a number's region (ISO 3166) by the numbering plan; "001" for global networks, None if not a number."""
    if not _E164.fullmatch(e164):
        return None
    code = next((e164[1 : 1 + size] for size in (1, 2, 3) if e164[1 : 1 + size] in _BY_CODE), None)
    if code is None:
        return None
    if code == "1":
        return _region_of_area(e164[2:5])
    if len(_BY_CODE[code]) == 1:
        return _BY_CODE[code][0]
    national = e164[1 + len(code) :]
    leading_zero = national.startswith("0")
    number = phonenumbers.PhoneNumber(int(code), int(national), italian_leading_zero=leading_zero or None)
    return phonenumbers.region_code_for_number(number)


@functools.lru_cache(maxsize=1024)
def _region_of_area(area: str) -> str | None:
    """Return the country of an area code under +1, by trying common exchange codes; an area code has one country."""
    tries = (phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}{e}5678")) for e in _EXCHANGES)
    return next((region for number in tries if (region := phonenumbers.region_code_for_number(number))), None)


def states_of(e164: str, state: str | None = None) -> frozenset[str]:
    """Return the postal codes of the states that apply to a US number: its area code's and the lead's, else all."""
    area = _BY_AREA.get(e164[2:5])
    lead = _states_named(state) if state else frozenset()
    return (lead | {area} if area else lead) or _EVERY_STATE


@functools.lru_cache(maxsize=4096)
def _states_named(text: str) -> frozenset[str]:
    """Return the states in a cell ("FL", "florida", "Miami, FL"); parts separated by commas all count."""
    words = (" ".join(part.replace(".", "").split()).casefold() for part in (text, *text.split(",")))
    return frozenset(_BY_NAME[word] for word in words if word in _BY_NAME)
