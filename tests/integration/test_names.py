"""A lead looked for by the beginnings of the words of a name."""

import pytest

from dialer.store import lead_lists
from dialer.store.lead_lists import Wanted
from dialer.wiring.stores import Store
from tests.support.lists import campaign
from tests.support.people import enrol, phone_of

NAMES = ("Asha Iyer", "asha rao", "Meera  O'Brien", "प्रिया शर्मा", "Çağla Ñúñez-Ōsaka", "A\\B", "", "x" * 5000)


@pytest.mark.parametrize(
    ("looked_for", "found"),
    [
        ("asha", {"Asha Iyer", "asha rao"}),
        ("ASH", {"Asha Iyer", "asha rao"}),
        ("iy ash", {"Asha Iyer"}),
        ("sha", set()),
        ("o'b", {"Meera  O'Brien"}),
        ("शर्", {"प्रिया शर्मा"}),
        ("ñúñez-ō", {"Çağla Ñúñez-Ōsaka"}),
        ("a\\b", {"A\\B"}),
        ("xxxx", {"x" * 5000}),
        ("asha & !rao", set()),
        ("asha:*", set()),
        ("'", set()),
        ("\\", set()),
    ],
)
async def test_every_word_typed_begins_a_word_of_the_name(store: Store, looked_for: str, found: set[str]) -> None:
    campaign_id = await campaign(store)
    for n, name in enumerate(NAMES):
        await enrol(store.sessions, campaign_id, [phone_of(n)], {"name": name})
    async with store.sessions() as session:
        rows = await lead_lists.page(session, Wanted(name=looked_for), None)
    assert {row.name for row in rows} == found
