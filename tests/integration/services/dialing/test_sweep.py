"""Calls that nobody speaks of any more are found and put right; nobody is rung again because of it."""

from typing import Any
from uuid import UUID

import pytest

from dialer.carriers.port import Ended, Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.services.dialing.sweep import Swept, sweep
from dialer.store.calls import calls
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    TUESDAY_11,
    call_row,
    lead_now,
    meant_call,
    phone_of,
    place,
    placed_call,
    sql,
    talk_with,
)

NO_ANSWER = Ended(answered=False, no_answer=True, says="no-answer")


async def swept(store: Store, carrier: ScriptedCarrier) -> Swept:
    return await sweep(store.sessions, {"twilio": carrier}, TUESDAY_11)


async def ago(store: Store, call_id: UUID, **columns: int) -> None:
    """Let moments of a call be this many seconds ago, by the database's clock."""
    changes = ", ".join(f"{name} = now() - make_interval(secs => {seconds})" for name, seconds in columns.items())
    await sql(store.sessions, f"UPDATE call SET {changes} WHERE id = :id", id=call_id)


async def unknown_call(store: Store, *, seconds_ago: int) -> tuple[ScriptedCarrier, UUID]:
    carrier = ScriptedCarrier(Unknown("no answer within 10 s"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    await ago(store, call_id, placing_at=seconds_ago)
    return carrier, call_id


async def test_an_intent_that_nobody_took_is_handed_back(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    assert (await swept(store, carrier)).intents == ()
    await ago(store, call_id, inserted_at=31)
    assert (await swept(store, carrier)).intents == (call_id,)
    assert carrier.orders == []
    assert (await call_row(store.sessions, call_id)).state is State.INTENT


async def test_a_call_whose_worker_did_not_come_back_is_looked_for_and_not_asked_for_again(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    await sql(store.sessions, "UPDATE call SET state = 'placing', placing_at = now() - interval '10 seconds'")
    await swept(store, carrier)
    assert (await call_row(store.sessions, call_id)).state is State.PLACING, "its worker may still be asking"
    await ago(store, call_id, placing_at=46)
    await swept(store, carrier)
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.outcome) == (State.UNKNOWN, None)
    assert carrier.orders == []


async def test_an_unknown_call_that_the_carrier_has_is_bound(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=20)
    carrier.knows("CAfound", phone_of(1), State.RINGING)
    (changed,) = (await swept(store, carrier)).changed
    assert (changed.call_id, changed.state) == (call_id, State.RINGING)
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.carrier_sid) == (State.RINGING, "CAfound")
    assert carrier.hung_up == []


async def test_of_two_matches_the_earliest_is_ours_and_the_other_is_hung_up(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=20)
    carrier.knows("CAearly", phone_of(1), State.TALKING)
    carrier.knows("CAlate", phone_of(1), State.RINGING)
    await swept(store, carrier)
    assert (await call_row(store.sessions, call_id)).carrier_sid == "CAearly"
    assert carrier.hung_up == ["CAlate"]


async def test_a_call_that_belongs_to_another_attempt_is_not_taken_for_this_one(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=20)
    other = await placed_call(store.sessions, carrier, 2)
    carrier.knows(other.carrier_sid or "", phone_of(1), State.RINGING)
    assert (await swept(store, carrier)).changed == ()
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.carrier_sid) == (State.UNKNOWN, None)
    assert carrier.hung_up == []


async def test_an_unknown_call_that_ended_meanwhile_ends_as_the_carrier_says(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=60)
    carrier.knows("CAover", phone_of(1), State.ENDED, NO_ANSWER)
    await swept(store, carrier)
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.outcome, call.carrier_sid) == (State.ENDED, Outcome.NO_ANSWER, "CAover")


async def test_a_call_the_carrier_never_had_is_given_up_only_after_the_horizon_and_counts(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=14 * 60)
    assert (await swept(store, carrier)).changed == ()
    assert (await call_row(store.sessions, call_id)).state is State.UNKNOWN
    await ago(store, call_id, placing_at=15 * 60 + 1)
    (changed,) = (await swept(store, carrier)).changed
    assert changed.outcome is Outcome.NOT_PLACED
    call, lead = await call_row(store.sessions, call_id), await lead_now(store.sessions)
    assert (call.state, call.outcome) == (State.ENDED, Outcome.NOT_PLACED)
    assert (lead.state, lead.attempts) == ("waiting", 1)
    assert lead.next_attempt_at > TUESDAY_11
    async with store.sessions() as session:
        rung = await calls.called_since(session, [phone_of(1)], TUESDAY_11.replace(hour=0))
    assert len(rung[phone_of(1)]) == 1
    assert len(carrier.orders) == 1


