"""The main job on real sockets: a list in, calls made by AVA, meetings and spreadsheets out.

One run for each carrier: three processes of the dialer, PostgreSQL, Valkey, and the simulated world.
"""

import asyncio
import csv
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import websockets

from dialer.cli.rehearsal.environment import rehearsal_dialer
from dialer.domain.calling.call import Outcome
from dialer.settings import Settings
from dialer.simulator.people.students import student_for
from tests.support.web import operator_headers
from tests.support.whole_path import TUESDAY_MORNING, done, read_calls, until_all_were_rung, until_every_call_is_placed

SAMPLE = Path(__file__).parents[2] / "sample_leads.csv"


@dataclass(frozen=True)
class Run:
    """What is left of the run: exported files, what the page's socket said, the world's own ledger."""

    carrier: str
    settings: Settings
    imported: dict[str, Any]
    again: dict[str, Any]
    status: dict[str, Any]
    ledger: dict[str, Any]
    messages: list[dict[str, Any]]
    single_call: dict[str, Any]
    refused_call: dict[str, Any]
    folder: Path
    calls: list[dict[str, Any]]


def post(url: str, body: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    """POST JSON to the API."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.load(answer))


@pytest.fixture(scope="module", params=["twilio", pytest.param("exotel", marks=pytest.mark.full)])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    carrier = request.param
    folder = tmp_path_factory.mktemp(f"whole-path-{carrier}")
    with rehearsal_dialer(folder / "data", speed=4, start=TUESDAY_MORNING, carriers=(carrier,)) as rehearsal:
        settings = rehearsal.settings
        web = f"http://127.0.0.1:{settings.dialer_web_port}"
        done(settings, "campaign", "create", "Spring", "--concurrency", "12", "--per-second", "5", "--json")
        imported = done(settings, "leads", "import", str(SAMPLE), "--campaign", "Spring", "--json")
        again = done(settings, "leads", "import", str(SAMPLE), "--campaign", "Spring", "--json")
        messages = asyncio.run(_ring_everybody(settings, f"{web.replace('http', 'ws')}/ws/live"))
        headers = operator_headers(settings)
        single = post(f"{web}/api/calls", {"phone": "+91 98765 00028"}, headers)
        refused = post(f"{web}/api/calls", {"phone": "+91 98765 00015"}, headers)
        asyncio.run(until_every_call_is_placed(settings))
        status = done(settings, "campaign", "status", "Spring", "--json")
        for what in ("leads", "calls", "bookings"):
            for form in ("csv", "xlsx"):
                path = folder / f"{what}.{form}"
                done(settings, what, "export", "--campaign", "Spring", "--output", str(path), "--json")
        with urllib.request.urlopen(f"{rehearsal.twilio_url}/_world/ledger", timeout=20) as answer:
            ledger = json.load(answer)
        calls = asyncio.run(read_calls(settings))
        yield Run(carrier, settings, imported, again, status, ledger, messages, single, refused, folder, calls)


async def _ring_everybody(settings: Settings, live: str) -> list[dict[str, Any]]:
    """Start the campaign, watch the page's socket, and wait until every lead is done or scheduled."""
    messages: list[dict[str, Any]] = []

    async def watch() -> None:
        async with websockets.connect(live, additional_headers=operator_headers(settings)) as socket:
            while True:
                messages.append(json.loads(await socket.recv()))

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    await until_all_were_rung(settings, ["Spring"])
    await asyncio.sleep(1)  # the last live messages
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher  # its socket is closed before the loop ends, which would cancel it once more
    return messages


def spring(run: Run) -> list[dict[str, Any]]:
    """The campaign's calls, without the single one that was asked for."""
    first = min(each["call"].campaign_id for each in run.calls)
    return [each for each in run.calls if each["call"].campaign_id == first]


def of(run: Run, ending: str) -> dict[str, Any]:
    """The campaign's call to the Indian number with this ending."""
    (found,) = (each for each in spring(run) if each["lead"].phone == f"+9198765000{ending}")
    return found


def expected(run: Run, phone: str) -> Outcome:
    """What the student behind a number leads to; that the network does not know a number, only Twilio says."""
    said = student_for(phone).expects
    return Outcome.INVALID_NUMBER if said == "failed" and run.carrier == "twilio" else Outcome(said)


def test_every_row_of_the_list_is_accounted_for(run: Run) -> None:
    counts = run.imported
    parts = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")
    assert counts["rows"] == 24 == sum(counts[part] for part in parts)
    assert (counts["imported"], counts["duplicate_in_file"], counts["rejected"], counts["repaired"]) == (16, 2, 6, 9)
    assert sum(counts["rejected_by_reason"].values()) == counts["rejected"]


def test_the_same_list_again_changes_nothing(run: Run) -> None:
    assert (run.again["imported"], run.again["already_here"], run.again["rejected"]) == (0, 16, 6)
    assert run.status["leads"] == 16


def test_every_student_ends_as_they_behaved(run: Run) -> None:
    campaign_calls = spring(run)
    assert len({each["lead"].phone for each in campaign_calls}) >= 14
    wrong = {
        each["lead"].phone: (each["call"].outcome, expected(run, each["lead"].phone))
        for each in campaign_calls
        if each["call"].outcome is not expected(run, each["lead"].phone)
    }
    assert not wrong


def test_every_call_went_over_the_one_carrier_and_broke_none_of_its_rules(run: Run) -> None:
    assert {each["call"].carrier for each in run.calls} == {run.carrier}
    assert {call["carrier"] for call in run.ledger["calls"]} == {run.carrier}
    assert [call["warnings"] for call in run.ledger["calls"] if call["warnings"]] == []


def test_both_sides_know_the_same_calls(run: Run) -> None:
    assert {each["call"].carrier_sid for each in run.calls} == {call["sid"] for call in run.ledger["calls"]}
    proof = done(run.settings, "prove", "--json")
    assert proof["clean"], [each for each in proof["invariants"] if each["breaches"]]


def test_nobody_was_rung_twice(run: Run) -> None:
    rung = [call["to"] for call in run.ledger["calls"]]
    single = [run.single_call["success"]].count(True)
    assert len(rung) <= len(set(rung)) + single


def test_leads_outside_their_hours_were_not_rung_and_the_reason_says_so(run: Run) -> None:
    rung = {call["to"] for call in run.ledger["calls"]}
    assert not rung & {"+12125550106", "+442079460018"}
    explained = done(run.settings, "explain", "+12125550106", "--json")
    assert explained["may_ring"] is False
    (window,) = (rule for rule in explained["rules"] if rule["rule"] == "window")
    assert not window["ok"]
    assert "America/New_York" in window["says"]


def test_the_recorded_call_ends_as_not_interested_in_the_order_in_which_it_was_spoken(run: Run) -> None:
    call = of(run, "11")
    assert call["call"].outcome is Outcome.NOT_INTERESTED
    assert call["in_campaign"].state == "done"
    assert [turn.speaker for turn in call["turns"]] == ["ava", "student", "ava", "student", "ava"]
    greeting, no, fine, bye, goodbye = (turn.text for turn in call["turns"])
    assert "One Window" in greeting
    assert "AI assistant" in greeting
    assert "recorded" in greeting
    assert "not interested to talk today" in no
    assert "reach out any time" in fine.lower()
    assert greeting.startswith(call["call"].disclosure)
    assert 2_000 < call["call"].disclosed_ms < 15_000, "the simulated voices speak the locked line too"
    assert "bye-bye" in bye.lower()
    assert "goodbye" in goodbye.lower()
    assert next(each for each in run.ledger["calls"] if each["to"] == call["lead"].phone)["ended_by"] == "server"


def test_the_goodbye_is_heard_before_ava_hangs_up(run: Run) -> None:
    call = next(each for each in run.ledger["calls"] if each["to"] == "+919876500011")
    (stream,) = call["streams"]
    last = [spoken for spoken in stream["spoken"] if spoken["who"] == "ava"][-1]
    assert "goodbye" in last["text"].lower()
    assert last["fraction"] == pytest.approx(1.0, abs=0.02), last


def test_students_who_agreed_have_a_meeting_with_the_desk(run: Run) -> None:
    for ending in ("10", "16"):
        call = of(run, ending)
        (booking,) = call["booked"]
        assert booking.state == "booked"
        assert booking.during.lower > TUESDAY_MORNING
        assert call["tools"][-4:-1] == ["find_slots", "hold_slot", "book_slot"] or "book_slot" in call["tools"]
    times = [booking.during for each in run.calls for booking in each["booked"]]
    assert len({during.lower for during in times}) == len(times), "one desk, no two meetings at once"


def test_who_interrupts_is_not_talked_over(run: Run) -> None:
    call = of(run, "16")
    (cut,) = (turn for turn in call["turns"] if turn.heard_ms is not None)
    assert cut.speaker == "ava"
    session = next(each for each in run.ledger["sessions"] if each["truncations"] and "book_slot" in str(each["tools"]))
    assert session["truncations"], "the model was told how much was heard"


def test_who_asks_not_to_be_called_again_is_listed_with_or_without_the_models_help(run: Run) -> None:
    asked, missed = of(run, "15"), of(run, "99")
    assert asked["listed"]
    assert missed["listed"]
    assert "opt_out" in asked["tools"]
    assert missed["tools"] == ["opt_out"], "the model did not call it; the words did"
    assert asked["in_campaign"].state == missed["in_campaign"].state == "done"


def test_a_call_back_is_promised_for_the_time_that_was_named(run: Run) -> None:
    lead = of(run, "17")["in_campaign"]
    assert (lead.state, lead.rank) == ("waiting", 0)
    assert lead.next_attempt_at == datetime(2026, 3, 4, 18, 0, tzinfo=ZoneInfo("Asia/Kolkata"))


def test_busy_and_unanswered_leads_wait_for_their_next_attempt(run: Run) -> None:
    for ending, minutes in (("12", 60), ("13", 240)):
        lead = of(run, ending)["in_campaign"]
        assert lead.state == "waiting"
        waited = (lead.next_attempt_at - TUESDAY_MORNING).total_seconds() / 60
        assert 0 < waited <= minutes + 5


def test_the_exported_leads_say_the_same_with_the_marketers_columns_first(run: Run) -> None:
    with (run.folder / "leads.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = SAMPLE.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert list(rows[0])[: len(own)] == own
    assert list(rows[0])[len(own) : len(own) + 3] == ["phone", "campaign", "state"]
    by_phone = {row["phone"]: row for row in rows}
    assert len(by_phone) == 16
    for each in spring(run):
        if each["call"].n == 1:
            assert by_phone[each["lead"].phone]["outcome"] == expected(run, each["lead"].phone).value
    booked = by_phone["+919876500010"]
    assert booked["meeting"].endswith("+05:30")
    assert booked["counselor"] == "One Window desk"
    assert booked["country"] == "Canada"
    assert booked["Mobile No."] == "+91 98765 00010"


def test_the_workbook_keeps_phones_as_text(run: Run) -> None:
    sheet = openpyxl.load_workbook(run.folder / "leads.xlsx").active
    header = [cell.value for cell in sheet[1]]
    phones = [row[header.index("phone")].value for row in sheet.iter_rows(min_row=2)]
    assert len(phones) == 16
    assert all(isinstance(phone, str) and phone.startswith("+") for phone in phones)


def test_the_exported_calls_hold_the_transcript_in_order(run: Run) -> None:
    with (run.folder / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["phone"]: row for row in csv.DictReader(file)}
    speakers = [line.partition(":")[0] for line in rows["+919876500011"]["transcript"].splitlines()]
    assert speakers == ["AVA", "Student", "AVA", "Student", "AVA"]
    assert rows["+919876500010"]["latency_p50_ms"]
    assert int(rows["+919876500010"]["duration_s"]) > 30


def test_the_exported_bookings_match_the_meetings(run: Run) -> None:
    with (run.folder / "bookings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["phone"] for row in rows} == {"+919876500010", "+919876500016", "+61491570156"}
    assert all(row["zone"] == "Asia/Kolkata" and row["state"] == "booked" for row in rows)


def test_the_live_page_is_told_what_happens_as_it_happens(run: Run) -> None:
    assert run.messages[0]["type"] == "snapshot"
    kinds = {message["type"] for message in run.messages}
    assert kinds >= {"clientConnected", "callStatus", "ava_response", "user_transcript", "clientDisconnected"}
    assert all("call_id" in message and "time" in message for message in run.messages[1:])
    texts = {message["type"]: message["text"] for message in run.messages if message["type"].startswith("client")}
    assert texts == {"clientConnected": "Client connected", "clientDisconnected": "Client disconnected"}
    assert {message["status"] for message in run.messages if message["type"] == "callStatus"} == {"active", "inactive"}


def test_one_call_on_request_obeys_the_rules(run: Run) -> None:
    assert run.single_call["success"] is True
    assert run.single_call["message"] == "Call initiated to +919876500028"
    assert run.refused_call["success"] is False
    assert "do-not-call" in run.refused_call["message"]


def test_health_keeps_the_keys_of_the_original_page(run: Run) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{run.settings.dialer_web_port}/health", timeout=10) as answer:
        health = json.load(answer)
    assert health["status"] == "ok"
    assert isinstance(health["worker"], int)
