"""The same number is the same on every page: money spent and held, people spoken to, voicemail, leads not called yet."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from httpx import AsyncClient

from dialer.domain.calling.call import Outcome
from dialer.domain.calling.cost import Spend
from dialer.settings import Settings
from dialer.store.calls import costs
from dialer.store.tables import Campaign
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.lists import bring, campaign, write_list
from tests.support.pages import send, signed_in
from tests.support.people import campaign_now, claim, enrol, phone_of, running_campaign, sql
from tests.support.shell import Shell

CALLS = (
    # outcome, state, answered, carrier's cost, voice's cost: what is spent and what is held with a reserve of 0.50
    ("booked", "ended", True, "0.02", "0.10"),  # 0.12 spent
    ("qualified", "ended", True, None, "0.10"),  # 0.10 spent, 0.40 held: its price is on its way
    ("voicemail", "ended", True, None, None),  # 0.50 held
    ("failed", "ended", True, None, None),  # 0.50 held: answered, without audio
    ("busy", "ended", False, None, None),  # nothing: no carrier bills it
    ("no_answer", "ended", False, None, None),
    (None, "talking", True, None, None),  # 0.50 held
    (None, "intent", False, None, None),  # 0.50 held
    (None, "cancelled", False, None, None),
)
TOMORROW = datetime.now(UTC) + timedelta(days=1)
SPEND = Spend(Decimal("0.22"), Decimal("2.40"), 3)


@pytest.fixture
async def web(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(settings, store) as client:
        yield client


async def called(store: Store, name: str = "Delhi", **policy: object) -> int:
    """A campaign with a call of each kind."""
    campaign_id = await running_campaign(store.sessions, name, **policy)
    places = await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(1, len(CALLS) + 1)], attempts=1)
    for n, (place, (outcome, state, answered, carrier, voice)) in enumerate(zip(places, CALLS, strict=True), 1):
        await sql(
            store.sessions,
            "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, outcome, carrier, from_number,"
            " gate, created_at, placing_at, answered_at, carrier_cost, voice_cost, latency_p50_ms)"
            " SELECT gen_random_uuid(), c.id, :place, c.script_id, :phone, 1, :state, :outcome, 'twilio', '+15005550006', '{}',"
            " now(), now(), CASE WHEN :answered THEN now() END, CAST(:carrier AS numeric), CAST(:voice AS numeric),"
            " CASE WHEN :outcome IN ('booked', 'qualified') THEN 700 END FROM campaign c WHERE c.id = :campaign",
            campaign=campaign_id,
            place=place,
            phone=phone_of(n),
            state=state,
            outcome=outcome,
            answered=answered,
            carrier=carrier,
            voice=voice,
        )
        lead_state = "calling" if state in ("talking", "intent") else "done"
        await sql(
            store.sessions,
            "UPDATE campaign_lead SET state = :state, last_outcome = :outcome WHERE id = :place",
            state=lead_state,
            outcome=outcome,
            place=place,
        )
    return campaign_id


def figure(html: str, name: str) -> str:
    """What a page says under one of its figures: the number and the line below it."""
    found = re.search(rf"<dt>{name}</dt>\s*<dd>(.*?)</dd>", html, re.DOTALL)
    assert found is not None, name
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


async def test_spent_and_held_are_told_apart_and_are_the_same_everywhere(
    web: AsyncClient, shell: Shell, store: Store
) -> None:
    campaign_id = await called(store, spend_cap=Decimal(40))
    async with store.sessions() as session:
        assert await costs.of_campaign(session, await session.get_one(Campaign, campaign_id)) == SPEND
    for path in ("/", f"/campaigns/{campaign_id}"):
        page = (await web.get(path)).text
        assert figure(page, "Spent").startswith("0.22 USD"), path
        assert figure(page, "Held") == "2.40 USD, until costs arrive for 3 calls", path
    listed = " ".join((await web.get("/campaigns")).text.split())
    assert '<td class="num">0.22</td> <td class="num">2.40</td>' in listed
    reports = (await web.get(f"/reports?campaign={campaign_id}")).text
    assert "0.22 USD spent; 0.22 USD per meeting. Costs are still arriving for 3 calls." in reports
    money = {"spent": "0.2200", "held": "2.4000", "costs_arriving": 3}
    told = (await web.get("/api/campaigns/Delhi")).json()
    assert {name: told[name] for name in money} == money
    whole = (await web.get("/api/reports?campaign=Delhi")).json()["whole"]
    assert (Decimal(whole["cost"]), whole["arriving"]) == (SPEND.spent, SPEND.arriving)
    said = shell.done("campaign", "status", "Delhi")
    assert {name: said[name] for name in money} == money
    line = shell("campaign", "status", "Delhi").out
    assert "spent 0.22 USD, held 2.40 (costs are still arriving for 3 calls)" in line


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("booked", "0.0200 USD"),
        ("qualified", "Not known yet; 0.40 USD held until it arrives"),
        ("busy", "None: not answered"),
    ],
)
async def test_a_call_says_what_it_cost_or_that_its_cost_is_on_its_way(
    web: AsyncClient, store: Store, outcome: str, says: str
) -> None:
    await called(store)
    await sql(store.sessions, "UPDATE call SET ended_at = now() WHERE outcome IS NOT NULL")
    call_id = await sql(store.sessions, "SELECT id FROM call WHERE outcome = :outcome", outcome=outcome)
    page = " ".join((await web.get(f"/calls/{call_id}")).text.split())
    assert f"<dt>Carrier cost</dt> <dd>{says}</dd>" in page
    held = (await web.get(f"/api/calls/{call_id}")).json()["cost"]["held"]
    assert Decimal(held) == {"booked": 0, "qualified": Decimal("0.40"), "busy": 0}[outcome]


async def test_a_cap_counts_what_is_held_and_waits_for_costs_instead_of_pausing(web: AsyncClient, store: Store) -> None:
    # 2.62 is spent or held: another call's reserve of 0.50 does not fit under 3.00.
    campaign_id = await called(store, spend_cap=Decimal(3))
    await enrol(store.sessions, campaign_id, [phone_of(50)])
    assert await claim(store.sessions, ScriptedCarrier()) == []
    await sql(
        store.sessions, "UPDATE call SET state = 'ended', outcome = 'dropped' WHERE state IN ('talking', 'intent')"
    )
    await sql(store.sessions, "UPDATE campaign SET spend_cap = 2.5")
    assert await claim(store.sessions, ScriptedCarrier()) == []
    assert (await campaign_now(store.sessions, "Delhi")).state == "running", "costs that arrive may be lower"
    page = (await web.get(f"/campaigns/{campaign_id}")).text
    assert "No new calls for now" in page
    await sql(store.sessions, "UPDATE call SET carrier_cost = 0.01 WHERE answered_at IS NOT NULL")
    assert len(await claim(store.sessions, ScriptedCarrier())) == 1
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'busy' WHERE state = 'intent'")
    await sql(store.sessions, "UPDATE call SET carrier_cost = 2.2 WHERE outcome = 'booked'")
    await enrol(store.sessions, campaign_id, [phone_of(51)])
    assert await claim(store.sessions, ScriptedCarrier()) == []
    paused = await campaign_now(store.sessions, "Delhi")
    assert (paused.state, paused.state_reason) == ("paused", "the spend cap of 2.50 is reached")


async def test_voicemail_is_not_a_person_spoken_to_on_any_page(web: AsyncClient, store: Store) -> None:
    campaign_id = await called(store)
    for path in ("/", f"/campaigns/{campaign_id}"):
        page = (await web.get(path)).text
        assert figure(page, "Spoke to a person").startswith("2 25% of 8 calls"), path
        assert figure(page, "Voicemail") == "1 12% of calls", path
        assert "Reached" not in page
    reports = " ".join((await web.get("/reports")).text.split())
    assert '<th scope="row">Spoke to a person</th> <td class="num">2</td>' in reports
    assert "1 voicemail call is not counted as a person" in reports
    whole = (await web.get("/api/reports")).json()["whole"]
    assert (whole["calls"], whole["spoke"], whole["voicemail"]) == (6, 2, 1)


async def test_a_chart_with_one_point_is_not_drawn_and_counts_say_what_they_leave_out(
    web: AsyncClient, store: Store
) -> None:
    await called(store)
    page = (await web.get("/reports")).text
    assert "data-plot=" not in page, "one day and one attempt: an axis around a single point runs over years"
    assert page.count("Not enough data for a chart yet.") == 3
    assert page.count("Based on 2 of 6 calls: those in which AVA responded to the student.</p>") == 2
    table = re.search(r'<table id="latency-table">.*?</table>', page, re.DOTALL)
    assert table is not None
    assert '<td class="num">700</td> <td class="num">2</td>' in " ".join(table[0].split())
    await sql(store.sessions, "UPDATE call SET created_at = now() - interval '3 days', n = 2 WHERE outcome = 'booked'")
    again = (await web.get(f"/reports?since={datetime(2026, 1, 1, tzinfo=UTC).date()}")).text
    assert again.count("data-plot=") == 2, "answer time and attempts; the cost of a meeting is known for one day"


async def test_rows_to_fix_are_counted_once_after_a_file_of_fixes(
    web: AsyncClient, settings: Settings, store: Store, tmp_path: Path
) -> None:
    campaign_id = await campaign(store)
    rows = [["Asha", phone_of(1)], ["Bela", "9.19877E+11"], ["Chitra", "98765"], ["Devi", ""]]
    first = await bring(settings, store, write_list(tmp_path / "fair.csv", rows))
    assert first.fix_file is not None
    with first.fix_file.open(encoding="utf-8-sig", newline="") as file:
        header, *bad = list(csv.reader(file))
    bad[0][1] = phone_of(2)
    await bring(settings, store, write_list(tmp_path / "fixed.csv", bad, header))
    page = " ".join((await web.get(f"/campaigns/{campaign_id}")).text.split())
    assert re.findall(r"[\w ]+, \d+ to fix", page) == ["2 of 4 rows imported, 2 to fix"]
    assert "fixes fair.csv and is counted with it" in page
    home = (await web.get("/")).text
    assert re.findall(r"\w+\.csv: \d+ rows? to fix", home) == ["fair.csv: 2 rows to fix"]


async def test_leads_not_called_yet_add_up_to_their_reasons(web: AsyncClient, store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, "Delhi")
    reasons: list[dict[str, object]] = [
        {"state": "done", "why": "did not consent to calls"},
        {"state": "done", "why": "no calling rules are known for Nepal"},
        {"state": "ready", "why": "outside calling hours in Asia/Kolkata", "next_attempt_at": TOMORROW},
        {"state": "ready"},
        {"state": "calling", "attempts": 1},
        {"state": "waiting", "attempts": 1, "last_outcome": Outcome.BUSY, "why": "to be called again after busy"},
        {"state": "done", "attempts": 1, "last_outcome": Outcome.BOOKED, "why": "booked"},
    ]
    for n, columns in enumerate(reasons, 1):
        await enrol(store.sessions, campaign_id, [phone_of(n)], None, **columns)
    page = " ".join((await web.get(f"/campaigns/{campaign_id}")).text.split())
    assert "3 of 7 leads finished · 1 to be called again · 4 not called yet (2 skipped) · 0 live" in page
    card = page.partition("Not called yet: 4")[2].partition("</section>")[0]
    assert re.findall(r"<strong>(\d+)</strong> ([^<]+)</li>", card) == [
        ("1", "did not consent to calls"),
        ("1", "no calling rules are known for Nepal"),
        ("1", "outside calling hours in Asia/Kolkata"),
        ("1", "waiting for their turn"),
    ]


async def test_a_stopped_campaign_promises_nothing_and_a_stop_warns_of_promises(web: AsyncClient, store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, "Delhi")
    again = {"state": "waiting", "attempts": 1, "next_attempt_at": TOMORROW}
    promise = {**again, "rank": 0, "last_outcome": Outcome.CALL_LATER, "why": "call-back promised"}
    await enrol(store.sessions, campaign_id, [phone_of(1), phone_of(2)], None, **promise)
    retry = {**again, "rank": 2, "last_outcome": Outcome.BUSY, "why": "to be called again after busy"}
    await enrol(store.sessions, campaign_id, [phone_of(3)], None, **retry)
    await enrol(store.sessions, campaign_id, [phone_of(4)], None, why="outside calling hours", next_attempt_at=TOMORROW)
    here = f"/campaigns/{campaign_id}"
    before = (await web.get(here)).text
    assert "2 students were promised a call-back." in before
    assert "live call" not in before, "there is none to hang up"
    stopped = " ".join((await web.get((await send(web, f"{here}/stop", page=here)).headers["location"])).text.split())
    assert "2 students were promised a call-back and will not be called." in stopped
    assert "3 will not be called again · 1 not called yet" in stopped
    assert "<strong>1</strong> the campaign is stopped: they will not be called" in stopped
    assert "outside calling hours" not in stopped
    leads = (await web.get(f"/leads?campaign={campaign_id}")).text
    assert "again after busy" not in leads
    assert leads.lower().count("the campaign is stopped") == 4
    assert leads.count("call-back promised, but the campaign is stopped") == 2
    assert all(each["next_at"] is None for each in (await web.get("/api/leads")).json()["leads"])
    rows = list(csv.DictReader(io.StringIO((await web.get(f"/files/leads.csv?campaign={campaign_id}")).text)))
    assert {(row["next_attempt"], row["why"]) for row in rows} == {("", "the campaign is stopped")}
