"""The clock by which people live, moved for a rehearsal."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.clock import Clock, parse_simulated_clock
from dialer.settings import WrongSettingError

START = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("2026-11-23T11:00+05:30", 1.0),
        ("2026-11-23T11:00+05:30@60", 60.0),
        ("2026-11-23T11:00:00+05:30@0.5", 0.5),
        ("2026-11-23T05:30Z@100000", 100_000.0),
    ],
)
def test_a_rehearsal_starts_when_and_runs_as_fast_as_it_is_told(text: str, speed: float) -> None:
    assert parse_simulated_clock(text) == (START, speed)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "@",
            "@60",
            "tomorrow",
            "2026-11-23T11:00",
            "2026-11-23",
            "2026-13-01T00:00Z",
            "2026-11-23T11:00+05:30@x",
        ),
        *(f"2026-11-23T11:00+05:30@{speed}" for speed in ("0", "-1", "nan", "inf", "100001", "60@60")),
    ],
)
def test_a_clock_that_cannot_be_set_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(WrongSettingError, match=r"^DIALER_CLOCK .*2026-11-23T11:00\+05:30@60[^\n]*$"):
        parse_simulated_clock(text)


def test_without_a_rehearsal_people_live_in_real_time() -> None:
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)
    assert Clock().to_real(START) == START
    assert Clock().real_duration(timedelta(hours=1)) == timedelta(hours=1)


def test_a_minute_is_an_hour_at_sixty_times_the_speed() -> None:
    clock = Clock(began=BEGAN, start=START, speed=60.0)
    assert clock.to_real(START) == BEGAN
    assert clock.to_real(START + timedelta(hours=1)) == BEGAN + timedelta(minutes=1)
    assert clock.real_duration(timedelta(hours=4)) == timedelta(minutes=4)


def test_the_moved_clock_runs_on_from_its_start() -> None:
    real = datetime.now(UTC)
    clock = Clock(began=real - timedelta(seconds=10), start=START, speed=60.0)
    now = clock.now()
    assert START + timedelta(minutes=10) <= now <= START + timedelta(minutes=10) + (datetime.now(UTC) - real) * 60
    assert abs(clock.to_real(now) - real) < timedelta(seconds=5)
