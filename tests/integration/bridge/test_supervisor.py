"""People reach into a call that goes on: a note, an end, a person instead of AVA. Real bridge, web, Redis, PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from dialer.bridge.io.supervisor import GOODBYE_INSTRUCTIONS, NOTE
from dialer.bus import call_control
from dialer.domain.calling.call import Outcome, State
from dialer.settings import Settings
from dialer.store.system import audit
from dialer.store.tables import AuditEntry, Call
from dialer.wiring.stores import Store
from tests.support.ava import Ava
from tests.support.bridge import Bridged, bridging
from tests.support.carrier import ScriptedCarrier
from tests.support.media import Session, until
from tests.support.people import sql, talk_with
from tests.support.web import serving

pytestmark = [
    pytest.mark.filterwarnings("default::litestar.exceptions.LitestarDeprecationWarning"),
]
Web = AsyncClient
MEERA = "+912220005551"


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    """Another process's web application, on the same database and Redis."""
    async with serving(settings) as client:
        yield client


async def _asked(web: Web, call: Call, what: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await web.post(f"/api/calls/{call.id}/{what}", json=body)
    return answer.status_code, answer.json()


async def _refused(web: Web, call: Call) -> tuple[int, str]:
    status, told = await _asked(web, call, "note", words="too late")
    return status, told["detail"]


async def _counselor(bridged: Bridged, *, takes: bool = True) -> None:
    await sql(
        bridged.sessions,
        "INSERT INTO counselor (name, phone, takes_transfers, zone) VALUES ('Meera', :phone, :takes, 'Asia/Kolkata')",
        phone=MEERA,
        takes=takes,
    )


def _system_notes(session: Session) -> list[str]:
    items = [event["item"] for event in session.of("conversation.item.create")]
    return [item["content"][0]["text"] for item in items if item.get("role") == "system"]


async def test_a_note_reaches_ava_and_not_the_student_and_is_in_the_audit(bridged: Bridged, web: Web) -> None:
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        heard = len(caller.of("media"))
        assert await _asked(web, call, "note", words="Her sister studies in Leeds.") == (200, {"done": True})
        await until(lambda: _system_notes(session), "the note")
        assert _system_notes(session) == [NOTE + "Her sister studies in Leeds."]
        assert len(caller.of("media")) <= heard + 1
        assert len(session.of("response.create")) == 1, "a note makes AVA say nothing by itself"
    async with bridged.sessions() as rows:
        assert (await rows.scalars(select(AuditEntry.action))).all()[-1] == "call.whisper"
        assert await audit.verify(rows)


async def test_a_call_is_ended_after_a_goodbye(bridged: Bridged, web: Web) -> None:
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        assert (await _asked(web, call, "hang-up"))[0] == 200
        await until(lambda: len(session.of("response.create")) == 2, "AVA is asked for a goodbye")
        assert session.of("response.create")[1]["response"]["instructions"] == GOODBYE_INSTRUCTIONS
        assert await _refused(web, call) == (409, "AVA is not there right now; try again in a moment")
        await session.say("bye", "We will be in touch. Goodbye.", 200)
        assert await caller.closed() == 1000
        ended = await bridged.ended(call)
    assert [turn.text for turn in await bridged.turns(call)][-1] == "We will be in touch. Goodbye."
    assert ended.state is State.ENDED


async def test_a_call_is_ended_at_once(bridged: Bridged, web: Web) -> None:
    async with bridged.answered() as (call, caller):
        await bridged.voice.session()
        assert (await _asked(web, call, "hang-up", now=True))[0] == 200
        assert await caller.closed() == 1000
        await bridged.ended(call)
        assert await _refused(web, call) == (409, "This call is not in progress.")


async def test_a_student_is_handed_to_a_counselor_who_takes_them(bridged: Bridged, web: Web) -> None:
    await _counselor(bridged)
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        assert (await _asked(web, call, "transfer", counselor="Meera"))[0] == 200
        await until(lambda: len(session.of("response.create")) == 2, "AVA says so first")
        assert "I am connecting you to Meera" in session.of("response.create")[1]["response"]["instructions"]
        assert bridged.carrier.handed_over == []
        await session.say("over", "I am connecting you to Meera.", 200)
        await caller.closed()
        ended = await bridged.ended(call)
    ((sid, handover),) = bridged.carrier.handed_over
    assert (sid, handover.to) == (call.carrier_sid, MEERA)
    assert (ended.outcome, ended.reason) == (Outcome.QUALIFIED, "transferred to Meera")


@pytest.mark.parametrize("body", [{"counselor": "Meera"}, {"to": "+919000000000"}, {"counselor": "Nobody"}])
async def test_nobody_else_can_be_rung_by_a_transfer(bridged: Bridged, web: Web, body: dict[str, str]) -> None:
    """F84: only counselors who take transfers, at the number that stands with them."""
    await _counselor(bridged, takes=False)
    async with bridged.answered() as (call, _caller):
        await bridged.voice.session()
        status, told = await _asked(web, call, "transfer", **body)
        assert (status, told["detail"][:44]) == (422, "This counselor does not accept transfers. Tu")
    assert bridged.carrier.handed_over == []


async def test_a_carrier_that_cannot_connect_them_is_said_to_the_student_and_on_the_call(
    bridged: Bridged, web: Web
) -> None:
    await _counselor(bridged)
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        bridged.carrier.away = True
        assert (await _asked(web, call, "transfer", counselor="Meera"))[0] == 200
        await until(lambda: len(session.of("response.create")) == 2, "AVA says so first")
        heard = len(caller.of("media"))
        await session.say("over", "I am connecting you to Meera.", 200)
        await caller.closed()
        assert len(caller.of("media")) == heard + 2, "her words, then the apology"
        ended = await bridged.ended(call)
    assert (ended.reason or "").startswith("could not be transferred to Meera: ")
    assert await sql(bridged.sessions, "SELECT count(*) FROM incident WHERE kind = 'transfer'") == 1


async def test_ava_connects_who_asks_for_a_person_and_offers_a_meeting_where_nobody_is_there(store: Store) -> None:
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    told = await ava("transfer", reason="wants a person")
    assert told["transferring"] is False
    assert "Shall we find a time" in told["say"]
    await sql(
        store.sessions,
        "UPDATE counselor SET takes_transfers = true, phone = :phone",
        phone=MEERA,
    )
    told = await ava("transfer", reason="wants a person")
    assert (told["transferring"], told["to"]) == (True, "One Window desk")


async def test_a_call_that_is_not_ours_and_one_that_no_bridge_has_are_refused(store: Store, web: Web) -> None:
    answer = await web.post(f"/api/calls/{uuid4()}/hang-up", json={})
    assert answer.status_code == 404
    talk = await talk_with(store.sessions, ScriptedCarrier())
    answer = await web.post(f"/api/calls/{talk.call_id}/hang-up", json={})
    assert (answer.status_code, answer.json()["detail"][:27]) == (409, "This call cannot be reached")


async def test_two_bridges_behind_one_address_each_mind_their_own_calls(
    bridged: Bridged, web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command goes to both; the one that has the call does it, once."""
    async with bridging(settings, bridged.sessions, monkeypatch) as second:
        second.carrier = bridged.carrier
        async with bridged.answered(1) as (mine, _), second.answered(2) as (theirs, _):
            here, there = await bridged.voice.session(), await second.voice.session()
            assert (await _asked(web, theirs, "note", words="for the second"))[0] == 200
            assert (await _asked(web, mine, "note", words="for the first"))[0] == 200
            await until(lambda: _system_notes(here) and _system_notes(there), "both notes")
            assert (_system_notes(here), _system_notes(there)) == ([NOTE + "for the first"], [NOTE + "for the second"])
            assert await sql(bridged.sessions, "SELECT count(*) FROM bridge_process WHERE id <> 'paper'") == 2


async def test_a_hand_that_no_bridge_answers_costs_nothing_but_the_wish(
    bridged: Bridged, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()

        async def nothing(*_: object) -> None:
            await asyncio.sleep(0)

        monkeypatch.setattr(call_control, "request", nothing)
        assert (await _asked(web, call, "note", words="x"))[0] == 409
        heard = len(caller.of("media"))
        await session.say("more", "Still here.", 100)
        await until(lambda: len(caller.of("media")) > heard, "the call goes on")
