"""Whole calls with synthetic students while the simulated world goes wrong: the real bridge, the real adapters.

The oracle is the world's own ledger (reliability.md F41–F49).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from dialer.bridge import server
from dialer.bridge.conversation import watchdog
from dialer.carriers.port import Placed
from dialer.domain.calling.call import Outcome
from dialer.net.ports import free_ports
from dialer.services.dialing.place import CallbackUrls, place_call
from dialer.services.scripts import add_script
from dialer.settings import Settings
from dialer.simulator.faults import Fault
from dialer.simulator.ledger import CallEntry
from dialer.simulator.settings import WorldSettings
from dialer.simulator.world import World, simulated_world
from dialer.store.calls import transcripts
from dialer.store.sessions import Sessions
from dialer.store.tables import Call
from dialer.wiring.carriers import make_carriers
from tests.support.actors import ADMIN
from tests.support.media import until
from tests.support.people import TUESDAY_11, call_row, claim, enrol, running_campaign

SPEED = 12.0
QUALIFIED, INTERRUPTS, HANGS_UP = "+919812000018", "+919812000016", "+919812000019"


@dataclass
class Rehearsed:
    """A bridge of this process in a world of this process."""

    sessions: Sessions
    world: World
    settings: Settings

    async def ring(self, number: str, *faults: Fault) -> tuple[Call, CallEntry]:
        """Ring one student, and wait until the call is over on both sides."""
        self.world.faults.add(*faults)
        campaign_id = await running_campaign(self.sessions, f"For {number}")
        await enrol(self.sessions, campaign_id, [number])
        carriers = make_carriers(self.settings)
        (call_id,) = await claim(self.sessions, carriers["twilio"])  # type: ignore[arg-type]
        addresses = CallbackUrls(self.settings.public_url, self.settings.media_url)
        placed = await place_call(self.sessions, call_id, carriers, addresses, lambda: TUESDAY_11)
        await carriers["twilio"].close()
        assert isinstance(placed, Placed)
        (entry,) = self.world.ledger.calls_to(number)
        await until(lambda: entry.ended, "the call ends", within_s=20.0)
        call = await call_row(self.sessions, call_id)
        while call.stream_opened_at is not None and call.stream_closed_at is None:
            call = await call_row(self.sessions, call_id)
        return call, entry


@pytest.fixture
async def rehearsed(settings: Settings, sessions: Sessions) -> AsyncIterator[Rehearsed]:
    (port,) = free_ports(1)
    async with simulated_world(WorldSettings(speed=SPEED, calls_per_second=50.0)) as world:
        given = {
            **settings.model_dump(exclude={"public_url", "media_url"}),
            "dialer_public_url": "http://127.0.0.1:9",
            "dialer_media_url": f"ws://127.0.0.1:{port}",
            "dialer_bridge_port": port,
            "twilio_account_sid": world.settings.account_sid,
            "twilio_auth_token": SecretStr(world.settings.auth_token),
            "twilio_from_number": world.settings.from_numbers[0],
            "twilio_api_url": world.twilio_url,
            "openai_api_key": SecretStr(world.settings.openai_key),
            "openai_realtime_url": world.realtime_url,
            "gemini_api_key": SecretStr(world.settings.gemini_key),
            "gemini_url": world.gemini_url,
        }
        told = Settings(_env_file=None, **given)  # type: ignore[call-arg]
        async with server.serve(told):
            yield Rehearsed(sessions, world, told)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("model", "close", ms=14_000),
        Fault("model", "failed", code="server_error"),
        Fault("model", "unknown_tool"),
        Fault("model", "stall"),
    ],
    ids=lambda fault: fault.does,
)
async def test_a_student_gets_to_the_end_although_the_voice_stumbles_once(
    rehearsed: Rehearsed, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F47–F49: a lost session, a failed or stalled response, a wrong tool call: the call goes on, nothing said is lost."""
    if fault.does == "stall":
        monkeypatch.setattr(watchdog, "RETRY_RESPONSE_AFTER_S", 1.0)
    call, _ = await rehearsed.ring(QUALIFIED, fault)
    assert call.outcome is Outcome.QUALIFIED, call.reason
    sessions = rehearsed.world.ledger.sessions
    assert len(sessions) == (2 if fault.does == "close" else 1)
    errors = {error["code"] for session in sessions for error in session.errors}
    assert errors <= {"conversation_already_has_active_response"}, "we said nothing wrong"
    async with rehearsed.sessions() as session:
        said = await transcripts.of_call(session, call.id)
    assert [turn.position for turn in said] == list(range(len(said)))
    assert "Hello" in said[0].text


