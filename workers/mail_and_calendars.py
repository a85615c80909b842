"""Worker jobs for meetings: emails, reminders, and counselors' own calendars."""

from typing import Any

from dialer.net.mailer import Mailer
from dialer.net.safe_http import SafeHttpClient
from dialer.services.meetings.calendars import read_calendars
from dialer.services.meetings.emails import MailSettings
from dialer.services.meetings.send_emails import send_emails
from dialer.settings import Settings
from dialer.wiring.mail_links import make_links, make_sms, make_workspace_mailer, sender
from workers.jobs import WorkerContext


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
    return await read_calendars(parts.sessions, http, parts.clock())
