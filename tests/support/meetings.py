"""A student who has a meeting, made by AVA's own tools."""

from datetime import datetime

from dialer.store.tables import Booking
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.people import talk_with


async def booked(
    store: Store, n: int = 1, day: str = "2026-02-12", email: str | None = "asha.rao@example.com"
) -> Booking:
    """The n-th student books the first time of a day, and the call ends."""
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier(), n))
    await ava("save_enquiry", name="Asha Rao", country="Canada", course="data science", intake="2027", budget="20 lakh")
    slot = (await ava("find_slots", day=day))["slots"][0]["slot"]
    assert (await ava("hold_slot", slot=slot))["held"]
    assert (await ava("book_slot", slot=slot))["booked"]
    if email:
        await ava("save_enquiry", email=email)
    await end(store, ava.talk)
    return next(each for each in await all_of(store, Booking) if each.call_id == ava.talk.call_id)


def starts_of(booking: Booking) -> datetime:
    """When it begins, UTC."""
    assert booking.during.lower is not None
    return booking.during.lower
