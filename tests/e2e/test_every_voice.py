"""The same students, talked to by every voice over every carrier's media: outcomes, words and tools, on real sockets.

One run of the whole dialer: a campaign for each voice and carrier, each with people of its own, two at a time.
"""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialer.cli.rehearsal.environment import rehearsal_dialer
from dialer.domain.calling.call import Outcome
from dialer.settings import Settings
from dialer.simulator.people.students import BY_ENDING, student_for
from dialer.wiring.accounts import CAPABILITIES
from dialer.wiring.voices import NAMES
from tests.support.whole_path import TUESDAY_MORNING, done, read_calls, until_all_were_rung

CARRIERS = tuple(CAPABILITIES)
TEN = tuple(ending for ending in sorted(BY_ENDING) if len(ending) == 1)
HINDI = ("95", "96")
TIMEOUT_S = 120.0
BATCH, LIVE_AT_ONCE = 15, 2
"""Students in a batch, and concurrent calls. With more calls, a busy machine makes AVA pause, and the simulated student takes
the pause for the end of her turn and interrupts her."""
Found = dict[str, Any]


def _phone(which: int, ending: str) -> str:
    """An invented number of the `which`-th campaign that reaches this student."""
    return f"+9198765{which:02d}{ending * 3 if len(ending) == 1 else '0' + ending}"


def _campaign(voice: str, carrier: str) -> str:
    return f"{voice} over {carrier}"


SHORT_VOICES = ("openai_realtime", "gemini_live")
"""In every run. Pipelines talk to students in `integration/test_cascade_calls`; here they take more of two cores than a call
in a telephone's own time leaves beside other tests."""
SHORT = ("0", "95", "96")
"""Students that every voice calls in every run: one books, one asks not to be called again, one switches to Hindi."""
EVERY_RUN = {(voice, CARRIERS[n % len(CARRIERS)]) for n, voice in enumerate(NAMES) if voice in SHORT_VOICES}


def _is_short(voice: str, carrier: str, ending: str) -> bool:
    return (voice, carrier) in EVERY_RUN and ending in SHORT


PAIRS = [
    pytest.param(voice, carrier, marks=() if (voice, carrier) in EVERY_RUN else pytest.mark.full)
    for voice in NAMES
    for carrier in CARRIERS
]
"""Each voice over one carrier in every run; over both in the full form (`-m "full or not full"`)."""
MATRIX = [
    pytest.param(voice, carrier, ending, marks=() if _is_short(voice, carrier, ending) else pytest.mark.full)
    for voice in NAMES
    for carrier in CARRIERS
    for ending in (*TEN, *HINDI)
]


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The calls by campaign and student, and what the world says of its sessions."""
    folder = tmp_path_factory.mktemp("voices")
    wanted: dict[tuple[str, str], set[str]] = {}
    for each in request.session.items:
        if isinstance(each, pytest.Function) and each.cls in (TestEachVoice, TestEachStudent):
            params = each.callspec.params
            students = {params["ending"]} if "ending" in params else set(SHORT)
            wanted.setdefault((params["voice"], params["carrier"]), set()).update(students)
    pairs = sorted(wanted, key=lambda pair: (NAMES.index(pair[0]), CARRIERS.index(pair[1])))
    with rehearsal_dialer(folder / "data", speed=4, start=TUESDAY_MORNING, carriers=CARRIERS) as rehearsal:
        settings = rehearsal.settings
        for voice in dict(pairs):
            done(settings, "script", "add", voice, "--voice", voice, "--json")
        for now in _batches(pairs, wanted):
            for which, (voice, carrier) in now:
                _fill(settings, folder, which, voice, carrier, wanted[voice, carrier], max(1, LIVE_AT_ONCE // len(now)))
            names = [_campaign(voice, carrier) for _, (voice, carrier) in now]
            asyncio.run(until_all_were_rung(settings, names, within_s=TIMEOUT_S))
        with urllib.request.urlopen(f"{rehearsal.twilio_url}/_world/ledger", timeout=20) as answer:
            ledger = json.load(answer)
        by_phone = {each["lead"].phone: each for each in asyncio.run(read_calls(settings))}
        found = {
            (voice, carrier, ending): by_phone.get(_phone(which, ending))
            for which, (voice, carrier) in enumerate(pairs)
            for ending in (*TEN, *HINDI)
        }
        yield {"found": found, "ledger": ledger}


def _batches(
    pairs: list[tuple[str, str]], wanted: dict[tuple[str, str], set[str]]
) -> Iterator[list[tuple[int, tuple[str, str]]]]:
    """Campaigns that run at the same time, by their number: as many as have a batch's students together."""
    batch: list[tuple[int, tuple[str, str]]] = []
    for numbered in enumerate(pairs):
        if batch and sum(len(wanted[pair]) for _, pair in (*batch, numbered)) > BATCH:
            yield batch
            batch = []
        batch.append(numbered)
    yield batch


