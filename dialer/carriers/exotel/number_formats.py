"""Numbers and moments as Exotel writes them: national form, and IST without saying so (exotel.md §3). Pure."""

from datetime import datetime, timedelta, timezone

import phonenumbers

IST = timezone(timedelta(hours=5, minutes=30), "IST")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def parse_number(text: str) -> str:
    """A number in E.164, read as an Indian would; what cannot be read stays as it came."""
    try:
        number = phonenumbers.parse(text, "IN")
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_time(text: str) -> datetime | None:
    """A moment; None for what is none."""
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=IST)
    except ValueError:
        return None


def format_time(at: datetime) -> str:
    """A moment as Exotel's filters want it."""
    return at.astimezone(IST).strftime(TIME_FORMAT)
