"""What the forms of a counselor's page send, and what stands in them."""

from datetime import time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from dialer.domain.meetings.counselor_input import LONGEST_ADDRESS, LONGEST_WHY, LONGEST_WORDS
from dialer.services.counselors import week_of
from dialer.store.meetings.meetings import CounselorRow
from dialer.store.meetings.time_off import DaysOff

Text = Annotated[str, Field(max_length=LONGEST_WORDS)]
Long = Annotated[str, Field(max_length=LONGEST_ADDRESS)]


class Hours(BaseModel):
    """The hours of each weekday, as they are written; empty for none."""

    mon: Text = ""
    tue: Text = ""
    wed: Text = ""
    thu: Text = ""
    fri: Text = ""
    sat: Text = ""
    sun: Text = ""


class New(Hours):
    """Somebody who can be met."""

    name: Text
    zone: Text
    email: Text = ""
    phone: Text = ""


class Details(BaseModel):
    """Who they are, and how they are booked."""

    name: Text
    zone: Text
    email: Text = ""
    phone: Text = ""
    slot_minutes: int
    notice_minutes: int
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    max_per_day: int = 0
    takes_transfers: bool = False
    calendar_url: Long = ""
    no_calendar: bool = False

    def fields(self) -> dict[str, Any]:
        """Columns as they were written. The calendar's address is a secret and not shown: empty leaves it."""
        told = self.model_dump(exclude={"calendar_url", "no_calendar"})
        changes = self.no_calendar or self.calendar_url
        return {**told, "calendar_url": "" if self.no_calendar else self.calendar_url} if changes else told


class Advice(BaseModel):
    """What they advise on, and which holidays they keep; empty for all, and for none."""

    countries: Long = ""
    courses: Long = ""
    languages: Long = ""
    holidays: Text = ""


class Off(BaseModel):
    """Days off; `sure` where it was said how many meetings fall into them."""

    first: Text
    first_time: Text = ""
    last: Text = ""
    last_time: Text = ""
    why: Annotated[str, Field(max_length=LONGEST_WHY)] = ""
    sure: bool = False

    def ends(self) -> tuple[str, str]:
        """The first and the last day or moment, as they are written; without a time the whole day."""
        last = self.last or self.first
        return _at(self.first, self.first_time), _at(last, self.last_time)


class Number(BaseModel):
    """Which days off."""

    number: Annotated[int, Field(ge=1, lt=2**63)]


class Address(BaseModel):
    """What becomes of the calendar's address."""

    do: Literal["make", "revoke"]


def standing(person: CounselorRow) -> dict[str, dict[str, Any]]:
    """What stands in each form of a counselor's page."""
    counselor = person.counselor
    details = {name: getattr(counselor, name) for name in Details.model_fields if name != "no_calendar"}
    more = {"calendar_url": "", "no_calendar": False}
    lists = {name: ", ".join(getattr(counselor, name)) for name in ("countries", "courses", "languages")}
    return {
        "details": {name: "" if value is None else value for name, value in {**details, **more}.items()},
        "hours": dict(week_of(person)),
        "advice": {**lists, "holidays": counselor.holidays or ""},
        "off": dict.fromkeys(Off.model_fields, ""),
    }


def shown_off(off: DaysOff, zone: str) -> dict[str, Any]:
    """Days off as the page tells them: `days` in words where they are whole ones of the zone (IANA), else none."""
    since, until = (at.astimezone(ZoneInfo(zone)) for at in (off.since, off.until))
    first, last = f"{since:%a %d %b %Y}", f"{until - timedelta(days=1):%a %d %b %Y}"
    is_whole = since.time() == until.time() == time()
    days = (first if first == last else f"{first} to {last}") if is_whole else ""
    told = {"number": off.number, "why": off.why, "meetings": off.meetings}
    return {**told, "since": off.since, "until": off.until, "days": days}


def _at(day: str, clock: str) -> str:
    return f"{day}T{clock}" if clock else day
