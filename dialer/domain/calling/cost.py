"""What a voice's tokens cost. Pure: prices are passed in; a count without a price makes the cost unknown, never lower."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

TRANSCRIBED = "transcribed_"
"""Kinds of usage that begin so are the transcriber's, and priced under its name; others are the voice model's."""
AT = "@"
"""A kind of usage may name the model that it is priced by itself: `spoken_characters@aura-2-helena-en`."""
CENT_OF_A_CENT = Decimal("0.000001")
MILLION = Decimal(1_000_000)
WORKSPACE_CURRENCY = "USD"
"""What costs are counted in, whatever a carrier bills in (ISO 4217)."""
MONEY = "money"
"""The kind under which another currency has its price: what a million rupees cost is the price of `INR`, `money`."""
KINDS = (
    *("audio_in", "audio_cached", "audio_out", "text_in", "text_cached", "text_out", "spoken_characters"),
    *("transcribed_ms", "transcribed_audio_in", "transcribed_text_in", "transcribed_text_out", MONEY),
)
"""Everything that has a price: what voices report as used, and another currency."""

Prices = Mapping[tuple[str, str], Decimal]
"""The price of a million of a kind, by model and kind."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Money in USD: `spent` on calls that are over, `held` until the cost of `arriving` calls and of live ones is known."""

    spent: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    arriving: int = 0
    """Calls that are over and whose cost has not arrived."""

    @property
    def committed(self) -> Decimal:
        """Spent and held together: what counts against a spend cap."""
        return self.spent + self.held

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(self.spent + other.spent, self.held + other.held, self.arriving + other.arriving)


def add_usage(total: dict[str, int], usage: Mapping[str, int]) -> None:
    """Add counts by kind to a total."""
    for kind, count in usage.items():
        total[kind] = total.get(kind, 0) + count


def by_model(usage: Mapping[str, int], model: str) -> dict[str, int]:
    """The same counts, as kinds that are priced by this model whoever else speaks in the call; nothing of what is 0."""
    return {f"{kind}{AT}{model}": count for kind, count in usage.items() if count}


def models_of(usage: Mapping[str, int]) -> set[str]:
    """The models that kinds of usage name themselves."""
    return {named for kind in usage if (named := kind.partition(AT)[2])}


def priced_by(kind: str, model: str, transcriber: str) -> tuple[str, str]:
    """Whose price a kind of usage is counted by, and under which name."""
    plain, _, named = kind.partition(AT)
    return named or (transcriber if plain.startswith(TRANSCRIBED) else model), plain


def unpriced(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> list[tuple[str, str]]:
    """The models and kinds that were used and have no price."""
    asked = [priced_by(kind, model, transcriber) for kind, count in usage.items() if count]
    return sorted(each for each in asked if each not in prices)


def voice_cost(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> Decimal | None:
    """The cost of a call's usage, rounded up to a millionth; None where anything of it has no price."""
    if unpriced(usage, prices, model, transcriber):
        return None
    total = sum(
        (count * prices[priced_by(kind, model, transcriber)] for kind, count in usage.items() if count), Decimal(0)
    )
    return (total / MILLION).quantize(CENT_OF_A_CENT, ROUND_UP)


def in_workspace_currency(amount: Decimal, per_million: Decimal) -> Decimal:
    """An amount of a currency of which a million costs so much, rounded up to a millionth."""
    return (amount * per_million / MILLION).quantize(CENT_OF_A_CENT, ROUND_UP)
