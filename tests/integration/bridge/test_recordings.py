"""Both sides of a talk as one stereo file, heard live and kept for its days. Real bridge, web, Redis, PostgreSQL, disk."""

import asyncio
import struct
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from dialer.audio import wav
from dialer.bridge.recording.local_file import LocalRecording
from dialer.bridge.recording.uploader import Uploader
from dialer.bus.call_control import OVER, Command, audio_blocks, request
from dialer.services.calls.recordings import erase_expired
from dialer.settings import Settings
from dialer.store.system import object_storage
from dialer.store.system.object_storage import ObjectNotFoundError, ObjectStorage
from dialer.store.tables import Call
from dialer.wiring.stores import Store
from tests.support.bridge import Bridged
from tests.support.carrier import ScriptedCarrier
from tests.support.media import VOICE, phone, until
from tests.support.people import call_row, eleven, placed_call, sql
from tests.support.web import serving

pytestmark = [
    pytest.mark.filterwarnings("default::litestar.exceptions.LitestarDeprecationWarning"),
]
Web = AsyncClient
LOUD = b64decode(VOICE)
HEAD = wav.HEAD_BYTES


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    """The web application, on the same database and recordings."""
    async with serving(settings) as client:
        yield client


async def _kept(bridged: Bridged, call: Call) -> Call:
    """The call, once its recording is kept."""
    for _ in range(300):
        now = await call_row(bridged.sessions, call.id)
        if now.recording is not None:
            return now
        await asyncio.sleep(0.02)
    raise AssertionError("no recording within 6 s")


async def _talked(bridged: Bridged) -> Call:
    """A call in which the student spoke after AVA's opening was heard; it is over."""
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        await until(lambda: caller.of("mark"), "the opening is on the line")
        await asyncio.sleep(0.8)
        caller.speaks = True
        await asyncio.sleep(0.4)
        caller.speaks = False
        await session.turn("s1", "Hello?")
        await caller.stop()
        await bridged.ended(call)
    return await _kept(bridged, call)


async def test_both_sides_are_one_stereo_file_that_is_played_from_any_second(bridged: Bridged, web: Web) -> None:
    call = await _talked(bridged)
    whole = await web.get(f"/api/calls/{call.id}/recording")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    sound = whole.content
    assert sound[:4] + sound[8:12] == b"RIFFWAVE"
    tag, channels, rate = struct.unpack("<HHI", sound[20:28])
    assert (tag, channels, rate) == (7, 2, 8000)
    assert len(sound) == HEAD + (call.recorded_ms or 0) * wav.BYTES_PER_MS
    student, ava = sound[HEAD::2], sound[HEAD + 1 :: 2]
    assert LOUD in student, "the student's words, as they came"
    assert b"\x7f" * 1600 in ava, "AVA's opening of 200 ms, as it was sent"
    assert student.find(LOUD) > ava.find(b"\x7f" * 1600), "in the order in which they were heard"
    part = await web.get(f"/api/calls/{call.id}/recording", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, sound[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(sound)}"
    last = await web.get(f"/api/calls/{call.id}/recording", headers={"Range": "bytes=-50"})
    assert last.content == sound[-50:]
    beyond = await web.get(f"/api/calls/{call.id}/recording", headers={"Range": f"bytes={len(sound)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(sound)}")
    head = await web.head(f"/api/calls/{call.id}/recording")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(sound)))


async def test_a_call_shows_when_it_was_disclosed_who_is_calling(bridged: Bridged, web: Web) -> None:
    async def told(call: Call) -> tuple[str | None, int | None, str]:
        detail = (await web.get(f"/api/calls/{call.id}")).json()
        return detail["disclosure"], detail["disclosed_at_ms"], (await web.get(f"/calls/{call.id}")).text

    bridged.voice.greet = False
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        order = session.of("response.create")[0]["response"]["instructions"]
        words = order.split('"')[1]
        await session.say("a1", words, 400)
        await until(lambda: caller.of("mark"), "the opening is on the line")
        await asyncio.sleep(0.6)
        await caller.stop()
        await bridged.ended(call)
    locked, at_ms, page = await told(call)
    assert locked is not None
    assert words.startswith(f"{locked} ")
    assert "an AI assistant calling from One Window. This call is recorded." in locked
    assert at_ms is not None
    began = (await bridged.turns(call))[0].stream_ms
    assert began + 400 * len(locked) // len(words) == pytest.approx(at_ms, abs=2)
    assert "Disclosed at 0:00" in page
    assert words in page.replace("&#39;", "'"), "the transcript shows it"
    async with bridged.answered(2) as (other, caller):
        session = await bridged.voice.session(1)
        await session.say("a1", words, 3000)
        await until(lambda: caller.of("media"), "the opening begins")
        await caller.stop()
        await bridged.ended(other)
    locked, at_ms, page = await told(other)
    assert (locked is not None, at_ms, "Not disclosed" in page) == (True, None, True)


