"""Worker jobs for meetings: emails, reminders, and counselors' own calendars."""

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


def set_mail_context(ctx: dict[str, Any], settings: Settings) -> None:
    """Provide the jobs with the mailer, the SMS client and the mail settings."""
    ctx["mailer"] = make_workspace_mailer(settings)
    ctx["sms"] = make_sms(settings)
    ctx["mail_settings"] = MailSettings(sender(settings), make_links(settings))


async def send_mail(ctx: Any) -> int:
    """Send the emails that are due; return how many were processed."""
    parts: WorkerContext = ctx["parts"]
    mailer: Mailer = ctx["mailer"]
    mail_settings: MailSettings = ctx["mail_settings"]
    return await send_emails(parts.sessions, mailer, mail_settings, parts.clock(), ctx["sms"])


async def read_busy_times(ctx: Any) -> int:
    """Read the counselors' calendars that are due; return how many were read."""
    parts: WorkerContext = ctx["parts"]
    http: SafeHttpClient = ctx["http"]
    return await read_calendars(parts.sessions, http, expand_in_child(ctx["settings"]), parts.clock())


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
