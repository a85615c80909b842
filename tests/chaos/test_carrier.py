"""The carrier refuses, errs, is late, lies or is silent: nobody is asked for twice, and no lead is burned by it."""

import asyncio
import json
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dialer.cli.rehearsal.environment import WORLD
from tests.support.rehearsed import BUSY, TUESDAY_MORNING, Hurt, hurting

FULL = pytest.mark.full
LOSE_ALL = {"where": "webhook", "does": "lose", "count": -1}


def place_behind_our_back(hurt: Hurt, to: str, ring_s: int) -> None:
    """A call to this number that no worker asked for, over the same account and from the same number."""
    url = f"{hurt.twilio_url}/2010-04-01/Accounts/{WORLD.account_sid}/Calls.json"
    form = {"To": to, "From": WORLD.from_numbers[0], "Twiml": "<Response><Hangup/></Response>", "Timeout": str(ring_s)}
    login = b64encode(f"{WORLD.account_sid}:{WORLD.auth_token}".encode()).decode()
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


@pytest.mark.parametrize(
    ("does", "count", "all_rung", "fault"),
    [
        pytest.param("too_many", 3, True, "F24", marks=FULL),
        pytest.param("error_after", 2, True, "F25", marks=FULL),
        pytest.param("drop_after", 2, True, "F26", marks=FULL),
        pytest.param("drop_before", 1, False, "F25", marks=FULL),
        pytest.param("error_before", 1, False, "F25", marks=FULL),
    ],
)
async def test_whatever_the_carrier_answers_nobody_is_asked_for_twice(
    does: str, count: int, all_rung: bool, fault: str, tmp_path: Path
) -> None:
    """F24, F25, F26: refused for now, in error before or after it took the call, or cut off."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        rule = {"where": "create", "does": does, "count": count}
        hurt.world("faults", [{**rule, "retry_after": 1} if does == "too_many" else rule])
        hurt.begin(numbers)
        hurt.measured(f"{fault} {does}: all settled after s", await hurt.settle(120))
        assert hurt.world("faults") == [], f"{fault}: the fault was met"
        hurt.assert_nobody_wronged(numbers, all_rung=all_rung)


@FULL
async def test_a_burst_of_too_many_is_waited_out_and_costs_no_attempt(tmp_path: Path) -> None:
    """F24: 429 without end for five seconds; the same attempts go out afterwards."""
    numbers = BUSY[:10]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "create", "does": "too_many", "count": -1, "retry_after": 2}])
        hurt.begin(numbers)
        await asyncio.sleep(6)
        refusals = [each for each in hurt.world("ledger")["refusals"] if each["status"] == 429]
        assert 1 < len(refusals) <= len(numbers) * 6, "asked again, and not at once"
        hurt.world("faults", method="DELETE")
        await hurt.settle(120)
        assert await hurt.fetch("SELECT 1 FROM campaign_lead WHERE attempts <> 1") == []
        assert await hurt.fetch("SELECT 1 FROM call WHERE n <> 1") == []
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_an_answer_that_comes_half_a_minute_late_asks_nobody_twice(tmp_path: Path) -> None:
    """F26: the call was taken at once, the carrier says so after thirty seconds."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "create", "does": "delay", "seconds": 30, "count": 2}])
        hurt.begin(numbers)
        began = time.monotonic()
        await hurt.settle(120)
        await asyncio.sleep(max(0.0, began + 35 - time.monotonic()))
        hurt.assert_nobody_wronged(numbers)


async def test_a_refused_account_pauses_the_campaign_and_burns_no_lead(tmp_path: Path) -> None:
    """F27: 401; everybody is rung when the account is well again and the campaign was started again."""
    numbers = BUSY[:6]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "create", "does": "unauthorized", "count": -1}])
        hurt.begin(numbers)

        async def paused() -> bool:
            return bool(await hurt.fetch("SELECT 1 FROM campaign WHERE state = 'paused'"))

        await hurt.until(paused, 30, "the campaign was not paused")
        (campaign,) = await hurt.fetch("SELECT state_reason AS why FROM campaign")
        assert "20003" in campaign["why"]
        hurt.world("faults", method="DELETE")

        async def quiet() -> bool:
            return not await hurt.fetch("SELECT 1 FROM call WHERE state IN ('intent', 'placing')")

        await hurt.until(quiet, 60, "calls of a paused campaign are kept")
        assert await hurt.fetch("SELECT 1 FROM campaign_lead WHERE attempts <> 0 OR state <> 'ready'") == []
        assert hurt.rung() == []
        hurt.dialer("campaign", "start", "Chaos")
        await hurt.settle()
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_number_that_does_not_exist_is_asked_for_once_and_never_again(tmp_path: Path) -> None:
    """F28: the network says that nobody has it (SIP 404)."""
    nobody = "+919876543298"
    with hurting(tmp_path / "data") as hurt:
        hurt.begin([nobody, *BUSY[:3]])
        await hurt.settle()
        (lead,) = await hurt.fetch(
            "SELECT campaign_lead.state, attempts, last_outcome FROM campaign_lead JOIN lead ON lead.id = lead_id WHERE phone = $1",
            nobody,
        )
        assert tuple(lead) == ("done", 1, "invalid_number")
        hurt.assert_nobody_wronged([nobody, *BUSY[:3]])