async def test_a_campaign_that_does_not_record_says_so_and_keeps_nothing(bridged: Bridged, web: Web) -> None:
    call = await placed_call(bridged.sessions, bridged.carrier)
    await sql(bridged.sessions, "UPDATE campaign SET recording = false")
    async with phone(bridged.media_url) as caller:
        await caller.start(bridged.token_of(call), call.carrier_sid or "")
        session = await bridged.voice.session()
        opening = session.of("response.create")[0]["response"]["instructions"]
        told = session.of("session.update")[0]["session"]["instructions"]
        await asyncio.sleep(0.2)
        await caller.stop()
        await bridged.ended(call)
    assert "recorded" not in opening
    assert "This call is not recorded" in told
    answer = await web.get(f"/api/calls/{call.id}/recording")
    assert (answer.status_code, answer.json()["detail"]) == (404, "the campaign does not record calls")
    async with bridged.answered(2) as (other, caller):
        session = await bridged.voice.session(1)
        assert "This call is recorded." in session.of("response.create")[0]["response"]["instructions"]
        await asyncio.sleep(0.2)
        await caller.stop()
        await bridged.ended(other)
    await _kept(bridged, other)


async def test_who_listens_hears_both_sides_as_they_come_until_the_call_is_over(
    bridged: Bridged, web: Web, redis: Any
) -> None:
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        async with audio_blocks(redis, call.id) as blocks:
            reply = await request(redis, Command(call_id=call.id, do="listen", listener="a"))
            assert reply is not None
            assert reply.ok
            caller.speaks = True
            await session.say("more", "Still here.", 400)
            heard, began = bytearray(), []
            async with asyncio.timeout(10):
                async for block in blocks:
                    if block == OVER:
                        break
                    began.append(int.from_bytes(block[:4], "little"))
                    heard += block[4:]
                    if LOUD in heard[0::2] and b"\x7f" * 800 in heard[1::2] and caller.streaming:
                        await caller.stop()
            assert began == sorted(began)
        await bridged.ended(call)
    assert LOUD in heard[0::2]
    assert b"\x7f" * 800 in heard[1::2]


async def test_no_more_than_a_few_listen_to_one_call(bridged: Bridged, redis: Any) -> None:
    async with bridged.answered() as (call, _caller):
        await bridged.voice.session()
        replies = [await request(redis, Command(call_id=call.id, do="listen", listener=str(n))) for n in range(6)]
        assert [reply.ok for reply in replies if reply] == [True] * 5 + [False]
        again = await request(redis, Command(call_id=call.id, do="listen", listener="0"))
        assert again is not None
        assert again.ok, "who listens already goes on"


async def test_a_recording_is_erased_when_its_days_are_over_and_the_call_says_so(bridged: Bridged, web: Web) -> None:
    call = await _talked(bridged)
    place = call.recording or ""
    ended = call.ended_at
    assert ended is not None
    assert await erase_expired(bridged.sessions, ended + timedelta(days=89)) == 0
    assert object_storage.size_of(place) > HEAD
    assert await erase_expired(bridged.sessions, ended + timedelta(days=91)) == 1
    assert (await call_row(bridged.sessions, call.id)).recording is None
    with pytest.raises(ObjectNotFoundError):
        object_storage.size_of(place)
    answer = await web.get(f"/api/calls/{call.id}/recording")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("the recording was deleted on ")
    assert await erase_expired(bridged.sessions, ended + timedelta(days=91)) == 0


async def test_what_a_dead_bridge_left_is_kept_by_the_next_one(store: Store, tmp_path: Path) -> None:
    """A process was killed in the middle of a talk: what it had written is a playable file."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    folder = tmp_path / "making"
    file = LocalRecording.create(folder, call.id)
    file.write(b"\x7f\xff" * 8 * 1000)
    file.release(remove=False)
    archive = Uploader(folder, ObjectStorage(str(tmp_path / "kept")), store.sessions)
    assert await archive.find_leftovers() == 1
    await archive.close()
    kept = await call_row(store.sessions, call.id)
    assert kept.recorded_ms == 1000
    sound = object_storage.read(kept.recording or "", 0, 10**6)
    assert sound == wav.head(16_000) + b"\x7f\xff" * 8000
    assert list(folder.iterdir()) == []


async def test_a_place_that_cannot_be_reached_keeps_the_file_here_until_it_can(store: Store, tmp_path: Path) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    file = LocalRecording.create(tmp_path / "making", call.id)
    file.write(b"\x7f\xff" * 8 * 100)
    file.release(remove=False)
    away = Uploader(tmp_path / "making", ObjectStorage(str(blocked / "deeper")), store.sessions)
    assert await away.find_leftovers() == 0
    await away.close()
    assert (await call_row(store.sessions, call.id)).recording is None
    there = Uploader(tmp_path / "making", ObjectStorage("memory://calls"), store.sessions)
    assert await there.find_leftovers() == 1
    await there.close()
    kept = await call_row(store.sessions, call.id)
    assert (kept.recording or "").startswith("memory://")
    assert eleven() == kept.created_at
