"""Counselors and moments of the tests of meeting slots."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from dialer.domain.meetings.slots import CounselorTime, Hours

INDIA = "Asia/Kolkata"
MONDAY = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)  # eight in the morning in India
WEDNESDAY = date(2026, 3, 4)
DESK = CounselorTime(1, "One Window desk", INDIA, tuple(Hours(day, time(10), time(18)) for day in range(6)))
LONDON = CounselorTime(2, "Anna", "Europe/London", tuple(Hours(day, time(9), time(17)) for day in range(5)))


def india(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026 by the clock of India, in UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo(INDIA)).astimezone(UTC)
