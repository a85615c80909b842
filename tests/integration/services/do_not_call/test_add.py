"""Adding numbers to do-not-call: a counselor adds those of students they meet (M14)."""

from dataclasses import replace

import pytest

from dialer.domain.access.roles import Role
from dialer.services.actor import Actor, ForbiddenError
from dialer.services.do_not_call.add import add_numbers
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.ava import Ava
from tests.support.carrier import ScriptedCarrier
from tests.support.people import TUESDAY_11, phone_of, talk_with

DESK = Actor(7, "desk@example.com", Role.COUNSELOR, counselor_id=1)


async def add(store: Store, actor: Actor, phone: str) -> int:
    async with store.sessions.begin() as session:
        return (await add_numbers(session, actor, [phone], TUESDAY_11, reason="they wrote to me")).added


async def test_a_counselor_adds_only_numbers_of_students_they_meet(store: Store) -> None:
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    with pytest.raises(ForbiddenError, match="a meeting with you"):
        await add(store, DESK, phone_of(1))
    await ava("book_slot", slot=slot)
    assert await add(store, DESK, phone_of(1)) == 1
    for actor, phone in ((DESK, phone_of(2)), (replace(DESK, counselor_id=None), phone_of(1))):
        with pytest.raises(ForbiddenError):
            await add(store, actor, phone)
    assert await add(store, ADMIN, phone_of(2)) == 1
