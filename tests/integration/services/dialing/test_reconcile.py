"""The carrier's list and ours, held against each other once a day: what is known better is applied, the rest is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dialer.carriers.port import Ended, Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.services.audit.invariants import check_invariants
from dialer.services.dialing.reconcile import Reconciled, reconcile
from dialer.store.calls import incidents
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import TUESDAY_11, call_row, lead_now, meant_call, phone_of, place, placed_call, sql

ANSWERED = Ended(answered=True, says="completed")
NO_ANSWER = Ended(answered=False, no_answer=True, says="no-answer")


async def reconciled(store: Store, carrier: ScriptedCarrier) -> Reconciled:
    since = datetime.now(UTC) - timedelta(hours=26)
    return await reconcile(store.sessions, {"twilio": carrier}, TUESDAY_11, since)


async def told(store: Store) -> list[tuple[str, str]]:
    async with store.sessions() as session:
        return [(each.kind, each.message) for each in await incidents.latest(session)]


async def test_an_ending_and_a_price_that_never_reached_us_are_taken_over(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    (sid,) = carrier.calls
    ended = replace(carrier.calls[sid], state=State.ENDED, ended=NO_ANSWER, cost=Decimal("0.0135"), currency="USD")
    carrier.calls[sid] = ended
    assert await reconciled(store, carrier) == Reconciled(listed=1, told=0)
    after = await call_row(store.sessions, call.id)
    assert (after.state, after.outcome, after.carrier_cost) == (State.ENDED, Outcome.NO_ANSWER, Decimal("0.0135"))
    assert (await lead_now(store.sessions)).state == "waiting"


async def test_a_call_at_the_carrier_that_nobody_asked_for_is_told_once_and_not_touched(store: Store) -> None:
    """F20: the rows of the last moment were lost with a database."""
    carrier = ScriptedCarrier()
    await placed_call(store.sessions, carrier)
    carrier.knows("CAlost", phone_of(7), State.TALKING)
    carrier.calls["CAforeign"] = replace(carrier.calls["CAlost"], sid="CAforeign", from_number="+15005550009")
    assert (await reconciled(store, carrier)).told == 1
    assert (await reconciled(store, carrier)).told == 0
    assert await told(store) == [("stranger", "a call to +9198****0007 at twilio that nobody here asked for")]
    assert carrier.hung_up == []


async def test_a_person_who_phones_our_number_is_no_call_that_we_lost(store: Store) -> None:
    """Neither the daily reconciliation nor the proof takes an inbound call for one that was placed twice or unknown."""
    carrier = ScriptedCarrier()
    await placed_call(store.sessions, carrier)
    carrier.knows("CAback", phone_of(1), State.ENDED, ANSWERED)  # a student we called phones back
    back = carrier.calls["CAback"]
    since = datetime.now(UTC) - timedelta(hours=1)
    for inbound in (False, True):
        carrier.calls["CAback"] = replace(back, inbound=inbound)
        async with store.sessions() as session:
            found = await check_invariants(session, {"twilio": tuple(carrier.calls.values())}, since, TUESDAY_11)
        breached = {each.name for each in found if each.breaches}
        assert breached & {"I1", "I7"} == (set() if inbound else {"I1", "I7"})
    assert (await reconciled(store, carrier)).told == 0
    assert await told(store) == []


async def test_a_call_that_was_given_up_and_took_place_after_all_is_bound_to_its_attempt(store: Store) -> None:
    """F20, F29: the list showed it after the horizon."""
    carrier = ScriptedCarrier(Unknown("no answer within 10 s"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'not_placed', ended_at = now()")
    carrier.knows("CAlate", phone_of(1), State.ENDED, ANSWERED)
    assert (await reconciled(store, carrier)).told == 1
    assert (await call_row(store.sessions, call_id)).carrier_sid == "CAlate"
    assert [kind for kind, _ in await told(store)] == ["late"]
    assert (await reconciled(store, carrier)).told == 1, "and the two tell its end differently"
    assert [kind for kind, _ in await told(store)] == ["disagreement", "late"]


async def test_a_call_of_ours_that_the_carrier_does_not_know_is_told_when_it_is_old_enough(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    carrier.calls.clear()
    assert (await reconciled(store, carrier)).told == 0
    await sql(store.sessions, "UPDATE call SET placing_at = now() - interval '31 minutes'")
    assert (await reconciled(store, carrier)).told == 1
    assert await told(store) == [("missing", "a call to +9198****0001 that twilio does not know")]
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_an_end_that_the_carrier_tells_differently_is_told_and_ours_stands(store: Store) -> None:
    """F31: completed at the carrier, no answer by webhook."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    (sid,) = carrier.calls
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'no_answer', ended_at = now()")
    carrier.calls[sid] = replace(carrier.calls[sid], state=State.ENDED, ended=ANSWERED, duration_s=12)
    assert (await reconciled(store, carrier)).told == 1
    assert await told(store) == [("disagreement", "the carrier says answered, we were told no answer")]
    after = await call_row(store.sessions, call.id)
    assert (after.outcome, after.duration_s) == (Outcome.NO_ANSWER, 12)


async def test_a_carrier_that_is_away_is_left_for_the_next_time(store: Store) -> None:
    carrier = ScriptedCarrier()
    await placed_call(store.sessions, carrier)
    carrier.away = True
    assert await reconciled(store, carrier) == Reconciled(0, 0)


async def test_a_job_of_now_and_then_is_done_by_one_worker_and_not_before_its_time(store: Store) -> None:
    async def turn() -> bool:
        async with store.sessions.begin() as session:
            return await incidents.claim_turn(session, "reconcile", timedelta(hours=24))

    assert [await turn() for _ in range(3)] == [True, False, False]
    await sql(store.sessions, "UPDATE checkpoint SET at = at - interval '25 hours'")
    assert [await turn() for _ in range(2)] == [True, False]
