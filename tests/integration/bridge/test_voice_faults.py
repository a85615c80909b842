"""What a student hears and what is stored when the voice fails, or says what it should not: the real bridge.

A scripted phone on one side, a scripted voice on the other; PostgreSQL and Valkey are real (reliability.md F46–F50).
"""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dialer.ava import tools
from dialer.bridge.conversation import response_scheduler, watchdog
from dialer.bridge.io import transcript_writer
from dialer.bridge.prompts.loader import MOMENT, SORRY
from dialer.domain.calling.call import Outcome
from dialer.store.tables import EnquiryValue
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.bridge import Bridged
from tests.support.carrier import ScriptedCarrier
from tests.support.media import Phone, Session, until
from tests.support.people import eleven, lead_now, row_counts, talk_with

FAST = 25.0
"""A phone that plays twenty-five seconds in one."""


def clips(caller: Phone) -> list[str]:
    """Our own sentences among what was heard."""
    known = {each.payload: each.name for each in (MOMENT, SORRY)}
    payloads = [message["media"]["payload"] for message in caller.of("media")]
    return [known[payload] for payload in payloads if payload in known]


@pytest.mark.parametrize(
    ("refusal", "pace", "says"),
    [(401, 1.0, "401"), (429, FAST, "429"), (500, FAST, "500"), (None, FAST, "no such model")],
)
async def test_who_answers_while_the_voice_refuses_us_hears_an_apology_and_is_let_go(
    bridged: Bridged, refusal: int | None, pace: float, says: str
) -> None:
    """F46: refused at the handshake or at `session.update`: apology, hang-up within 3 s, our failure, no contact."""
    bridged.voice.refuse = [refusal] if refusal else []
    bridged.voice.set_up = refusal is not None
    async with bridged.answered(pace=pace) as (call, caller):
        await until(lambda: caller.of("media"), "an apology")
        began = caller.moment("media")
        await caller.closed()
        assert asyncio.get_running_loop().time() - began <= 3.0
        assert SORRY.size / 8000 / pace <= asyncio.get_running_loop().time() - began, "it was heard whole"
        assert clips(caller) == ["sorry"]
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.FAILED
    assert (ended.reason or "").startswith("the voice could not be started (")
    assert says in (ended.reason or "")
    lead = await lead_now(bridged.sessions)
    assert (lead.state, lead.last_outcome) == ("waiting", Outcome.FAILED)


@pytest.mark.parametrize("how", ["1011", "expired", "cut"])
async def test_a_student_whose_voice_is_lost_goes_on_talking_with_a_new_one(bridged: Bridged, how: str) -> None:
    """F47: one reconnect, with the talk so far in writing; what was captured stays."""
    async with bridged.answered(pace=FAST) as (call, caller):
        first = await bridged.voice.session()
        await until(lambda: caller.of("mark"), "the opening")
        await asyncio.sleep(0.05)  # it is heard
        await first.turn("s1", "I want to study in Canada.")
        await first.call("c1", "save_enquiry", '{"country":"Canada"}')
        await until(lambda: first.output("c1"), "saved")
        await first.say("a2", "Great, which course?", 100)
        await until(lambda: len(caller.of("media")) == 2, "heard")
        await lose(first, how)
        second = await bridged.voice.session(1)
        told = [event["item"] for event in second.of("conversation.item.create")]
        assert [(item["type"], item.get("role")) for item in told] == [
            ("message", "assistant"),
            ("message", "user"),
            ("function_call", None),
            ("function_call_output", None),
            ("message", "assistant"),
        ]
        assert [item["content"][0]["text"] for item in told if "content" in item] == [
            "Hello, this is AVA.",
            "I want to study in Canada.",
            "Great, which course?",
        ]
        asked = second.of("response.create")[0]["response"]["instructions"]
        assert "line broke" in asked
        await second.turn("s2", "Data science.")
        await second.call("c2", "save_enquiry", '{"course":"data science"}')
        await until(lambda: second.output("c2"), "saved too")
        await second.call("c3", "end_call", '{"outcome":"qualified"}')
        await until(lambda: len(second.of("response.create")) == 3, "the goodbye is asked for")
        await second.say("bye", "Goodbye.", 100)
        await caller.closed()
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.QUALIFIED
    said = [turn.text for turn in await bridged.turns(call) if not turn.item.startswith("clip:")]
    assert said[:3] == ["Hello, this is AVA.", "I want to study in Canada.", "Great, which course?"]
    assert said[-2:] == ["Data science.", "Goodbye."]
    async with bridged.sessions() as session:
        values = (await session.scalars(select(EnquiryValue).order_by(EnquiryValue.id))).all()
    assert [(row.field, row.value, row.turn_item) for row in values] == [
        ("country", "Canada", "s1"),
        ("course", "data science", "s2"),
    ]


async def lose(session: Session, how: str) -> None:
    """End a session as providers do."""
    if how == "expired":
        await session.send("error", error={"type": "x", "code": "session_expired", "message": "60 minutes"})
        await session.socket.close(1001)
    elif how == "cut":
        session.socket.transport.abort()
    else:
        await session.socket.close(1011)


