"""The same students, talked to by another voice: outcomes, words and tools, on the real processes and sockets."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from dialer.cli.rehearsal import rehearsing
from dialer.domain.call import Outcome
from dialer.settings import Settings
from dialer.simulator.students import BY_ENDING, student_for
from dialer.wiring.stores import open_store
from tests.e2e.test_whole_path import TUESDAY_MORNING, _read, _ring_everybody, done

TALKERS = [ending for ending in sorted(BY_ENDING) if len(ending) == 1]
VOICES = ["gemini_live", *(f"cascade_{each}" for each in ("anthropic", "gemini", "cohere", "huggingface", "openai"))]


async def _speak_through(settings: Settings, voice: str) -> None:
    async with open_store(settings) as store, store.sessions.begin() as session:
        await session.execute(text("UPDATE script SET voice = :voice"), {"voice": voice})


@pytest.fixture(scope="module", params=VOICES)
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The calls by the last digit of the number, and what the world says of its sessions."""
    folder = tmp_path_factory.mktemp(request.param)
    people = folder / "people.csv"
    rows = [f"Student {ending},+9198765400{ending}{ending},Yes" for ending in TALKERS]
    people.write_text("Name,Phone,Consent\n" + "\n".join(rows) + "\n")
    with rehearsing(folder / "data", speed=4, start=TUESDAY_MORNING) as rehearsal:
        settings = rehearsal.settings
        done(settings, "campaign", "create", "Spring", "--concurrency", "12", "--per-second", "5", "--json")
        asyncio.run(_speak_through(settings, request.param))
        done(settings, "leads", "import", str(people), "--campaign", "Spring", "--json")
        asyncio.run(_ring_everybody(settings, f"ws://127.0.0.1:{settings.dialer_web_port}/ws/live"))
        with urllib.request.urlopen(f"{rehearsal.twilio_url}/_world/ledger", timeout=20) as answer:
            ledger = json.load(answer)
        found = {each["lead"].phone[-1]: each for each in asyncio.run(_read(settings))}
        asked = [*ledger["sessions"], *ledger["services"]]
        yield {"calls": found, "asked": asked, "voice": request.param}


def test_everybody_was_rung_and_talked_to_by_that_voice(calls: dict[str, Any]) -> None:
    assert sorted(calls["calls"]) == TALKERS
    spoke = [each["call"].voices for each in calls["calls"].values() if each["turns"]]
    assert spoke
    assert all(voices == [calls["voice"]] for voices in spoke)
    assert all(each["errors"] == [] for each in calls["asked"]), "nothing that a service refuses was sent"


@pytest.mark.parametrize("ending", TALKERS)
def test_each_student_leads_to_the_outcome_of_the_other_voices(calls: dict[str, Any], ending: str) -> None:
    found = calls["calls"][ending]
    expected = Outcome(student_for(found["lead"].phone).expects)
    assert found["call"].outcome is expected, (found["call"].reason, [turn.words for turn in found["turns"]])


def test_both_sides_words_are_kept_in_order_and_tools_were_called(calls: dict[str, Any]) -> None:
    engaged = calls["calls"]["0"]
    said = [(turn.who, turn.words) for turn in engaged["turns"]]
    assert said[0][0] == "ava"
    assert "recorded" in said[0][1]
    assert ("student", "I want to study data science in Canada.") in said
    assert {"save_enquiry", "find_slots", "hold_slot", "book_slot", "end_call"} <= set(engaged["tools"])
    assert len(engaged["booked"]) == 1
    assert engaged["call"].latency_p50_ms is not None
    spent = "spoken_characters@" if calls["voice"].startswith("cascade_") else "audio_out"
    assert sum(count for kind, count in engaged["call"].usage.items() if kind.startswith(spent)) > 0
