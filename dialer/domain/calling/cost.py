"""The cost of a call's voice usage. Pure: prices are passed in, and usage without a price makes the cost unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

TRANSCRIBED = "transcribed_"
"""Prefix of the transcriber's kinds of usage, which are priced under its name; all others are the voice model's."""
AT = "@"
"""Separates a kind of usage from the model it is priced under, where it names one: `spoken_characters@aura-2-helena-en`."""
CENT_OF_A_CENT = Decimal("0.000001")
MILLION = Decimal(1_000_000)
WORKSPACE_CURRENCY = "USD"
"""The currency of all stored costs (ISO 4217), whichever currency a carrier bills in."""
MONEY = "money"
"""The kind for exchange rates: the price of (`INR`, `money`) is what a million rupees cost in USD."""
KINDS = (
    *("audio_in", "audio_cached", "audio_out", "text_in", "text_cached", "text_out", "spoken_characters"),
    *("transcribed_ms", "transcribed_audio_in", "transcribed_text_in", "transcribed_text_out", MONEY),
)
"""Every kind that can have a price: the usage that voices report, and exchange rates."""

Prices = Mapping[tuple[str, str], Decimal]
"""USD per million units, by (model, kind)."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Money in USD: `spent` on priced calls, and `held` for live calls and for the `arriving` ones."""

    spent: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    arriving: int = 0
    """Ended calls whose cost is not known yet."""

    @property
    def committed(self) -> Decimal:
        """Spent plus held: the amount that counts against a spend cap."""
        return self.spent + self.held

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(self.spent + other.spent, self.held + other.held, self.arriving + other.arriving)


def add_usage(total: dict[str, int], usage: Mapping[str, int]) -> None:
    """Add usage counts (by kind) to `total` in place."""
    for kind, count in usage.items():
        total[kind] = total.get(kind, 0) + count


def by_model(usage: Mapping[str, int], model: str) -> dict[str, int]:
    """Return the nonzero counts with `model` attached to each kind, so that they are priced under that model."""
    return {f"{kind}{AT}{model}": count for kind, count in usage.items() if count}


def models_of(usage: Mapping[str, int]) -> set[str]:
    """Return the models named in kinds of usage."""
    return {named for kind in usage if (named := kind.partition(AT)[2])}


def priced_by(kind: str, model: str, transcriber: str) -> tuple[str, str]:
    """Return the (model, kind) whose price applies to a kind of usage."""
    plain, _, named = kind.partition(AT)
    return named or (transcriber if plain.startswith(TRANSCRIBED) else model), plain


def unpriced(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> list[tuple[str, str]]:
    """Return the (model, kind) pairs that were used and have no price, sorted."""
    used = [priced_by(kind, model, transcriber) for kind, count in usage.items() if count]
    return sorted(pair for pair in used if pair not in prices)


def voice_cost(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> Decimal | None:
    """Return the cost of a call's usage in USD, rounded up to a millionth; None if any of it has no price."""
    if unpriced(usage, prices, model, transcriber):
        return None
    total = sum(
        (count * prices[priced_by(kind, model, transcriber)] for kind, count in usage.items() if count), Decimal(0)
    )
    return (total / MILLION).quantize(CENT_OF_A_CENT, ROUND_UP)


def in_workspace_currency(amount: Decimal, per_million: Decimal) -> Decimal:
    """Convert an amount to USD at `per_million` USD for a million of its currency, rounded up to a millionth."""
    return (amount * per_million / MILLION).quantize(CENT_OF_A_CENT, ROUND_UP)
