"""A promised call-back outranks a campaign's caps, so it has limits of its own (H9)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dialer.domain.calling.promises import MIN_WAIT, PromiseRefused, promise
from dialer.domain.calling.reserve import reserve_for

NOW = datetime(2026, 2, 10, 5, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_the_first_call_back_is_kept_to_the_minute_however_soon() -> None:
    assert promise(NOW + MINUTE, NOW, [], machine=False) == NOW + MINUTE
    assert promise(NOW + MINUTE, NOW, [NOW - 8 * DAY], machine=False) == NOW + MINUTE, "a week later is a first one"


def test_a_second_one_in_a_week_is_not_sooner_than_a_quarter_of_an_hour() -> None:
    assert promise(NOW + MINUTE, NOW, [NOW - 2 * DAY], machine=False) == NOW + MIN_WAIT
    assert promise(NOW + DAY, NOW, [NOW - 2 * DAY], machine=False) == NOW + DAY


@pytest.mark.parametrize(
    ("earlier", "machine", "reason"),
    [
        ([], True, "a machine answered"),
        ([NOW - HOUR], False, "today already"),
        ([NOW - 2 * DAY, NOW - 3 * DAY], False, "this week already"),
    ],
)
def test_more_than_one_a_day_two_a_week_or_to_a_machine_is_refused(
    earlier: list[datetime], machine: bool, reason: str
) -> None:
    refused = promise(NOW + DAY, NOW, earlier, machine=machine)
    assert isinstance(refused, PromiseRefused)
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("phone", "seconds", "usd"),
    [
        ("+919876500001", 600, "0.50"),
        ("+12025550123", 600, "0.50"),
        ("+37120000000", 600, "4.00"),
        ("+37120000000", 1800, "12.00"),
    ],
)
def test_the_reserve_follows_the_price_of_the_destination(phone: str, seconds: int, usd: str) -> None:
    assert reserve_for(phone, seconds, Decimal("0.50")) == Decimal(usd)
