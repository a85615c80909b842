"""The task that reads a counselor's own calendar. It runs in a child process, because whoever hosts the file chooses what it says."""

from dialer.isolated.runner import TaskError
from dialer.isolated.tasks import BusyTimesRequest
from dialer.net.ics.busy import CalendarError, busy_times
from dialer.settings import Settings


async def read_busy_times(settings: Settings, request: BusyTimesRequest) -> list[tuple[str, str]]:
    """Return the busy times as pairs of ISO 8601 instants in UTC, merged and in order."""
    try:
        spans = busy_times(request.content.encode(), request.zone, request.since, request.until)
    except CalendarError as error:
        raise TaskError(str(error)) from error
    return [(opens.isoformat(), closes.isoformat()) for opens, closes in spans]