@pytest.mark.parametrize("forgets", [False, True], ids=["resumed", "forgotten"])
async def test_a_student_talks_on_when_gemini_says_that_its_session_ends(rehearsed: Rehearsed, forgets: bool) -> None:
    """F47: another session goes on from the handle; where that is not known any more, from the words so far."""
    async with rehearsed.sessions.begin() as session:
        await add_script(session, ADMIN, "ava", {"voice": "gemini_live"})
    forgetting = [Fault("model", "forget")] if forgets else []
    call, _ = await rehearsed.ring(QUALIFIED, Fault("model", "go_away", ms=14_000, seconds=3.0), *forgetting)
    assert call.outcome is Outcome.QUALIFIED, call.reason
    assert set(call.voices) == {"gemini_live"}
    sessions = rehearsed.world.ledger.sessions
    handles = [each.config.get("sessionResumption", {}).get("handle") for each in sessions if each.config]
    assert handles[0] is None
    if forgets:
        assert [each.close_code for each in sessions if not each.config or each.errors], "the handle was refused"
        assert handles[-1] is None
    else:
        assert len(sessions) == 2
        assert handles[1] is not None
        assert [each.errors for each in sessions] == [[], []]
    async with rehearsed.sessions() as session:
        said = await transcripts.of_call(session, call.id)
    assert sum("Hello" in turn.text for turn in said if turn.speaker == "ava") == 1, "she introduces herself once"


MEDIA: dict[str, tuple[Fault, Callable[[Call], Any]]] = {
    "F41 drop": (Fault("media", "drop", ms=9_000), lambda call: call.outcome is Outcome.DROPPED),
    "F42 malformed": (
        Fault("media", "malformed", ms=9_000),
        lambda call: call.outcome is Outcome.FAILED and "broke the protocol" in (call.reason or ""),
    ),
    "F45 silence": (
        Fault("media", "silence", ms=9_000),
        lambda call: call.outcome is Outcome.FAILED and "media was lost" in (call.reason or ""),
    ),
}


@pytest.mark.parametrize("which", MEDIA)
async def test_a_stream_that_goes_wrong_ends_the_call_at_the_carrier_and_here(
    rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """F41, F42, F45: the carrier's own faults; the call is over on both sides, with what was said."""
    monkeypatch.setattr(watchdog, "MEDIA_SILENT_S", 0.5)
    fault, as_expected = MEDIA[which]
    call, entry = await rehearsed.ring(HANGS_UP, fault)
    assert as_expected(call), (call.outcome, call.reason)
    assert entry.ended is not None
    async with rehearsed.sessions() as session:
        said = await transcripts.of_call(session, call.id)
    assert said, "what was said by then is kept"


async def test_who_interrupts_hears_no_more_of_the_answer(rehearsed: Rehearsed) -> None:
    """F51: by the carrier's own record, the queue was emptied at once, and the model told no more than was heard."""
    call, entry = await rehearsed.ring(INTERRUPTS)
    (stream,) = entry.streams
    (session,) = rehearsed.world.ledger.sessions
    (cleared,) = [each for each in stream.cleared if each.bytes]
    (cut,) = session.truncations
    began = next(spoken.at_ms for spoken in stream.spoken if spoken.text.startswith("Sorry to cut in"))
    detected_within_ms = 400 + 200 * SPEED  # the detector's own time, and 200 ms of ours in the world's quicker time
    assert 0 <= cleared.at_ms - began <= detected_within_ms
    assert cut.audio_end_ms < cut.generated_ms
    assert call.outcome is Outcome.BOOKED
