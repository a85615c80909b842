"""Each lead is rung over its own carrier, at that carrier's pace, and what one carrier cannot do holds up no other."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from dialer.carriers.port import AccountRejected, Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.domain.calling.routing import Route
from dialer.services.audit.invariants import check_invariants
from dialer.services.calls.accept_stream import AcceptedCall, accept_stream
from dialer.services.campaigns.stop import stop_campaign
from dialer.services.dialing.call_now import CallRequested, call_now
from dialer.services.dialing.claim import claim_due
from dialer.services.dialing.place import place_calls
from dialer.services.dialing.reconcile import reconcile
from dialer.services.dialing.sweep import Patience, sweep
from dialer.store.campaigns import kill_switches
from dialer.store.sessions import Sessions
from dialer.store.tables import Call
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.exotel import ScriptedExotel
from tests.support.people import (
    ADDRESSES,
    TUESDAY_11,
    call_row,
    enrol,
    phone_of,
    placed_call,
    running_campaign,
    set_tokens,
    sql,
)

# At work while it is eleven in Kolkata; invented numbers.
SYDNEY = [f"+614915712{n:02}" for n in range(60, 70)]
INDIA = [phone_of(n) for n in range(1, 11)]
IN_SYDNEY = {"zones": ["Australia/Sydney"], "consent": True}


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return store.sessions


class Both:
    """Twilio and Exotel, scripted, with the table as it is shipped."""

    def __init__(self) -> None:
        self.twilio = ScriptedCarrier(routes=(Route(""),))
        self.exotel = ScriptedExotel(routes=(Route("+91"),))
        self.all = {"twilio": self.twilio, "exotel": self.exotel}


async def _claim(sessions: Sessions, both: Both) -> list[UUID]:
    async with sessions.begin() as session:
        return [call for batch in await claim_due(session, both.all, TUESDAY_11) for call in batch.calls]


async def _lines(sessions: Sessions) -> dict[str, tuple[str, str]]:
    async with sessions() as session:
        found = await session.execute(select(Call.phone, Call.carrier, Call.from_number))
        return {phone: (carrier, shown) for phone, carrier, shown in found}


async def _campaign(sessions: Sessions, **columns: Any) -> int:
    campaign_id = await running_campaign(sessions, **columns)
    await enrol(sessions, campaign_id, INDIA)
    await enrol(sessions, campaign_id, SYDNEY, IN_SYDNEY)
    return campaign_id


async def test_india_is_rung_over_exotel_and_sydney_over_twilio_in_one_campaign(sessions: Sessions) -> None:
    both = Both()
    await _campaign(sessions)
    ids = await _claim(sessions, both)
    lines = await _lines(sessions)
    assert {lines[phone] for phone in INDIA} == {("exotel", "08040000000")}
    assert {lines[phone] for phone in SYDNEY} == {("twilio", "+15005550006")}
    await place_calls(sessions, ids, both.all, ADDRESSES, lambda: TUESDAY_11)
    assert sorted(order.to for order in both.exotel.orders) == INDIA
    assert sorted(order.to for order in both.twilio.orders) == SYDNEY
    assert all("/exotel/media-stream" in order.media_url for order in both.exotel.orders)


@pytest.mark.parametrize("chosen", ["twilio", "exotel"])
async def test_a_campaign_may_choose_its_carrier(sessions: Sessions, chosen: str) -> None:
    await _campaign(sessions, carrier=chosen)
    await _claim(sessions, Both())
    assert {carrier for carrier, _ in (await _lines(sessions)).values()} == {chosen}


async def test_a_number_of_its_own_is_shown_where_the_table_says_so(sessions: Sessions) -> None:
    both = Both()
    both.exotel.routes = (Route("+91"), Route("+9198120000", "08040001234"))
    await _campaign(sessions)
    await set_tokens(sessions, "number:08040001234", 1000.0)
    await _claim(sessions, both)
    assert (await _lines(sessions))[INDIA[0]] == ("exotel", "08040001234")


async def test_a_carrier_at_its_pace_holds_up_nobody_of_the_other(sessions: Sessions) -> None:
    both = Both()
    both.exotel.calls_per_second = 0.001
    await _campaign(sessions)
    await set_tokens(sessions, "carrier:exotel", 3.0)
    await _claim(sessions, both)
    lines = await _lines(sessions)
    assert sum(carrier == "exotel" for carrier, _ in lines.values()) == 1, "a bucket holds a second's worth, or one"
    assert all(lines[phone][0] == "twilio" for phone in SYDNEY)
    left = await sql(sessions, "SELECT tokens FROM rate_bucket WHERE key = 'carrier:exotel'")
    assert 0 <= left < 1
    assert await _claim(sessions, both) == [], "nothing more until a token is there again"


async def test_a_kill_switch_of_one_carrier_leaves_its_leads_as_they_are_and_the_others_are_rung(
    sessions: Sessions,
) -> None:
    both = Both()
    campaign_id = await _campaign(sessions)
    async with sessions.begin() as session:
        await kill_switches.activate(session, kill_switches.carrier_scope("exotel"), "it is on fire", "test")
    await _claim(sessions, both)
    assert set(await _lines(sessions)) == set(SYDNEY)
    waiting = "SELECT count(*) FROM campaign_lead WHERE campaign_id = :id AND state = 'ready' AND why IS NULL"
    assert await sql(sessions, waiting, id=campaign_id) == len(INDIA)
    async with sessions.begin() as session:
        await kill_switches.release(session, kill_switches.carrier_scope("exotel"))
    assert len(await _claim(sessions, both)) == len(INDIA)


async def test_many_leads_of_a_carrier_that_is_halted_hide_nobody_behind_them(sessions: Sessions) -> None:
    """More than a tick looks through, lead by lead, before those of the other carrier."""
    both = Both()
    campaign_id = await running_campaign(sessions)
    await enrol(sessions, campaign_id, [phone_of(n) for n in range(1, 2200)])
    await enrol(sessions, campaign_id, SYDNEY, IN_SYDNEY)
    await sql(sessions, "UPDATE campaign_lead SET hours_id = 0")
    await _claim(sessions, Both())  # the first looks sort leads into their groups
    for _ in range(25):
        await sql(sessions, "DELETE FROM call")
        await sql(sessions, "UPDATE campaign_lead SET state = 'ready', attempts = 0")
        await set_tokens(sessions, f"campaign:{campaign_id}", 100.0)
        await _claim(sessions, Both())
        if not await sql(sessions, "SELECT count(*) FROM campaign_lead WHERE hours_id = 0"):
            break
        await sql(sessions, "UPDATE campaign_lead SET next_attempt_at = now() WHERE hours_id > 0")
    await sql(sessions, "DELETE FROM call")
    reset = "UPDATE campaign_lead SET state = 'ready', attempts = 0, next_attempt_at = '2000-01-01'"
    await sql(sessions, reset)
    await set_tokens(sessions, f"campaign:{campaign_id}", 100.0)
    async with sessions.begin() as session:
        await kill_switches.activate(session, kill_switches.carrier_scope("exotel"), "it is on fire", "test")
    await _claim(sessions, both)
    assert set(await _lines(sessions)) == set(SYDNEY)


async def test_one_call_on_request_takes_the_line_of_its_number(sessions: Sessions) -> None:
    both = Both()
    async with sessions.begin() as session:
        asked = await call_now(session, ADMIN, both.all, INDIA[0], TUESDAY_11, campaign_name=None, name="Asha")
    assert isinstance(asked, CallRequested), asked
    assert (await _lines(sessions))[INDIA[0]][0] == "exotel"


async def test_an_account_that_is_refused_at_one_carrier_pauses_the_campaign_and_burns_no_lead(
    sessions: Sessions,
) -> None:
    both = Both()
    await _campaign(sessions, per_second=1000.0)
    both.exotel.answers.append(AccountRejected("Exotel refused: suspended (HTTP 403)"))
    ids = await _claim(sessions, both)
    await place_calls(sessions, ids, both.all, ADDRESSES, lambda: TUESDAY_11)
    assert await sql(sessions, "SELECT state FROM campaign") == "paused"
    assert "Exotel refused" in await sql(sessions, "SELECT state_reason FROM campaign")
    assert await sql(sessions, "SELECT count(*) FROM campaign_lead WHERE state = 'done'") == 0


async def test_an_unknown_call_is_looked_for_until_it_must_be_in_exotels_list(sessions: Sessions) -> None:
    """R6: ring timeout, time limit and five minutes; its list shows a call only when it is over."""
    carrier = ScriptedExotel(Unknown("no readable answer"))
    call = await placed_call(sessions, carrier)
    assert call.state is State.UNKNOWN
    patience, carriers = Patience(horizon=timedelta(0)), {"exotel": carrier}
    for age_s, state in ((900, State.UNKNOWN), (931, State.ENDED)):
        aged = "UPDATE call SET placing_at = now() - make_interval(secs => :age)"
        await sql(sessions, aged, age=age_s)
        await sweep(sessions, carriers, TUESDAY_11, patience)
        assert (await call_row(sessions, call.id)).state is state
    assert (await call_row(sessions, call.id)).outcome is Outcome.NOT_PLACED


async def test_few_calls_are_looked_up_at_once_where_that_costs_what_calls_are_placed_from(sessions: Sessions) -> None:
    carrier = ScriptedExotel()
    for n in range(1, 13):
        await placed_call(sessions, carrier, n)
    await sql(sessions, "UPDATE call SET placing_at = now() - interval '10 minutes'")
    await sweep(sessions, {"exotel": carrier}, TUESDAY_11)
    assert len(carrier.fetched) == carrier.capabilities.max_lookups


async def test_nobody_is_hung_up_or_cancelled_by_a_request_that_the_carrier_has_not(sessions: Sessions) -> None:
    carrier = ScriptedExotel()
    call = await placed_call(sessions, carrier)
    night = TUESDAY_11 + timedelta(hours=10)
    await sql(sessions, "INSERT INTO do_not_call (phone, source, added_by) VALUES (:p, 'test', 'test')", p=call.phone)
    await sql(sessions, "UPDATE call SET state = 'talking', last_event_at = now() - interval '1 hour'")
    await sweep(sessions, {"exotel": carrier}, night)
    assert (carrier.hung_up, carrier.cancelled) == ([], [])


async def test_who_was_listed_while_it_rang_is_met_by_the_fence_at_the_answer(sessions: Sessions) -> None:
    """F62, where no ringing call can be taken back: the socket is closed before a word is said, which ends the call."""
    carrier = ScriptedExotel()
    call = await placed_call(sessions, carrier)
    await sql(sessions, "INSERT INTO do_not_call (phone, source, added_by) VALUES (:p, 'test', 'test')", p=call.phone)
    async with sessions.begin() as session:
        found = await accept_stream(
            session, carrier.orders[0].token, call.carrier_sid or "", TUESDAY_11, carrier="exotel"
        )
    assert not isinstance(found, AcceptedCall)


async def test_a_token_is_good_on_its_own_carriers_socket_only(sessions: Sessions) -> None:
    """Exotel's path asks for no signature: nobody comes through it with a call of Twilio's."""
    carrier = ScriptedCarrier()
    call = await placed_call(sessions, carrier)
    sid, token = call.carrier_sid or "", carrier.orders[0].token
    for name, wanted in (("exotel", False), ("twilio", True)):
        async with sessions.begin() as session:
            found = await accept_stream(session, token, sid, TUESDAY_11, carrier=name)
        assert isinstance(found, AcceptedCall) is wanted


async def test_a_campaign_that_is_stopped_has_exotels_calls_hung_up_by_their_bridge(sessions: Sessions) -> None:
    carrier = ScriptedExotel()
    call = await placed_call(sessions, carrier)
    asked: list[UUID] = []

    async def by_bridge(call_id: UUID) -> bool:
        asked.append(call_id)
        return True

    receipt = await stop_campaign(
        sessions, ADMIN, call.campaign_id, {"exotel": carrier}, TUESDAY_11, hang_up=True, by_bridge=by_bridge
    )
    assert (receipt.live, receipt.hung_up, asked) == (1, 1, [call.id])
    assert carrier.hung_up == []


async def test_a_call_that_goes_on_is_not_missed_in_a_list_that_shows_only_what_is_over(sessions: Sessions) -> None:
    carrier = ScriptedExotel()
    call = await placed_call(sessions, carrier)
    carrier.calls.clear()
    since = TUESDAY_11 - timedelta(days=900)
    await sql(sessions, "UPDATE call SET placing_at = now() - interval '2 hours'")
    done = await reconcile(sessions, {"exotel": carrier}, TUESDAY_11, since)
    assert (done.listed, done.told) == (0, 0)
    async with sessions() as session:
        found = await check_invariants(session, {"exotel": ()}, since, TUESDAY_11, lists_late=["exotel"])
        strict = await check_invariants(session, {"exotel": ()}, since, TUESDAY_11)
    (same,) = (each for each in found if each.name == "I7")
    assert same.breaches == ()
    assert any(each.name == "I7" and each.breaches for each in strict)
    await sql(sessions, "UPDATE call SET state = 'ended', outcome = 'no_answer', ended_at = now()")
    assert (await reconcile(sessions, {"exotel": carrier}, TUESDAY_11, since)).told == 1, "one that is over is missed"
    assert call.carrier_sid


async def test_a_call_at_exotel_that_nobody_asked_for_is_told(sessions: Sessions) -> None:
    carrier = ScriptedExotel(routes=(Route("+91"), Route("+9199", "08040001234")))
    carrier.knows("stranger", INDIA[0], State.RINGING)
    done = await reconcile(sessions, {"exotel": carrier}, TUESDAY_11, TUESDAY_11 - timedelta(days=900))
    assert (done.listed, done.told) == (1, 1)
