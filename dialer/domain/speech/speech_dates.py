"""Dates and times in words, for text to speech.

Pure: "Tuesday the fourth of March at half past four in the afternoon". No digits, no abbreviations, no UTC offsets.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_NUMBERS = (
    *("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    *("twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth"),
    *("twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_COUNTRIES = {"Asia/Kolkata": "India", "Asia/Calcutta": "India", "Europe/London": "UK", "UTC": "universal"}


def say(starts_utc: datetime, zone: str, now_utc: datetime) -> str:
    """Return weekday, date and time in `zone` (IANA), preceded by "today" or "tomorrow" where it applies."""
    place = ZoneInfo(zone)
    local = starts_utc.astimezone(place)
    ahead = local.date() - now_utc.astimezone(place).date()
    near = "today, " if not ahead else "tomorrow, " if ahead == timedelta(days=1) else ""
    return f"{near}{say_day(local.date())}{',' if near else ''} at {say_time(local)}"


def read_back(starts_utc: datetime, lead_zone: str, counselor_zone: str, counselor_name: str, now_utc: datetime) -> str:
    """Return the time of a meeting to confirm, in both zones if their offsets differ at that time."""
    lead_time = say(starts_utc, lead_zone, now_utc)
    there = starts_utc.astimezone(ZoneInfo(counselor_zone))
    if there.utcoffset() == starts_utc.astimezone(ZoneInfo(lead_zone)).utcoffset():
        return f"{lead_time}, with {counselor_name}"
    theirs = f"{say_day(there.date())} at {say_time(there)}"
    zones = say_zone(lead_zone), say_zone(counselor_zone)
    return f"{lead_time}, {zones[0]}, with {counselor_name}, for whom it is {theirs}, {zones[1]}"


def say_day(day: date) -> str:
    """Return a day such as "Tuesday the fourth of March"."""
    return f"{_WEEKDAYS[day.weekday()]} the {_ORDINALS[day.day - 1]} of {_MONTHS[day.month - 1]}"


def say_time(local: datetime) -> str:
    """Return a wall time such as "noon", "quarter past ten in the morning" or "twenty to six in the evening"."""
    hour, minute = local.hour, local.minute
    if minute == 0 and hour % 12 == 0:
        return "noon" if hour else "midnight"
    return f"{_clock(hour, minute)} {_part(hour)}"


def say_zone(zone: str) -> str:
    """Return a zone such as "India time" or "New York time"."""
    return f"{_COUNTRIES.get(zone) or zone.rpartition('/')[2].replace('_', ' ')} time"


def _clock(hour: int, minute: int) -> str:
    this, following = _NUMBERS[hour % 12], _NUMBERS[(hour + 1) % 12]
    match minute:
        case 0:
            return this
        case 15:
            return f"quarter past {this}"
        case 30:
            return f"half past {this}"
        case 45:
            return f"quarter to {following}"
        case 5 | 10 | 20 | 25:
            return f"{_number(minute)} past {this}"
        case 35 | 40 | 50 | 55:
            return f"{_number(60 - minute)} to {following}"
    return f"{this} {'oh ' if minute < 10 else ''}{_number(minute)}"


def _number(number: int) -> str:
    if number < 20:
        return _NUMBERS[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_NUMBERS[ones]}" if ones else _TENS[tens]


def _part(hour: int) -> str:
    if hour < 5 or hour >= 21:
        return "at night"
    if hour < 12:
        return "in the morning"
    return "in the afternoon" if hour < 17 else "in the evening"
