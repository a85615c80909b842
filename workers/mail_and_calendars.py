"""What goes on around meetings: emails, reminders, and counselors' own calendars."""

from datetime import datetime
from typing import Any

from dialer.domain.meetings.slots import Span
from dialer.isolated.runner import TaskError, TaskLimitError, TaskTimeoutError, run_isolated
from dialer.isolated.tasks import READ_BUSY_TIMES, BusyTimesRequest
from dialer.net.ics.busy import CalendarError
from dialer.net.mailer import Mailer
from dialer.net.safe_http import SafeHttpClient
from dialer.services.meetings.calendars import Expand, read_calendars
from dialer.services.meetings.emails import MailSettings
from dialer.services.meetings.send_emails import send_emails
from dialer.settings import Settings
from dialer.wiring.mail_links import make_links, make_sms, make_workspace_mailer, sender
from workers.jobs import WorkerContext

TOO_MUCH = "the calendar is too large or too complex to be read"


def make_house(ctx: dict[str, Any], settings: Settings) -> None:
    """Lend the worker the post, and the addresses that emails carry."""
    ctx["post"] = make_workspace_mailer(settings)
    ctx["texts"] = make_sms(settings)
    ctx["house"] = MailSettings(sender(settings), make_links(settings))


async def send_mail(ctx: Any) -> int:
    """Send the emails that are due; how many were taken."""
    parts: WorkerContext = ctx["parts"]
    post: Mailer = ctx["post"]
    house: MailSettings = ctx["house"]
    return await send_emails(parts.sessions, post, house, parts.clock(), ctx["texts"])


async def read_busy_times(ctx: Any) -> int:
    """Read the calendars that are due; how many were read."""
    parts: WorkerContext = ctx["parts"]
    outside: SafeHttpClient = ctx["outside"]
    return await read_calendars(parts.sessions, outside, expand_in_child(ctx["settings"]), parts.clock())


def expand_in_child(settings: Settings) -> Expand:
    """Return what reads the busy times of a calendar in a child process with limits."""

    async def expand(content: bytes, zone: str, since: datetime, until: datetime) -> list[Span]:
        text = content.decode(errors="replace")
        request = BusyTimesRequest(content=text, zone=zone, since=since, until=until)
        try:
            spans = await run_isolated(READ_BUSY_TIMES, request, settings)
        except (TaskLimitError, TaskTimeoutError) as error:
            raise CalendarError(TOO_MUCH) from error
        except TaskError as error:
            raise CalendarError(str(error)) from error
        return [(datetime.fromisoformat(opens), datetime.fromisoformat(closes)) for opens, closes in spans]

    return expand
