"""A lead looked for by the beginnings of the words of a name."""

import pytest
from sqlalchemy import text

from dialer.store.leads import lead_name_index, lead_search
from dialer.store.leads.lead_search import Key, LeadFilter
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
@pytest.mark.parametrize("few", [0, 2_000], ids=["read newest first", "looked up"])
async def test_every_word_typed_begins_a_word_of_the_name(
    store: Store, monkeypatch: pytest.MonkeyPatch, looked_for: str, found: set[str], few: int
) -> None:
    monkeypatch.setattr(lead_name_index, "FEW", few)
    campaign_id = await campaign(store)
    for n, name in enumerate(NAMES):
        await enrol(store.sessions, campaign_id, [phone_of(n)], {"name": name})
    async with store.sessions() as session:
        rows = await lead_search.page(session, LeadFilter(name=looked_for), None)
    assert {row.name for row in rows} == found


@pytest.mark.parametrize("few", [0, 2_000], ids=["read newest first", "looked up"])
async def test_leads_of_a_name_are_paged_and_narrowed_like_all_others(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(lead_name_index, "FEW", few)
    spring, autumn = await campaign(store, "Spring"), await campaign(store, "Autumn")
    await enrol(store.sessions, spring, [phone_of(n) for n in range(7)], {"name": "Asha Rao"})
    await enrol(store.sessions, autumn, [phone_of(n) for n in range(3, 9)], {"name": "Asha Rao"})
    await enrol(store.sessions, autumn, [phone_of(20)], {"name": "Meera Iyer"})

    async def seen(wanted: LeadFilter) -> list[Key]:
        keys: list[Key] = []
        async with store.sessions() as session:
            while rows := await lead_search.page(session, wanted, keys[-1] if keys else None, 4):
                keys += [row.key for row in rows]
        return keys

    everybody = await seen(LeadFilter(name="rao asha"))
    assert len(everybody) == 13
    assert everybody == sorted(everybody, reverse=True)
    assert await seen(LeadFilter(name="asha", campaign_id=spring)) == [each for each in everybody if each[1] == spring]
    assert await seen(LeadFilter(name="asha", state="done")) == []
    assert len(await seen(LeadFilter(name="asha", state="ready"))) == 13


async def test_looking_a_name_up_changes_no_other_statement_of_the_session(store: Store) -> None:
    async with store.sessions() as session:
        await lead_name_index.few_with(session, "asha")
        for planner in ("enable_seqscan", "enable_indexscan"):
            assert await session.scalar(text(f"SHOW {planner}")) == "on"