@FULL
async def test_a_carrier_whose_list_lags_is_asked_until_it_shows_the_call(tmp_path: Path) -> None:
    """F29: nothing but the list can tell, and for eight seconds it does not."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [LOSE_ALL, {"where": "list", "does": "lag", "seconds": 8, "count": -1}])
        hurt.world("faults", [{"where": "create", "does": "drop_after", "count": 4}])
        hurt.begin(numbers)
        await hurt.settle(150)
        hurt.world("faults", method="DELETE")
        outcomes = Counter(row["outcome"] for row in await hurt.fetch("SELECT outcome FROM call"))
        assert outcomes == {"busy": len(numbers)}
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_of_two_calls_in_the_list_the_later_one_is_hung_up(tmp_path: Path) -> None:
    """F29: the worker died with the answer, the earlier one is ours, and the proof speaks of the other."""
    number = BUSY[0][:-1] + "3"  # lets it ring
    crash = {"DIALER_FAILPOINT": "after_post", "DIALER_FAILPOINT_ONCE": str(tmp_path / "crashed")}
    with hurting(tmp_path / "data", speed=1.0, workers=0) as hurt:
        hurt.world("faults", [LOSE_ALL])
        hurt.begin([number])
        await hurt.fetch("UPDATE campaign SET ring_timeout_s = 60")
        hurt.start("worker", **crash)
        await hurt.rung_at_least(1)
        place_behind_our_back(hurt, number, ring_s=60)
        ours, extra = hurt.world("ledger")["calls"]

        async def hung_up() -> bool:
            return bool(hurt.world("ledger")["calls"][1]["ended_by"])

        await hurt.until(hung_up, 50, "the second call rings on")
        assert [call["ended_by"] for call in hurt.world("ledger")["calls"]] == [None, "rest"]

        async def bound() -> bool:
            return bool(await hurt.fetch("SELECT 1 FROM call WHERE carrier_sid = $1", ours["sid"]))

        await hurt.until(bound, 10, "the first call was not bound")
        proof = json.loads(hurt.command("prove", "--json").out)
        assert {each["name"] for each in proof["invariants"] if each["breaches"]} == {"I1", "I7"}
        assert extra["sid"] in str(proof)


@FULL
async def test_a_call_still_queued_when_the_window_closes_never_rings(tmp_path: Path) -> None:
    """F30: the carrier is slow to dial, and evening comes."""
    numbers = BUSY[:30]
    closes = TUESDAY_MORNING.replace(hour=19)
    evening = closes - timedelta(seconds=12)
    with hurting(tmp_path / "data", speed=0.2, dialer_clock=evening.isoformat()) as hurt:
        hurt.begin(numbers)
        await asyncio.sleep(30)

        async def over() -> bool:
            return not await hurt.fetch("SELECT 1 FROM call WHERE state NOT IN ('ended', 'cancelled')")

        await hurt.until(over, 60, "calls are still queued")
        proof = json.loads(hurt.command("prove", "--json").out)
        assert proof["clean"], [each for each in proof["invariants"] if each["breaches"]]
        (clock,) = await hurt.fetch("SELECT start, began_at AS began FROM simulated_clock")
        until = clock["began"] + (closes - clock["start"])
        rang = [datetime.fromisoformat(call["rang"]) for call in hurt.world("ledger")["calls"] if call["rang"]]
        assert [moment for moment in rang if moment > until] == []


@FULL
async def test_when_all_webhooks_are_lost_the_carrier_is_asked(tmp_path: Path) -> None:
    """F32."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.world("faults", [LOSE_ALL])
        hurt.begin(numbers)
        await hurt.fetch("UPDATE campaign SET ring_timeout_s = 5")
        hurt.start("worker")
        hurt.measured("F32 converged after s", await hurt.settle(110))
        outcomes = {row["outcome"] for row in await hurt.fetch("SELECT outcome FROM call")}
        assert outcomes == {"busy"}
        hurt.assert_nobody_wronged(numbers)