def _fill(
    settings: Settings, folder: Path, which: int, voice: str, carrier: str, students: set[str], at_once: int
) -> None:
    name = _campaign(voice, carrier)
    policy = ("--carrier", carrier, "--concurrency", str(at_once), "--per-second", "5")
    done(settings, "campaign", "create", name, "--script", voice, *policy, "--json")
    people = folder / f"{which}.csv"
    rows = [f"Student {ending},{_phone(which, ending)},Yes" for ending in (*TEN, *HINDI) if ending in students]
    people.write_text("Name,Phone,Consent\n" + "\n".join(rows) + "\n")
    done(settings, "leads", "import", str(people), "--campaign", name, "--json")


def test_nothing_was_sent_that_a_carrier_or_a_voice_refuses(run: dict[str, Any]) -> None:
    asked = [*run["ledger"]["sessions"], *run["ledger"]["services"]]
    assert [each for each in asked if each["errors"]] == []
    over_already = 21220  # we hang up, and they did so in the same moment
    assert [each for each in run["ledger"]["refusals"] if each["code"] != over_already] == []
    assert [call["warnings"] for call in run["ledger"]["calls"] if call["warnings"]] == []


@pytest.mark.parametrize(("voice", "carrier", "ending"), MATRIX)
class TestEachStudent:
    """What each student's call comes to."""

    def test_each_student_leads_to_the_same_outcome(
        self, run: dict[str, Any], voice: str, carrier: str, ending: str
    ) -> None:
        found = run["found"][voice, carrier, ending]
        assert found is not None, "never rung"
        assert found["call"].carrier == carrier
        expected = Outcome(student_for(found["lead"].phone).expects)
        assert found["call"].outcome is expected, (found["call"].reason, [turn.text for turn in found["turns"]])
        if found["turns"]:
            assert found["call"].voices == [voice]


@pytest.mark.parametrize(("voice", "carrier"), PAIRS)
class TestEachVoice:
    """What is kept of the calls, over one carrier."""

    def test_both_sides_words_are_kept_in_order_and_tools_were_called(
        self, run: dict[str, Any], voice: str, carrier: str
    ) -> None:
        engaged = run["found"][voice, carrier, "0"]
        said = [(turn.speaker, turn.text) for turn in engaged["turns"]]
        assert said[0][0] == "ava"
        assert "recorded" in said[0][1]
        assert ("student", "I want to study data science in Canada.") in said
        assert {"save_enquiry", "find_slots", "hold_slot", "book_slot", "end_call"} <= set(engaged["tools"])
        assert len(engaged["booked"]) == 1
        assert engaged["call"].latency_p50_ms is not None
        assert engaged["call"].usage

    def test_who_changes_to_hindi_is_understood_and_answered_in_hindi(
        self, run: dict[str, Any], voice: str, carrier: str
    ) -> None:
        hindi = run["found"][voice, carrier, "96"]
        said = [(turn.speaker, turn.text) for turn in hindi["turns"]]
        assert ("student", "मुझे कनाडा में डेटा साइंस पढ़ना है।") in said
        assert any(who == "ava" and "आपका बजट" in words for who, words in said)
        assert "save_enquiry" in hindi["tools"]

    def test_a_wish_in_hindi_not_to_be_called_again_is_kept_whatever_the_model_does(
        self, run: dict[str, Any], voice: str, carrier: str
    ) -> None:
        assert [entry.source for entry in run["found"][voice, carrier, "95"]["listed"]]
