"""What a voice's tokens cost. Pure: prices are passed in; a count without a price makes the cost unknown, never lower."""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

TRANSCRIBED = "transcribed_"
"""Kinds of usage that begin so are the transcriber's, and priced under its name; all others are the voice model's."""
CENT_OF_A_CENT = Decimal("0.000001")
MILLION = Decimal(1_000_000)

Prices = Mapping[tuple[str, str], Decimal]
"""The price of a million of a kind, by model and kind."""


def add_usage(total: dict[str, int], usage: Mapping[str, int]) -> None:
    """Add counts by kind to a total."""
    for kind, count in usage.items():
        total[kind] = total.get(kind, 0) + count


def model_of(kind: str, model: str, transcriber: str) -> str:
    """Whose price a kind of usage is counted by."""
    return transcriber if kind.startswith(TRANSCRIBED) else model


def unpriced(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> list[tuple[str, str]]:
    """The models and kinds that were used and have no price."""
    asked = [(model_of(kind, model, transcriber), kind) for kind, count in usage.items() if count]
    return sorted(each for each in asked if each not in prices)


def voice_cost(usage: Mapping[str, int], prices: Prices, model: str, transcriber: str) -> Decimal | None:
    """The cost of a call's usage, rounded up to a millionth; None where anything of it has no price."""
    if unpriced(usage, prices, model, transcriber):
        return None
    total = sum(
        (count * prices[model_of(kind, model, transcriber), kind] for kind, count in usage.items() if count), Decimal(0)
    )
    return (total / MILLION).quantize(CENT_OF_A_CENT, ROUND_UP)
