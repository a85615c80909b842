"""A counselor's own calendar is read in a child process, whose limits a hostile file meets instead of the worker."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.isolated import calendars
from dialer.isolated.limits import Limits
from dialer.isolated.tasks import READ_BUSY_TIMES
from dialer.net.ics.busy import CalendarError
from dialer.settings import Settings
from workers import mail_and_calendars
from workers.mail_and_calendars import TOO_MUCH, expand_in_child

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=30)


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\nUID:{n}\n{event}\nEND:VEVENT\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


async def test_busy_times_come_back_from_the_child(settings: Settings) -> None:
    content = calendar("SUMMARY:Café ✓\nDTSTART;TZID=Asia/Kolkata:20260310T100000\nDURATION:PT1H")
    (span,) = await expand_in_child(settings)(content, "UTC", SINCE, UNTIL)
    assert span == (datetime(2026, 3, 10, 4, 30, tzinfo=UTC), datetime(2026, 3, 10, 5, 30, tzinfo=UTC))


async def test_a_hostile_rule_is_refused_with_its_reason(settings: Settings) -> None:
    content = calendar("DTSTART:20260310T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0;BYMONTH=2")
    with pytest.raises(CalendarError, match="INTERVAL=0 is less than 1"):
        await expand_in_child(settings)(content, "UTC", SINCE, UNTIL)


async def test_a_calendar_beyond_the_limits_of_its_child_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        mail_and_calendars, "READ_BUSY_TIMES", replace(READ_BUSY_TIMES, limits=Limits(memory_mb=512, cpu_s=1))
    )
    content = calendar(*["DTSTART:20260310T100000Z\nDURATION:PT1H"] * 19_000)
    with pytest.raises(CalendarError, match=TOO_MUCH):
        await expand_in_child(settings)(content, "UTC", SINCE, UNTIL)


def test_the_limits_are_those_of_the_review() -> None:
    assert READ_BUSY_TIMES.limits == Limits(memory_mb=512, cpu_s=10)
    assert READ_BUSY_TIMES.function == f"{calendars.__name__}:{calendars.read_busy_times.__name__}"
