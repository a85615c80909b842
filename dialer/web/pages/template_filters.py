"""What templates may say besides their own context: times with their zone, numbers, the menu."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from litestar.plugins.jinja import JinjaTemplateEngine

from dialer.domain.access.roles import ADMINS, EVERYBODY, READERS, Role, Roles
from dialer.domain.calling.cost import WORKSPACE_CURRENCY
from dialer.services.actor import Actor

COUNTRIES: Mapping[str, str] = {
    "IN": "India",
    "US": "United States",
    "GB": "United Kingdom",
    "CA": "Canada",
    "AU": "Australia",
    "AE": "United Arab Emirates",
    "NP": "Nepal",
    "BD": "Bangladesh",
    "LK": "Sri Lanka",
}
"""The countries that a campaign's numbers can be from by default, by their ISO 3166 codes."""
Link = tuple[str, str]
MENU: Sequence[tuple[str, Sequence[tuple[str, str, Roles]]]] = (
    ("Work", (("Home", "/", READERS), ("Live", "/live", READERS), ("Campaigns", "/campaigns", READERS),
              ("Leads", "/leads", READERS), ("Calls", "/calls", READERS))),
    ("Meetings", (("Week", "/bookings", EVERYBODY), ("Bookings", "/bookings/all", EVERYBODY), ("Counselors", "/counselors", READERS),
                  ("My hours", "/counselors/mine", frozenset({Role.COUNSELOR})))),
    ("Keep", (("Scripts", "/scripts", READERS), ("Do not call", "/do-not-call", READERS),
              ("Reports", "/reports", READERS), ("Settings", "/settings", READERS))),
    ("Rule", (("Accounts", "/settings/accounts", ADMINS), ("Audit", "/settings/audit", ADMINS | {Role.AUDITOR}))),
)  # fmt: skip


def add_page_words(engine: JinjaTemplateEngine, zone: str) -> None:
    """The functions and filters of the pages; times are told in `zone` (IANA) where none is named."""

    def clock(at: datetime, there: str | None = None) -> str:
        return f"{at.astimezone(ZoneInfo(there or zone)):%a %d %b %Y, %H:%M}"

    engine.engine.globals |= {"clock": clock, "house_zone": lambda: zone, "menu": menu, "percent": percent}
    engine.engine.globals["countries"] = COUNTRIES
    engine.engine.globals["at_clock"] = at_clock
    engine.engine.globals["moment"] = datetime.fromisoformat
    engine.engine.filters |= {
        "number": number,
        "money": money,
        "usd": usd,
        "span": span,
        "words": words,
        "tojson_plain": as_json,
    }
    engine.engine.filters["many"] = many
    engine.engine.tests["in_our_words"] = in_our_words


def at_clock(at: datetime, there: str) -> str:
    """What the clock shows in a zone (IANA), with the weekday."""
    return f"{at.astimezone(ZoneInfo(there)):%a %H:%M}"


def menu(caller: Actor | None) -> list[tuple[str, list[Link]]]:
    """The pages that somebody may open, in groups."""
    if caller is None:
        return []
    groups = [(title, [(name, path) for name, path, roles in links if caller.role in roles]) for title, links in MENU]
    return [(title, links) for title, links in groups if links]


def number(value: float | None) -> str:
    """1234567 as 1,234,567."""
    return "–" if value is None else f"{value:,}"


def many(count: int, noun: str, plural: str = "") -> str:
    """1 as "1 lead", 1200 as "1,200 leads"; a `plural` where it is not made by an s."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def money(value: Decimal | float | None, places: int = 2) -> str:
    """12.5 as 12.50; what is not known as a dash."""
    return "–" if value is None else f"{value:,.{places}f}"


def usd(value: Decimal | float | None, places: int = 2) -> str:
    """12.5 as "12.50 USD", which the house counts in; what is not known as a dash."""
    return "–" if value is None else f"{money(value, places)} {WORKSPACE_CURRENCY}"


def percent(part: float, whole: float) -> str:
    """A share, to the whole percent; a dash of nothing."""
    return f"{part / whole:.0%}" if whole else "–"


def span(seconds: float | timedelta | None) -> str:
    """Seconds as m:ss, from an hour on as h:mm:ss."""
    if seconds is None:
        return "–"
    whole = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def words(name: str | None) -> str:
    """`no_answer` as "no answer"."""
    return (name or "–").replace("_", " ")


_FIRST_WORD = re.compile(r"[a-z]+(?=[ ,:;]|$)")


def in_our_words(says: str) -> bool:
    """Whether a message begins with a word of ours, not with something that a user typed, as "photo.csv is empty"."""
    return _FIRST_WORD.match(says) is not None


def sentence(says: str) -> str:
    """A message with a capital first letter, unless it begins with something that a user typed."""
    return says[:1].upper() + says[1:] if in_our_words(says) else says


def as_json(value: object) -> str:
    """A value as people read JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1)
