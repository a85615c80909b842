"""What goes on around meetings: emails, reminders, and counselors' own calendars."""

from typing import Any

from dialer.net.mailer import Mailer
from dialer.net.safe_http import SafeHttpClient
from dialer.services.meetings.calendars import read_calendars
from dialer.services.meetings.emails import MailSettings
from dialer.services.meetings.send_emails import send_emails
from dialer.settings import Settings
from dialer.wiring.mail_links import make_links, make_sms, make_workspace_mailer, sender
from workers.jobs import WorkerContext


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
    return await read_calendars(parts.sessions, outside, parts.clock())
