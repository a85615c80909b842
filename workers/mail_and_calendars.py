"""What goes on around meetings: letters, reminders, and counselors' own calendars."""

from typing import Any

from dialer.net.mailer import Post
from dialer.net.safe_http import Outside
from dialer.services.meetings.calendars import read_calendars
from dialer.services.meetings.emails import House
from dialer.services.meetings.send_emails import send_letters
from dialer.settings import Settings
from dialer.wiring.mail_links import make_house_post, make_links, make_texts, sender
from workers.jobs import Parts


def make_house(ctx: dict[str, Any], settings: Settings) -> None:
    """Lend the worker the post, and the addresses that letters carry."""
    ctx["post"] = make_house_post(settings)
    ctx["texts"] = make_texts(settings)
    ctx["house"] = House(sender(settings), make_links(settings))


async def send_mail(ctx: Any) -> int:
    """Send the letters that are due; how many were taken."""
    parts: Parts = ctx["parts"]
    post: Post = ctx["post"]
    house: House = ctx["house"]
    return await send_letters(parts.sessions, post, house, parts.clock(), ctx["texts"])


async def read_busy_times(ctx: Any) -> int:
    """Read the calendars that are due; how many were read."""
    parts: Parts = ctx["parts"]
    outside: Outside = ctx["outside"]
    return await read_calendars(parts.sessions, outside, parts.clock())
