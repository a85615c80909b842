"""A second counselor, and what is kept of either."""

from typing import Any

from sqlalchemy import select

from dialer.domain.meetings.counselor_input import read_fields, read_week
from dialer.services.counselors import add_counselor, described, week_of
from dialer.store.meetings import meetings, time_off
from dialer.store.tables import AuditEntry
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.people import TUESDAY_11

OTHER = "Meera Iyer"


async def another(store: Store, name: str = OTHER) -> int:
    """A counselor beside the desk; the number."""
    async with store.sessions.begin() as session:
        fields = read_fields({"name": name, "zone": "Europe/London"}, TUESDAY_11.date())
        return (await add_counselor(session, ADMIN, fields, read_week({"mon": "09:00-17:00"}))).id


async def kept(store: Store, counselor_id: int) -> dict[str, Any]:
    """All that can be changed of a counselor: two of these that are equal say that nothing was written."""
    async with store.sessions() as session:
        (one,) = await meetings.counselors(session, TUESDAY_11, counselor_id)
        off = await time_off.of_counselor(session, counselor_id)
        told = {**described(one), "hours": {day: text for day, text in week_of(one).items() if text}}
        told |= {"url": one.counselor.calendar_url, "feed": one.counselor.feed_version}
        return {**told, "off": [(each.since.isoformat(), each.until.isoformat(), each.why) for each in off]}


async def trail(store: Store) -> list[tuple[str, str]]:
    """Who did what, in order."""
    async with store.sessions() as session:
        return [(row.actor, row.action) for row in await session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
