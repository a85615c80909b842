"""What to set aside for a call whose cost is not known yet, by the price of its destination. Pure.

The prices are upper bounds for planning, not quotes: a carrier's own price list is what is billed. They only keep calls
to expensive destinations from overshooting a spend cap while their bills are on the way.
"""

from decimal import Decimal

from dialer.domain.numbers.number_region import region_of

USD_PER_MINUTE = {
    "IN": Decimal("0.05"),
    "US": Decimal("0.03"),
    "CA": Decimal("0.03"),
    "GB": Decimal("0.06"),
    "AU": Decimal("0.10"),
    "NZ": Decimal("0.12"),
    "IE": Decimal("0.15"),
}
ELSEWHERE = Decimal("0.40")
"""Mobiles of many European countries cost 0.25 to 0.40."""


def reserve_for(e164: str, max_seconds: int, at_least: Decimal = Decimal(0)) -> Decimal:
    """Return the USD to set aside for a call of `max_seconds` to a number; never less than `at_least`."""
    price = USD_PER_MINUTE.get(region_of(e164) or "", ELSEWHERE)
    return max(at_least, (price * max_seconds / 60).quantize(Decimal("0.01")))
