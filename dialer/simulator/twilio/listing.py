"""The list of calls, with the filters and paging of Twilio's Call resource."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from dialer.simulator.twilio.call import FINAL, Call
from dialer.simulator.twilio.params import TwilioError

_STATUSES = frozenset({"queued", "ringing", "in-progress", *FINAL})


def page_of(calls: Sequence[Call], path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the requested page. A call that has not been dialed is dated by its creation. Raises TwilioError."""
    status = query.get("Status")
    if status is not None and status not in _STATUSES:
        raise TwilioError(400, 20001, f"Status {status!r} is not a call status")
    page, size = _number(query.get("Page"), 0, 0, 10_000), _number(query.get("PageSize"), 50, 1, 1000)
    matches = [
        call
        for call in calls
        if status in (None, call.status)
        and query.get("To") in (None, call.request.to)
        and query.get("From") in (None, call.request.from_)
        and _in_range(query, "StartTime", call.started or call.created)
        and _in_range(query, "EndTime", call.ended or datetime.max.replace(tzinfo=UTC))
    ]
    rest = {name: value for name, value in query.items() if name not in ("Page", "PageSize", "PageToken")}

    def uri(number: int) -> str:
        return f"{path}?{urlencode({**rest, 'Page': number, 'PageSize': size})}"

    listed = matches[page * size : (page + 1) * size]
    more = (page + 1) * size < len(matches)
    return {
        "calls": [call.resource() for call in listed],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(listed) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if more else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }


def _number(value: str | None, default: int, least: int, most: int) -> int:
    if value is None or not value.isdigit():
        return default
    return max(least, min(most, int(value)))


def _in_range(query: Mapping[str, str], name: str, moment: datetime) -> bool:
    for suffix, fits in (("", 0), ("<", -1), (">", 1)):
        raw = query.get(name + suffix)
        if not raw:
            continue
        start, end = _moment(raw)
        if (fits == 0 and not start <= moment < end) or (fits < 0 and moment >= end) or (fits > 0 and moment < start):
            return False
    return True


def _moment(raw: str) -> tuple[datetime, datetime]:
    """Return the span of a filter value: the whole day of a date, the second of a date with a time."""
    try:
        moment = datetime.fromisoformat(raw) if raw[:4].isdigit() else parsedate_to_datetime(raw)
    except ValueError as error:
        raise TwilioError(400, 20001, f"{raw!r} is not a date") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment, moment + (timedelta(days=1) if len(raw) == 10 else timedelta(seconds=1))
