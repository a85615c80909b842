"""What a call's tokens come to, and when that is not known."""

from decimal import Decimal

import pytest

from dialer.domain.calling.cost import by_model, models_of, unpriced, voice_cost

PRICES = {
    ("voice", "audio_in"): Decimal(32),
    ("voice", "audio_cached"): Decimal("0.40"),
    ("voice", "audio_out"): Decimal(64),
    ("ear", "transcribed_ms"): Decimal("0.075"),
    ("mouth", "spoken_characters"): Decimal(30),
    ("other-ear", "transcribed_ms"): Decimal("0.1"),
}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({}, "0"),
        ({"audio_in": 1_000_000}, "32"),
        ({"audio_in": 600, "audio_cached": 10_000, "audio_out": 1_200}, "0.1"),
        ({"transcribed_ms": 60_000}, "0.0045"),
        ({"transcribed_ms": 1}, "0.000001"),  # rounded up: a campaign's cap is never exceeded by crumbs
        ({"audio_in": 0, "text_in": 0}, "0"),
        ({"audio_in": 10, "text_in": 1}, None),
        ({"transcribed_text_out": 5}, None),
        ({"spoken_characters@mouth": 1_000, "transcribed_ms@other-ear": 100_000, "audio_in": 1_000}, "0.072"),
        ({"spoken_characters": 1_000}, None),
        ({"spoken_characters@somebody": 1_000}, None),
    ],
)
def test_usage_is_priced_kind_by_kind_and_never_too_low(usage: dict[str, int], cost: str | None) -> None:
    found = voice_cost(usage, PRICES, "voice", "ear")
    assert found == (None if cost is None else Decimal(cost))


def test_what_has_no_price_is_named_with_its_model() -> None:
    usage = {"text_in": 3, "audio_in": 1, "transcribed_audio_in": 7, "text_out": 0}
    assert unpriced(usage, PRICES, "voice", "ear") == [("ear", "transcribed_audio_in"), ("voice", "text_in")]
    assert unpriced({"spoken_characters@new": 1}, PRICES, "voice", "ear") == [("new", "spoken_characters")]


def test_counts_can_name_the_model_that_they_are_priced_by() -> None:
    usage = {**by_model({"spoken_characters": 12, "nothing": 0}, "mouth"), "audio_in": 1}
    assert usage == {"spoken_characters@mouth": 12, "audio_in": 1}
    assert models_of(usage) == {"mouth"}
