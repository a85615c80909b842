"""How AVA's calls end: a promise, a wish never to be called again, a report, or a mistake of the model."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dialer.ava.tools import ToolOutput
from dialer.domain.calling.call import Outcome, State
from dialer.store.tables import Call, DoNotCall
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    call_row,
    claim,
    enrol,
    lead_now,
    phone_of,
    row_counts,
    running_campaign,
    sql,
    talk_with,
)

KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
async def ava(store: Store) -> Ava:
    return Ava(store, await talk_with(store.sessions, ScriptedCarrier()))


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("tomorrow evening at 6", datetime(2026, 2, 11, 18, 0, tzinfo=KOLKATA)),
        ("2026-02-12T15:30", datetime(2026, 2, 12, 15, 30, tzinfo=KOLKATA)),
        ("in half an hour", datetime(2026, 2, 10, 11, 30, tzinfo=KOLKATA)),
    ],
)
async def test_a_call_back_is_promised_for_the_time_that_was_named(
    store: Store, ava: Ava, when: str, at: datetime
) -> None:
    result = await ava("call_back", when=when, ask_for="Papa")
    assert (result["agreed"], datetime.fromisoformat(result["at"])) == (True, at)
    call = await end(store, ava.talk)
    assert (call.outcome, call.promised_at, call.promised_name) == (Outcome.CALL_LATER, at, "Papa")
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.rank, lead.next_attempt_at) == ("waiting", 0, at.astimezone(UTC))


@pytest.mark.parametrize("when", ["someday", "yesterday", "2026-12-24T10:00", "2026-02-10T09:00"])
async def test_a_call_back_that_cannot_be_kept_is_not_promised(store: Store, ava: Ava, when: str) -> None:
    result = await ava("call_back", when=when)
    assert result["agreed"] is False
    assert result["say"].endswith("?")
    assert (await call_row(store.sessions, ava.talk.call_id)).promised_at is None


async def test_who_opts_out_is_listed_and_every_attempt_is_taken_back_at_once(store: Store, ava: Ava) -> None:
    for name in ("Autumn", "Winter"):
        await enrol(store.sessions, await running_campaign(store.sessions, name), [phone_of(1)])
    await sql(store.sessions, "DROP INDEX uq_call_live_phone")  # two at once, to see that every one is taken back
    autumn = await sql(store.sessions, "SELECT id FROM campaign WHERE name = 'Autumn'")
    await sql(
        store.sessions,
        "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, carrier, from_number, gate, created_at) "
        "SELECT gen_random_uuid(), campaign_id, id, (SELECT min(id) FROM script), :phone, 1, 'twilio', '+1', '{}', now() "
        "FROM campaign_lead WHERE campaign_id = :autumn",
        phone=phone_of(1),
        autumn=autumn,
    )
    await sql(
        store.sessions, "UPDATE campaign_lead SET state = 'calling', attempts = 1 WHERE campaign_id = :a", a=autumn
    )
    answered = await ava.tools.run("fc_1", "opt_out", json.dumps({"words": "please never call me again"}))
    assert answered == ToolOutput(answered.output, ends=True, opted_out=True)
    assert json.loads(answered.output)["done"] is True
    (entry,) = await all_of(store, DoNotCall)
    assert (entry.phone, entry.scope, entry.reason) == (phone_of(1), "account", "please never call me again")
    states = {call.campaign_id: call.state for call in await all_of(store, Call)}
    assert states == {ava.talk.campaign_id: State.TALKING, autumn: State.CANCELLED}
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE state IN ('ready', 'waiting')") == 0
    times = await sql(store.sessions, "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM do_not_call UNION ALL "
                                      "SELECT xmin FROM call WHERE state = 'cancelled') AS changed")  # fmt: skip
    assert times == 1, "one transaction"
    assert await claim(store.sessions, ScriptedCarrier()) == []
    assert (await end(store, ava.talk)).outcome is Outcome.DO_NOT_CALL


@pytest.mark.parametrize("words", ["stop calling me. " * 60, "don't call\u0000 me", "मुझे फिर कभी फोन मत करना"])
async def test_an_opt_out_counts_whatever_the_words_were(store: Store, ava: Ava, words: str) -> None:
    await ava("opt_out", words=words)
    assert [entry.phone for entry in await all_of(store, DoNotCall)] == [phone_of(1)]


async def test_an_opt_out_outranks_whatever_is_reported_later(store: Store, ava: Ava) -> None:
    await ava("opt_out", words="never again")
    await ava("end_call", outcome="qualified")
    await ava("call_back", when="tomorrow at 6 pm")
    call = await end(store, ava.talk)
    assert call.outcome is Outcome.DO_NOT_CALL
    assert (await lead_now(store.sessions)).state == "done"


BAD = [
    ("save_enquiry", "{not json"),
    ("save_enquiry", '["MBA"]'),
    ("save_enquiry", '{"course": "MBA", "salary": "1"}'),
    ("save_enquiry", '{"course": {"$ne": 1}}'),
    ("save_enquiry", json.dumps({"course": "x" * 1_000_000})),
    ("hold_slot", "{}"),
    ("opt_out", "{}"),
    ("call_back", '{"when": ""}'),
    ("end_call", '{"outcome": "booked"}'),
    ("find_slots", '{"part_of_day": "midnight"}'),
    ("transfer", '{"reason": "boss", "number": "+19005550100"}'),
]


@pytest.mark.parametrize(("name", "arguments"), BAD, ids=[f"{name}-{text[:16]}" for name, text in BAD])
async def test_what_the_model_gets_wrong_comes_back_as_an_error_and_changes_nothing(
    store: Store, ava: Ava, name: str, arguments: str
) -> None:
    before = await row_counts(store.sessions)
    answered = await ava.tools.run("fc_bad", name, arguments)
    result = json.loads(answered.output)
    assert result["error"]
    assert result["say"]
    assert len(answered.output) < 1_000
    assert (answered.ends, answered.opted_out) == (False, False)
    after = await row_counts(store.sessions)
    assert {table: count for table, count in after.items() if count != before[table] and table != "tool_use"} == {}
    call = await call_row(store.sessions, ava.talk.call_id)
    assert (call.state, call.reported, call.promised_at) == (State.TALKING, None, None)


@pytest.mark.parametrize("outcome", ["not_interested", "wrong_person", "qualified", "call_later", "voicemail"])
async def test_a_call_ends_as_it_was_reported(store: Store, ava: Ava, outcome: str) -> None:
    result = await ava("end_call", outcome=outcome, reason="said so")
    assert result["ending"] is True
    call = await end(store, ava.talk)
    assert (call.outcome, call.reason) == (Outcome(outcome), "said so")


async def test_other_is_qualified_where_enough_is_known_and_dropped_where_not(store: Store, ava: Ava) -> None:
    poor = Ava(store, await talk_with(store.sessions, ScriptedCarrier(), 2))
    await ava("save_enquiry", country="Canada", course="MBA", intake="Sept 2026", budget="20 lakh")
    for each, outcome in ((ava, Outcome.QUALIFIED), (poor, Outcome.DROPPED)):
        await each("end_call", outcome="other")
        assert (await end(store, each.talk)).outcome is outcome


async def test_a_booking_outranks_what_is_reported(store: Store, ava: Ava) -> None:
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    await ava("book_slot", slot=slot)
    await ava("end_call", outcome="not_interested")
    assert (await end(store, ava.talk)).outcome is Outcome.BOOKED


async def test_a_transfer_is_refused_politely_with_something_else_on_offer(ava: Ava) -> None:
    result = await ava("transfer", reason="wants a person")
    assert result["transferring"] is False
    assert "error" not in result
    assert "instead" in result["say"]