@pytest.mark.parametrize("booked", [False, True])
async def test_a_voice_that_is_lost_twice_ends_the_talk_with_an_apology(bridged: Bridged, booked: bool) -> None:
    """F47: a second loss: apology and end; our failure, unless the student had settled something already."""
    async with bridged.answered(pace=FAST) as (call, caller):
        first = await bridged.voice.session()
        if booked:
            await first.call("c1", "call_back", '{"when":"tomorrow at 6 pm"}')
            await until(lambda: first.output("c1"), "promised")
        await lose(first, "1011")
        await lose(await bridged.voice.session(1), "1011")
        await caller.closed()
        assert clips(caller)[-1] == "sorry"
        ended = await bridged.ended(call)
    assert ended.outcome is (Outcome.CALL_LATER if booked else Outcome.FAILED)
    assert "the voice was lost" in (ended.reason or "")
    assert len(bridged.voice.sessions) == 2


async def test_a_voice_that_hears_but_never_answers_is_covered_for_a_moment_replaced_and_given_up(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F48: filler, then apology and end, as our failure."""
    for name, seconds in (("FILLER", 0.2), ("RETRY_RESPONSE", 0.4), ("REPLACE_SESSION", 0.6), ("GIVE_UP", 1.0)):
        monkeypatch.setattr(watchdog, f"{name}_AFTER_S", seconds)
    async with bridged.answered(pace=FAST) as (call, caller):
        session = await bridged.voice.session()
        await until(lambda: caller.of("mark"), "the opening")
        await asyncio.sleep(0.3)
        assert clips(caller) == [], "nobody is waiting"
        bridged.voice.greet = False
        await session.turn("s1", "I want to study in Canada.")
        await session.send("response.created", response={"id": "stuck"})
        await until(lambda: len(session.of("response.create")) == 2, "requested again")
        assert session.of("response.cancel")
        await session.hear("s2", "Hello?")
        await caller.closed()
        assert clips(caller) == ["moment", "sorry"]
        ended = await bridged.ended(call)
    assert len(bridged.voice.sessions) == 2, "a new session was tried"
    assert ended.outcome is Outcome.FAILED
    assert "no answer for" in (ended.reason or "")
    lead = await lead_now(bridged.sessions)
    assert (lead.state, lead.last_outcome) == ("waiting", Outcome.FAILED), "our failure: called again"


BAD = {
    "invalid JSON": ("save_enquiry", '{"course": "MBA'),
    "unknown tool": ("launch_rocket", "{}"),
    "missing argument": ("hold_slot", "{}"),
    "1 MB": ("save_enquiry", json.dumps({"course": "x" * 1_000_000})),
    "a NUL in the name": ("save\0enquiry", "{}"),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_the_model_calls_wrongly_is_told_so_and_has_no_effect(bridged: Bridged, what: str) -> None:
    """F49: invalid JSON, an unknown tool, missing arguments, 1 MB of them, and the same call twice."""
    async with bridged.answered(pace=FAST) as (_call, _caller):
        session = await bridged.voice.session()
        before = await row_counts(bridged.sessions)
        for _ in range(2):
            await session.call("c1", *BAD[what])
        output = await until(lambda: session.output("c1"), "told")
        assert output["error"]
        assert output["say"]
        await until(lambda: len(session.of("response.create")) == 2, "asked to go on")
        await session.call("c2", "save_enquiry", '{"country":"Canada"}')
        assert (await until(lambda: session.output("c2"), "the talk goes on"))["saved"] == {"country": "Canada"}
        assert len(session.of("conversation.item.create")) == 2, "one answer for the same call"
        after = await row_counts(bridged.sessions)
    changed = {table: after[table] - count for table, count in before.items() if after[table] != count}
    for whenever in ("turn", "bridge_process"):  # written as the talk and the bridge go on
        changed.pop(whenever, None)
    assert changed.pop("tool_use") in (1, 2)
    assert changed == {"enquiry_value": 1}


async def test_a_model_that_gets_it_wrong_three_times_is_made_to_speak(bridged: Bridged) -> None:
    """F49: at most three failures in a row."""
    async with bridged.answered(pace=FAST) as (_call, _caller):
        session = await bridged.voice.session()
        for n in range(response_scheduler.MAX_TOOL_FAILURES):
            await session.call(f"c{n}", "launch_rocket", "{}")
            await until(lambda n=n: len(session.of("response.create")) == n + 2, "asked to go on")
    asked = [event.get("response", {}).get("tool_choice") for event in session.of("response.create")]
    assert asked == [None, None, None, "none"]


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_meeting_that_could_not_be_booked_is_never_claimed(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """F50: a tool that raises or takes too long: the model is told "not booked", the talk goes on."""

    async def broken(*_: object) -> Any:
        if how == "hangs":
            await asyncio.sleep(60)
        raise RuntimeError("a bug")

    monkeypatch.setattr(tools, "book_slot", broken)
    async with bridged.answered(pace=FAST) as (call, caller):
        session = await bridged.voice.session()
        monkeypatch.setattr(tools, "TIMEOUT_S", 0.2)
        await session.call("c1", "book_slot", '{"slot":"abc"}')
        output = await until(lambda: session.output("c1"), "told")
        assert (output["booked"], bool(output["error"])) == (False, True)
        assert "Sorry" in output["say"]
        monkeypatch.setattr(tools, "TIMEOUT_S", 30.0)
        await session.call("c2", "save_enquiry", '{"country":"Canada"}')
        assert (await until(lambda: session.output("c2"), "the talk goes on"))["saved"]
        await caller.stop()
        assert (await bridged.ended(call)).outcome is Outcome.DROPPED
    assert (await row_counts(bridged.sessions))["booking"] == 0


async def test_the_same_tool_call_twice_at_once_is_done_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """F50: two deliveries of one item race; one writes, both get the same result."""
    ava = tools.Tools(store.sessions, await talk_with(store.sessions, ScriptedCarrier()), eleven)
    save, saves = tools.save_enquiry, []

    async def counted(*parts: Any) -> Any:
        saves.append(parts)
        return await save(*parts)

    monkeypatch.setattr(tools, "save_enquiry", counted)
    runs = [ava.run("item_1", "save_enquiry", '{"course":"MBA"}') for _ in range(8)]
    results = await asyncio.gather(*runs)
    assert len(saves) == 1
    first = json.loads(results[0].output)
    assert first["saved"] == {"course": "MBA"}
    assert all(json.loads(each.output) == first and not each.failed for each in results)
    assert [row.value for row in await all_of(store, EnquiryValue)] == ["MBA"]


async def test_an_answer_that_failed_is_asked_for_again_before_anybody_apologises(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_scheduler, "RETRY_AFTER_S", 0.1)
    failed = {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded", "message": "slow"}}
    async with bridged.answered(pace=FAST) as (call, caller):
        session = await bridged.voice.session()
        for asked in (2, 3):
            await session.turn(f"s{asked}", "Hello?")
            await session.send("response.created", response={"id": "r"})
            await session.send("response.done", response={"id": "r", "status": "failed", "status_details": failed})
            if asked == 2:
                await until(lambda: len(session.of("response.create")) == 2, "asked again")
                await session.send("response.created", response={"id": "r2"})
                assert clips(caller) == []
        await caller.closed()
        ended = await bridged.ended(call)
    assert clips(caller) == ["sorry"]
    assert "rate_limit_exceeded" in (ended.reason or "")


async def test_a_database_that_is_away_loses_no_turn_and_holds_no_tool_up(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F18: turns wait for it, the newest words of each; what it cannot hold is left out of them."""
    monkeypatch.setattr(transcript_writer, "RETRY_S", 0.05)
    save, away = transcript_writer.transcripts.save, True

    async def saved(*parts: Any) -> None:
        if away:
            raise OperationalError("INSERT", {}, OSError("the database is away"))
        await save(*parts)

    monkeypatch.setattr(transcript_writer.transcripts, "save", saved)
    async with bridged.answered(pace=FAST) as (call, caller):
        session = await bridged.voice.session()
        for n in range(20):
            await session.hear(f"s{n}", f"Words {n}.\0")
        await session.call("c1", "save_enquiry", '{"country":"Canada"}')
        assert (await until(lambda: session.output("c1"), "a tool does not wait for them"))["saved"]
        await caller.stop()
        await asyncio.sleep(0.2)
        assert await bridged.turns(call) == []
        away = False
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.DROPPED
    assert [turn.text for turn in await bridged.turns(call)] == [
        "Hello, this is AVA.",
        *(f"Words {n}. " for n in range(20)),
    ]


async def test_turns_that_a_database_will_not_take_keep_no_other_calls_waiting(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of many calls go into one transaction; what spoils it is found and waits alone."""
    monkeypatch.setattr(transcript_writer, "RETRY_S", 0.05)
    save, spoiled = transcript_writer.transcripts.save, True

    async def picky(session: Any, said: Any) -> None:
        if spoiled and any("poison" in each.words for each in said):
            raise OperationalError("INSERT", {}, OSError("a row that cannot be written"))
        await save(session, said)

    monkeypatch.setattr(transcript_writer.transcripts, "save", picky)
    async with bridged.answered(1) as (call, caller), bridged.answered(2) as (other, friend):
        mine, theirs = await bridged.voice.session(), await bridged.voice.session(1)
        await mine.hear("s1", "poison")
        await theirs.hear("s1", "Hello.")
        async with asyncio.timeout(5):
            while "Hello." not in [turn.text for turn in await bridged.turns(other)]:
                await asyncio.sleep(0.02)
        assert "poison" not in [turn.text for turn in await bridged.turns(call)]
        spoiled = False
        await caller.stop()
        await friend.stop()
        await bridged.ended(call)
    assert "poison" in [turn.text for turn in await bridged.turns(call)]