async def test_a_carrier_that_cannot_be_asked_decides_nothing(store: Store) -> None:
    carrier, call_id = await unknown_call(store, seconds_ago=3600)
    talk = await talk_with(store.sessions, carrier, 2)
    await ago(store, talk.call_id, last_event_at=60)
    carrier.away = True
    assert (await swept(store, carrier)).changed == ()
    assert (await call_row(store.sessions, call_id)).state is State.UNKNOWN
    assert (await call_row(store.sessions, talk.call_id)).state is State.TALKING


@pytest.mark.parametrize("heard", ["placed", "ringing"])
async def test_a_call_that_rings_without_end_is_asked_about(store: Store, heard: str) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    sid = call.carrier_sid or ""
    carrier.knows(sid, phone_of(1), State.ENDED, NO_ANSWER)
    await sql(store.sessions, "UPDATE call SET state = :state", state=heard)
    await ago(store, call.id, placing_at=80)
    await swept(store, carrier)
    assert carrier.fetched == [], "thirty seconds of ringing and a minute of grace are not over"
    await ago(store, call.id, placing_at=91)
    await swept(store, carrier)
    assert carrier.fetched == [sid]
    ended = await call_row(store.sessions, call.id)
    assert (ended.state, ended.outcome) == (State.ENDED, Outcome.NO_ANSWER)


async def test_a_talk_without_a_sign_of_life_is_hung_up_and_ended_as_our_failure(store: Store) -> None:
    carrier = ScriptedCarrier()
    talk = await talk_with(store.sessions, carrier)
    sid = (await call_row(store.sessions, talk.call_id)).carrier_sid or ""
    carrier.knows(sid, phone_of(1), State.TALKING)
    await swept(store, carrier)
    assert carrier.hung_up == []
    await ago(store, talk.call_id, last_event_at=31)
    (changed,) = (await swept(store, carrier)).changed
    assert carrier.hung_up == [sid]
    assert (changed.state, changed.outcome) == (State.ENDED, Outcome.FAILED)
    assert (await lead_now(store.sessions)).state == "waiting"


async def test_a_talk_that_lost_its_bridge_keeps_what_was_agreed(store: Store) -> None:
    carrier = ScriptedCarrier()
    talk = await talk_with(store.sessions, carrier)
    sid = (await call_row(store.sessions, talk.call_id)).carrier_sid or ""
    carrier.knows(sid, phone_of(1), State.TALKING)
    await sql(store.sessions, "UPDATE call SET reported = 'not_interested'")
    await ago(store, talk.call_id, last_event_at=31)
    await swept(store, carrier)
    assert (await call_row(store.sessions, talk.call_id)).outcome is Outcome.NOT_INTERESTED
    assert (await lead_now(store.sessions)).state == "done"


async def test_who_answered_late_is_not_hung_up_before_the_audio_comes(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    carrier.knows(call.carrier_sid or "", phone_of(1), State.TALKING)
    await sql(store.sessions, "UPDATE call SET state = 'talking', answered_at = now()")  # the webhook said so just now
    await ago(store, call.id, placing_at=35)
    await swept(store, carrier)
    assert carrier.hung_up == []
    assert (await call_row(store.sessions, call.id)).state is State.TALKING


async def test_an_answered_call_whose_audio_never_came_is_hung_up_in_the_end(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    carrier.knows(call.carrier_sid or "", phone_of(1), State.TALKING)
    await sql(store.sessions, "UPDATE call SET state = 'talking'")
    await ago(store, call.id, placing_at=91, answered_at=60)
    await swept(store, carrier)
    assert carrier.hung_up == [call.carrier_sid]
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.FAILED


async def test_who_was_listed_while_it_rings_is_hung_up(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    values: dict[str, Any] = {"phone": phone_of(1)}
    await sql(
        store.sessions,
        "INSERT INTO do_not_call (phone, source, added_by) VALUES (:phone, 'by hand', 'test')",
        **values,
    )
    await swept(store, carrier)
    assert carrier.hung_up == [call.carrier_sid]


async def test_who_asks_in_the_call_itself_hears_the_goodbye(store: Store) -> None:
    carrier = ScriptedCarrier()
    await talk_with(store.sessions, carrier)
    await sql(store.sessions, "UPDATE call SET reported = 'do_not_call'")
    await sql(
        store.sessions,
        "INSERT INTO do_not_call (phone, source, added_by) VALUES (:phone, 'call', 'call')",
        phone=phone_of(1),
    )
    await swept(store, carrier)
    assert carrier.hung_up == []


async def test_two_sweeps_change_nothing_the_second_time(store: Store) -> None:
    carrier, _ = await unknown_call(store, seconds_ago=16 * 60)
    assert len((await swept(store, carrier)).changed) == 1
    assert await swept(store, carrier) == Swept((), ())
