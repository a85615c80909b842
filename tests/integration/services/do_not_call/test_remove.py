"""Removing a number from do-not-call: a spoken opt-out needs a reason, and what was removed stays as evidence (H4)."""

import json

import pytest

from dialer.services.do_not_call.remove import ReasonNeededError, remove_number
from dialer.services.do_not_call.suppress import suppress
from dialer.store.system import audit
from dialer.store.tables import DoNotCall
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.ava import all_of
from tests.support.people import TUESDAY_11, phone_of

PHONE = phone_of(1)


async def listed(store: Store, source: str) -> None:
    async with store.sessions.begin() as session:
        await suppress(
            session, [PHONE], scope="account", source=source, reason="stop calling me", by="call:1", now=TUESDAY_11
        )


async def test_an_opt_out_that_a_person_spoke_is_not_removed_without_a_reason(store: Store) -> None:
    await listed(store, "call")
    with pytest.raises(ReasonNeededError, match="Say why"):
        async with store.sessions.begin() as session:
            await remove_number(session, ADMIN, PHONE, "  ")
    assert len(await all_of(store, DoNotCall)) == 1


async def test_what_was_removed_stays_in_the_audit_log_without_the_number(store: Store) -> None:
    await listed(store, "call")
    async with store.sessions.begin() as session:
        assert await remove_number(session, ADMIN, PHONE, "they wrote to us and asked for a call") == 1
    async with store.sessions() as session:
        (entry,) = await audit.list_newest(session, 1)
        assert entry.details["phone_hash"] == audit.keyed_hash(session, PHONE)
    assert entry.details["reason"] == "they wrote to us and asked for a call"
    assert entry.details["evidence"][0]["reason"] == "stop calling me"
    assert PHONE not in json.dumps(entry.details)


async def test_a_number_that_was_added_by_hand_needs_no_reason(store: Store) -> None:
    await listed(store, "by hand")
    async with store.sessions.begin() as session:
        assert await remove_number(session, ADMIN, PHONE) == 1
