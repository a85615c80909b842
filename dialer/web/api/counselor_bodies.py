"""What programs send and are told about counselors, with what is asked of each field."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from dialer.domain.meetings.counselor_input import LIMITS, LONGEST_ADDRESS, LONGEST_WHY, LONGEST_WORDS, MOST_WORDS
from dialer.services.counselors import described, week_of
from dialer.store.meetings.meetings import CounselorRow
from dialer.store.meetings.time_off import DaysOff
from dialer.web.auth.idempotency import Json

Words = Annotated[str, Field(max_length=LONGEST_WORDS)]
Week = Annotated[
    dict[str, Words],
    Field(description="By weekday; empty for none", examples=[{"mon": "10:00-13:00, 14:00-18:00", "sat": ""}]),
]
CALENDAR = Field(max_length=LONGEST_ADDRESS, description="Secret iCalendar URL of their own calendar; never returned")
List = Annotated[list[Words], Field(max_length=MOST_WORDS)]


def _within(column: str) -> Any:
    least, most = LIMITS[column]
    return Field(ge=least, le=most)


class Changes(BaseModel):
    """What is to be changed; what is not given stays. An empty text or list takes away what was there."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS, examples=["Meera Iyer"])] | None = None
    zone: Annotated[str, Field(max_length=100, examples=["Asia/Kolkata"])] | None = None
    email: Annotated[str, Field(max_length=254, examples=["meera@example.org"])] | None = None
    phone: Annotated[str, Field(max_length=40, examples=["+1 555 0100"])] | None = None
    hours: Week | None = None
    slot_minutes: Annotated[int, _within("slot_minutes")] | None = None
    notice_minutes: Annotated[int, _within("notice_minutes")] | None = None
    buffer_before_minutes: Annotated[int, _within("buffer_before_minutes")] | None = None
    buffer_after_minutes: Annotated[int, _within("buffer_after_minutes")] | None = None
    max_per_day: Annotated[int, _within("max_per_day"), Field(description="0 for no limit")] | None = None
    countries: Annotated[List, Field(description="Empty for all", examples=[["Canada"]])] | None = None
    courses: Annotated[List, Field(description="Empty for all", examples=[["data science"]])] | None = None
    languages: Annotated[List, Field(description="ISO 639-1, empty for all", examples=[["en", "hi"]])] | None = None
    holidays: Annotated[str, Field(max_length=20, examples=["IN", "US-CA"])] | None = None
    calendar_url: Annotated[str, CALENDAR] | None = None
    takes_transfers: bool | None = None


class New(Changes):
    """A counselor to be added: a name and a zone are enough, though nobody is booked without hours."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS, examples=["Meera Iyer"])]
    zone: Annotated[str, Field(max_length=100, examples=["Asia/Kolkata"])]


class Off(BaseModel):
    """Days off in the counselor's own zone; students whose meeting falls into them are asked for another time."""

    model_config = ConfigDict(extra="forbid")
    first: Annotated[str, Field(max_length=40, examples=["2027-03-02", "2027-03-02T14:00"])]
    last: Annotated[str, Field(max_length=40, description="Empty for one day", examples=["2027-03-06"])] = ""
    why: Annotated[
        str, Field(max_length=LONGEST_WHY, description="For the team; students do not see it", examples=["leave"])
    ] = ""


def listed(person: CounselorRow) -> Json:
    """A counselor in a list."""
    told = {"counselor_id": person.counselor.id, **described(person)}
    return {**told, "hours": week_of(person), "coming": person.coming}


def days_off_told(days: DaysOff, zone: str) -> Json:
    """Days off in the counselor's own zone (IANA)."""

    def there(at: datetime) -> str:
        return at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")

    told = {"number": days.number, "since": there(days.since), "until": there(days.until), "why": days.why}
    return {**told, "meetings_to_move": days.meetings}
