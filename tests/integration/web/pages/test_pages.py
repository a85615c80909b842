"""Pages, without a browser: who is shown what, in how few statements, and what their forms do."""

import asyncio
import csv
import html
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from dialer.cli.processes.job import JobProcess
from dialer.domain.access.roles import Role
from dialer.domain.calling.call import Outcome
from dialer.services.accounts import sign_in
from dialer.settings import Settings
from dialer.store.bench import counting
from dialer.store.calls import call_history
from dialer.store.campaigns import campaigns
from dialer.store.leads import do_not_call
from dialer.store.tables import AuditEntry, Call, Campaign, Enrollment, Job, KillSwitch, Lead, Price, Script
from dialer.web.app_state import AppState
from dialer.web.realtime import live
from dialer.web.stale_cache import StaleCache
from dialer.wiring.stores import Store
from tests.browser.filled import ATTACK, fill_open
from tests.support.lists import SAMPLE, as_text, students
from tests.support.pages import EMPTY_PAGES, FULL_PAGES, send, signed_in
from tests.support.people import enrol, phone_of, sql

MAX_STATEMENTS = 12


@pytest.fixture
async def web(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(settings, store) as client:
        yield client


@pytest.fixture
async def full(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    """A house with campaigns, leads, calls and meetings."""
    await fill_open(settings, store)
    async with signed_in(settings, store) as client:
        yield client


async def _draft(web: AsyncClient, store: Store, name: str = "Spring") -> int:
    made = await send(web, "/campaigns/new", name=name, country="IN")
    assert made.status_code == 303, made.text
    async with store.sessions() as session:
        found = await campaigns.named(session, name)
        assert found is not None
        return found.id


async def test_every_page_of_an_empty_house_says_what_comes_next(web: AsyncClient) -> None:
    for path in EMPTY_PAGES:
        answer = await web.get(path)
        assert answer.status_code == 200, answer.text
        assert "</html>" in answer.text


async def test_every_page_of_a_full_house_asks_the_database_a_dozen_times_at_most(
    full: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TOUCH_EVERY", timedelta(hours=1))  # once a minute a request renews its session
    asked = {}
    for path in (*EMPTY_PAGES, *FULL_PAGES):
        with counting() as sent:
            answer = await full.get(path)
        assert answer.status_code == 200, answer.text
        asked[path] = sent[0]
    assert {path: many for path, many in asked.items() if many > MAX_STATEMENTS} == {}


async def test_no_words_of_a_list_or_a_call_become_part_of_a_page(full: AsyncClient) -> None:
    for path in (*EMPTY_PAGES, *FULL_PAGES):
        page = (await full.get(path)).text
        assert ATTACK not in page, path
        assert "<script>document" not in page, path
        assert 'onerror="' not in page, path


async def test_pages_have_no_script_and_no_style_of_their_own(full: AsyncClient) -> None:
    for path in (*EMPTY_PAGES, *FULL_PAGES):
        answer = await full.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        for inline in ("<script>", "<style", " style=", " onclick=", "javascript:"):
            assert inline not in answer.text.replace("javascript:alert(1)", ""), (path, inline)


async def test_a_first_view_is_light(full: AsyncClient) -> None:
    page = (await full.get("/")).text
    whole = len(page.encode())
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        whole += len((await full.get(address)).content)
    assert whole < 200_000


async def test_an_auditor_reads_every_page_and_changes_nothing(settings: Settings, store: Store) -> None:
    async with signed_in(settings, store, Role.AUDITOR) as web:
        assert (await web.get("/leads")).status_code == 200
        refused = await send(web, "/settings/kill", page="/settings", why="to try")
        assert refused.status_code == 403
    async with store.sessions() as session:
        assert (await session.scalars(select(KillSwitch))).all() == []


async def test_a_counselor_sees_their_own_meetings_and_no_leads(settings: Settings, store: Store) -> None:
    async with signed_in(settings, store, Role.COUNSELOR) as web:
        mine = await web.get("/bookings/all")
        assert mine.status_code == 200
        assert 'href="/leads"' not in mine.text
        first = await web.get("/")
        assert (first.status_code, first.headers["location"]) == (303, "/bookings"), "their week is their first page"
        for path in ("/leads", "/leads/1", "/calls", "/campaigns", "/files/leads.csv", "/reports", "/settings"):
            assert (await web.get(path)).status_code == 403, path


async def test_a_campaign_is_made_step_by_step_and_not_launched_before_it_has_leads(
    web: AsyncClient, store: Store
) -> None:
    campaign_id = await _draft(web, store)
    taken = await send(web, "/campaigns/new", name="Spring")
    assert (taken.status_code, "choose another name" in taken.text) == (422, True)
    steps = f"/campaigns/{campaign_id}/set-up"
    wrong = {"window_opens": "19:00", "window_closes": "10:00", "window_days": ["0", "1"], "machine": "hang_up"}
    numbers = {"max_attempts": "3", "calls_per_day": "1", "recording_days": "30"}
    refused = await send(web, f"{steps}/schedule", **wrong, **numbers)
    assert (refused.status_code, "start before they end" in refused.text) == (422, True)
    kept = await send(
        web, f"{steps}/schedule", **{**wrong, "window_opens": "11:00", "window_closes": "18:00"}, **numbers
    )
    assert (kept.status_code, kept.headers["location"]) == (303, f"{steps}/numbers")
    kept = await send(web, f"{steps}/numbers", carrier="", concurrency="7", per_second="2", spend_cap="99.50")
    assert kept.status_code == 303, kept.text
    async with store.sessions() as session:
        made = await session.get_one(Campaign, campaign_id)
        assert (made.window_opens.hour, made.window_days, made.max_attempts, made.recording) == (11, [0, 1], 3, False)
        assert (made.concurrency, str(made.spend_cap), made.carrier) == (7, "99.500000", None)
    empty = await send(web, f"{steps}/launch")
    assert (empty.status_code, "no leads yet" in empty.text) == (422, True)
    await enrol(store.sessions, campaign_id, [phone_of(1)], {"consent": True})
    await sql(store.sessions, "UPDATE script SET business = ' '")
    for page in ("rehearse", "launch"):
        assert "has no business name, so AVA cannot say who is calling" in (await web.get(f"{steps}/{page}")).text
    unnamed = await send(web, f"{steps}/launch")
    assert (unnamed.status_code, "has no business name" in unnamed.text) == (422, True)
    await sql(store.sessions, "UPDATE script SET business = 'Acme Study'")
    assert "an AI assistant calling from Acme Study" in (await web.get(f"{steps}/rehearse")).text
    launched = await send(web, f"{steps}/launch")
    assert launched.headers["location"] == f"/campaigns/{campaign_id}?done=started"
    async with store.sessions() as session:
        assert (await session.get_one(Campaign, campaign_id)).state == "running"
        did = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))).all()
        assert did[-4:] == ["campaign.create", "campaign.update", "campaign.update", "campaign.start"]


async def test_the_rail_says_whom_a_launch_would_skip_and_why(web: AsyncClient, store: Store) -> None:
    campaign_id = await _draft(web, store)
    await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(1, 8)], {"consent": True})
    async with store.sessions.begin() as session:
        listed = {"scope": "account", "source": "list", "reason": "", "by": "test"}
        await do_not_call.add(session, [phone_of(1), phone_of(2)], **listed)
    page = " ".join((await web.get(f"/campaigns/{campaign_id}/set-up/launch")).text.split())
    assert '<dd>5 <span class="quiet small">of 7 leads</span>' in page
    assert "<li>2 on do-not-call</li>" in page
    assert "Launch: call 5 leads" in page


async def test_a_campaign_is_paused_and_stopped_with_a_receipt(web: AsyncClient, store: Store) -> None:
    campaign_id = await _draft(web, store)
    early = await send(web, f"/campaigns/{campaign_id}/pause")
    assert (early.status_code, "cannot be paused" in early.text) == (409, True)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    assert (await send(web, f"/campaigns/{campaign_id}/start")).status_code == 303
    assert (await send(web, f"/campaigns/{campaign_id}/pause")).status_code == 303
    receipt = (await send(web, f"/campaigns/{campaign_id}/stop")).headers["location"]
    for _ in range(2):  # B23: it is still there when the page is loaded again
        stopped = await web.get(receipt)
        assert "Stopped at" in stopped.text
    assert "Stopped at" not in (await web.get(f"/campaigns/{campaign_id}?stopped=1")).text, "another entry of the log"
    assert "live" not in stopped.text.partition("Stopped at")[2].partition("</div>")[0], "no clause about nothing"
    async with store.sessions() as session:
        assert (await session.get_one(Campaign, campaign_id)).state == "stopped"


async def test_a_list_comes_in_by_upload_map_fix_and_confirm_and_goes_out_again(
    web: AsyncClient, settings: Settings, store: Store
) -> None:
    campaign_id = await _draft(web, store)
    up = await send(web, f"/campaigns/{campaign_id}/lists", files={"file": ("leads.csv", SAMPLE.read_bytes())})
    assert up.status_code == 303, up.text
    mapped = await web.get(up.headers["location"])
    assert '<option value="phone" selected>' in mapped.text
    nothing = await send(web, up.headers["location"], **{"column:Student Name": "name"})
    assert (nothing.status_code, "holds the phone number" in nothing.text) == (422, True)
    asked = await send(web, up.headers["location"], **{"column:Student Name": "name", "column:Mobile No.": "phone"})
    await _work(settings, store, asked.headers["location"])
    seen = await web.get((await web.get(asked.headers["location"])).headers["location"])
    assert "Nothing imported yet." in seen.text
    async with store.sessions() as session:
        assert (await session.scalars(select(Lead))).all() == []
    fix = await web.get("/imports/1/to-fix.csv")
    rows = list(csv.DictReader(io.StringIO(fix.text.removeprefix("\ufeff"))))
    assert rows
    assert all(row["problem"] for row in rows)
    commit = await send(web, "/imports/1/commit")
    await _work(settings, store, commit.headers["location"])
    assert "imported to Spring." in (await web.get("/imports/1")).text
    undone = await send(web, "/imports/1/undo")
    assert undone.status_code == 303, undone.text
    async with store.sessions() as session:
        assert (await session.scalars(select(Lead))).all() == []


async def _work(settings: Settings, store: Store, address: str) -> None:
    """What a worker does with a job."""
    job_id = int(address.rsplit("/", 1)[1])
    async with store.sessions.begin() as session:
        (await session.get_one(Job, job_id)).state = "running"
    await JobProcess(settings, store, job_id).run()
    async with store.sessions() as session:
        job = await session.get_one(Job, job_id)
        assert job.state == "done", job.message


async def test_a_file_that_is_no_list_is_refused_in_one_line(web: AsyncClient, store: Store) -> None:
    campaign_id = await _draft(web, store)
    up = await send(web, f"/campaigns/{campaign_id}/lists", files={"file": ("../../x.csv", b"\x00\x01")})
    assert up.status_code == 303
    refused = await web.get(up.headers["location"])
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)


async def test_leads_are_found_page_by_page_by_what_stands_in_the_address(web: AsyncClient, store: Store) -> None:
    one, two = await _draft(web, store), await _draft(web, store, "Autumn")
    await enrol(store.sessions, one, [phone_of(n) for n in range(1, 71)])
    await enrol(store.sessions, two, [phone_of(n) for n in range(60, 66)], {"name": "Bela"})
    await sql(store.sessions, "UPDATE campaign_lead SET state = 'done', last_outcome = 'booked' WHERE id % 30 = 0")
    seen, path, pages = [], "/leads", 0
    while path:
        text = (await web.get(path)).text
        seen += [each.split('"')[0] for each in text.split('data-drawer hx-get="/leads/')[1:]]
        found = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0] if 'rel="next"' in text else ""
        path, pages = found.replace("&amp;", "&"), pages + 1
    assert (len(seen), pages) == (76, 2)
    assert seen == sorted(seen, key=int, reverse=True)
    async with store.sessions() as session:
        booked = select(Enrollment.id).where(Enrollment.last_outcome == Outcome.BOOKED)
        many = len((await session.scalars(booked)).all())
    assert (await web.get("/leads?outcome=booked")).text.count("data-drawer") == many
    assert (await web.get(f"/leads?campaign={two}")).text.count("data-drawer") == 6
    assert (await web.get("/leads?q=98120 00060")).text.count("data-drawer") == 2
    assert "No leads match" in (await web.get("/leads?q=no%25body&state=sideways")).text


async def test_a_number_is_listed_checked_and_taken_off_and_the_trail_says_so(web: AsyncClient, store: Store) -> None:
    here = "/do-not-call"
    typed = "98120 00001\nfoo\n+91 98120 00003, Ritu"
    bad = await send(web, f"{here}/add", page=here, numbers=typed, reason="asked at the fair")
    said = html.unescape(bad.text)
    assert (bad.status_code, "No numbers were added." in said) == (422, True)
    assert 'line 2, "foo": this is not a phone number; line 3, "Ritu"' in said
    assert f">{typed}</textarea>" in said.replace("\r\n", "\n")
    assert 'value="asked at the fair"' in said
    many = await send(web, f"{here}/add", page=here, numbers="\n".join(phone_of(n) for n in range(201)))
    assert (many.status_code, "Enter 1 to 200 numbers" in many.text) == (422, True)
    assert "No numbers yet." in (await web.get(here)).text, "all or none"
    await enrol(store.sessions, await _draft(web, store), [phone_of(1), phone_of(2)])
    added = await send(web, f"{here}/add", page=here, numbers="98120 00001\n98120 00007", reason="asked")
    receipt = (await web.get(added.headers["location"])).text
    assert "2 numbers added. 1 lead will not be called" in receipt
    again = await send(web, f"{here}/add", page=here, numbers="98120 00007")
    receipt = (await web.get(again.headers["location"])).text
    assert "0 numbers added, 1 was already on the list. No lead has this number" in receipt
    assert "is on the do-not-call list</strong>" in (await web.get(f"{here}?q=%2B919812000001")).text
    listed = as_text(students(5, 6)).encode()
    brought = await send(web, f"{here}/import", page=here, source="Fair", files={"file": ("no.csv", listed)})
    assert (brought.status_code, "2 added" in brought.text) == (200, True)
    assert (await send(web, f"{here}/remove", page=here, number="+919812000001")).status_code == 303
    assert "is not on the do-not-call list" in (await web.get(f"{here}?q=%2B919812000001")).text
    async with store.sessions() as session:
        did = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))).all()
    assert did[-4:] == ["dnc.add", "dnc.add", "dnc.import", "dnc.remove"]


async def test_a_script_gets_a_new_version_and_shows_what_changed(web: AsyncClient, store: Store) -> None:
    async with store.sessions() as session:
        old = (await session.scalars(select(Script).where(Script.name == "ava"))).one()
    said = {"opening": "Namaste $greeting, $fair_name here.", "persona": old.persona, "voice": old.voice}
    said |= {"speaker": old.speaker, "language": "en", "speed": "1", "name": "ava"}
    refused = await send(web, "/scripts/ava", page="/scripts/ava", business=" ", **said)
    assert (refused.status_code, "Namaste $greeting" in refused.text) == (422, True), "what was typed stays"
    said["business"] = "Acme Study"
    assert (await send(web, "/scripts/ava", page="/scripts/ava", **said)).status_code == 303
    page = " ".join((await web.get("/scripts/ava")).text.split())
    assert "<ins>+ Namaste $greeting, $fair_name here.</ins>" in page
    assert "<code>$fair_name</code>" in page
    assert "Hello $greeting, this is AVA, an AI assistant calling from Acme Study. This call is recorded." in page
    assert "No imported list fills <code>$fair_name</code>." in page
    assert "until their lists have this column: “Fair name”" in page
    campaign_id = await _draft(web, store)
    async with store.sessions() as session:
        assert (await session.get_one(Campaign, campaign_id)).script_id == old.id, "one that can be launched"
    step = " ".join((await web.get(f"/campaigns/{campaign_id}/set-up/script")).text.split())
    assert "needs a column for <code>$fair_name</code>" in step
    again = await send(web, "/scripts/ava", page="/scripts/ava", **said)
    assert (again.status_code, "nothing changed" in again.text.lower()) == (409, True)


async def test_settings_throw_the_switch_set_prices_and_ring_ones_own_phone(web: AsyncClient, store: Store) -> None:
    here = "/settings"
    assert (await send(web, f"{here}/kill", page=here, why="a fire drill")).status_code == 303
    assert "a fire drill" in (await web.get("/")).text
    assert (await send(web, f"{here}/release", page=here)).status_code == 303
    assert "a fire drill" not in (await web.get("/")).text
    price = {"model": "m", "kind": "text_in", "per_million": "1.25", "since": "2026-01-01"}
    assert (await send(web, f"{here}/prices", page=here, **price)).status_code == 303
    async with store.sessions() as session:
        assert (await session.scalars(select(Price.per_million).where(Price.model == "m"))).one() == 1.25
    rupees = {"model": "INR", "kind": "money", "per_million": "11304.8", "since": "2026-01-01"}
    assert (await send(web, f"{here}/prices", page=here, **rupees)).status_code == 303
    assert "11,304.80" in (await web.get(here)).text
    nonsense = await send(web, f"{here}/prices", page=here, **{**price, "kind": "nonsense"})
    assert (nonsense.status_code, "not a kind that is billed" in nonsense.text) == (422, True)
    assert 'value="m"' in nonsense.text, "what was typed is still there"
    gone = await send(web, f"{here}/prices/remove", page=here, **{**price, "per_million": ""})
    assert "Price removed" in (await web.get(gone.headers["location"])).text
    async with store.sessions() as session:
        assert (await session.scalars(select(Price.per_million).where(Price.model == "m"))).all() == []
    assert (await send(web, f"{here}/prices/remove", page=here, **price)).status_code == 422
    refused = await send(web, f"{here}/ring", page=here, phone="12")
    assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)


async def test_the_campaign_of_single_calls_is_hidden_and_its_calls_are_not(
    web: AsyncClient, settings: Settings, store: Store
) -> None:
    async with store.sessions.begin() as session:  # refused at any hour of the day
        listed = {"scope": "account", "source": "list", "reason": "", "by": "test"}
        await do_not_call.add(session, ["+919812000001"], **listed)
    refused = await send(web, "/settings/ring", page="/settings", phone="+919812000001")
    assert refused.status_code == 409, refused.text
    async with store.sessions() as session:
        hidden = await campaigns.named(session, campaigns.SINGLE_CALLS)
        assert hidden is not None
    for path in ("/", "/campaigns", "/settings"):
        assert campaigns.SINGLE_CALLS not in (await web.get(path)).text, path
    assert (await web.get("/api/campaigns")).json() == []
    taken = await send(web, "/campaigns/new", name="single calls")
    assert (taken.status_code, "choose another name" in taken.text) == (422, True)
    (place,) = await enrol(store.sessions, hidden.id, [phone_of(1)], state="done", last_outcome=Outcome.BUSY)
    await sql(
        store.sessions,
        "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, outcome, carrier, from_number, gate,"
        " created_at) SELECT gen_random_uuid(), :campaign, :place, script_id, '+919812000001', 1, 'ended', 'busy', 'twilio',"
        " '+15005550006', '{}', now() FROM campaign WHERE id = :campaign",
        campaign=hidden.id,
        place=place,
    )
    calls = (await web.get("/calls")).text
    assert f'<td class="named">{campaigns.SINGLE_CALLS}</td>' in calls


async def test_a_kill_switch_is_told_on_every_page_and_a_campaign_names_no_next_call(
    full: AsyncClient, settings: Settings, store: Store
) -> None:
    await sql(store.sessions, "UPDATE campaign_lead SET state = 'waiting', next_attempt_at = now() + interval '1 day'")
    assert "· next call <time" in (await full.get("/campaigns/1")).text
    assert (await send(full, "/settings/kill", page="/settings", why="a fire drill")).status_code == 303
    for path in (*EMPTY_PAGES, *FULL_PAGES):
        page = (await full.get(path)).text
        assert "<strong>All calls are stopped</strong>" in page, path
        assert "a fire drill" in page, path
    renewed = await full.get("/campaigns/1", headers={"hx-request": "true", "accept": "*/*"})
    assert "All calls are stopped" in renewed.text, "a page that renews itself has it too"
    campaign = (await full.get("/campaigns/1")).text
    assert "· next call <time" not in campaign
    assert "no next call: the kill switch is on for all: a fire drill" in campaign
    async with signed_in(settings, store, Role.COUNSELOR) as own:
        theirs = (await own.get("/bookings")).text
        assert "All calls are stopped" in theirs
        assert "/settings#kill" not in theirs, "they cannot release it"
    assert (await send(full, "/settings/release", page="/settings")).status_code == 303
    assert (await send(full, "/settings/kill", page="/settings", why="its bill", carrier="exotel")).status_code == 303
    page = (await full.get("/live")).text
    assert "<strong>Calls over Exotel are stopped</strong>" in page
    assert "All calls are stopped" not in page


async def test_an_open_live_page_is_told_when_a_kill_switch_is_thrown_and_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([[], [], [KillSwitch(scope="all")], [KillSwitch(scope="all")], []])

    async def halted(parts: AppState) -> list[KillSwitch]:
        found = next(looks, None)
        if found is None:
            raise asyncio.CancelledError
        return found

    monkeypatch.setattr(live, "active_kill_switches", halted)
    monkeypatch.setattr(live, "REFRESH_S", 0)
    messages: asyncio.Queue[str] = asyncio.Queue()
    with pytest.raises(asyncio.CancelledError):
        await live.notify_kill_switches(cast(AppState, None), messages)
    assert [messages.get_nowait() for _ in range(messages.qsize())] == ['{"type": "halted"}'] * 2


async def test_reports_count_what_the_calls_say_and_are_taken_as_files(full: AsyncClient, store: Store) -> None:
    whole = await sql(store.sessions, "SELECT count(*) FROM call WHERE outcome IS NOT NULL")
    booked = await sql(store.sessions, "SELECT count(*) FROM call WHERE outcome = 'booked'")
    span = "since=2026-11-01&until=2026-11-30"
    funnel = list(csv.reader(io.StringIO((await full.get(f"/reports/funnel.csv?{span}")).text.removeprefix("\ufeff"))))
    assert [row[:2] for row in funnel if row[0] in ("Calls", "Booked")] == [
        ["Calls", str(whole)],
        ["Booked", str(booked)],
    ]
    reach = list(
        csv.DictReader(io.StringIO((await full.get(f"/reports/reach.csv?{span}")).text.removeprefix("\ufeff")))
    )
    assert sum(int(row["Calls"]) for row in reach) == whole
    book = await full.get(f"/reports/outcomes.xlsx?{span}")
    assert book.content[:2] == b"PK"
    assert (await full.get("/reports/nothing.csv")).status_code == 404


async def test_sums_are_made_once_for_everybody_and_an_old_one_is_shown_only_while_the_new_one_is_long() -> None:
    clock, made, may_end = [0.0], [0], asyncio.Event()
    kept = StaleCache(lambda: clock[0])

    async def make() -> int:
        made[0] += 1
        if made[0] == 3:
            await may_end.wait()
        return made[0]

    assert await asyncio.gather(kept.get("a", make), kept.get("a", make)) == [1, 1]
    assert await kept.get("a", make) == 1
    clock[0] += timedelta(minutes=2).total_seconds()
    assert await kept.get("a", make) == 2
    clock[0] += timedelta(minutes=2).total_seconds()
    assert await asyncio.gather(kept.get("a", make), kept.get("a", make)) == [2, 2]
    may_end.set()
    assert await kept.get("a", make) == 3
    kept.forget("a")
    assert await kept.get("a", make) == 4


async def test_calls_are_listed_by_campaign_and_outcome_and_page_by_key(full: AsyncClient, store: Store) -> None:
    def listed(html: str) -> list[str]:
        return re.findall(r'href="/calls/([0-9a-f-]{36})"', html)

    async with store.sessions() as session:
        rows = (await session.execute(select(Call.id, Call.outcome, Call.campaign_id))).all()
    booked = {str(row.id) for row in rows if row.outcome is Outcome.BOOKED}
    assert len(booked) > 1
    page = (await full.get("/calls?outcome=booked")).text
    assert set(listed(page)) == booked
    assert '<option value="booked" selected>' in page
    of_one = {str(row.id) for row in rows if row.outcome is Outcome.BOOKED and row.campaign_id == 1}
    assert set(listed((await full.get("/calls?outcome=booked&campaign=1")).text)) == of_one
    assert set(listed((await full.get("/calls?outcome=%27--")).text)) == {str(row.id) for row in rows}
    none = (await full.get("/calls?outcome=booked&campaign=999")).text
    assert "No calls match" in none
    async with store.sessions() as session:
        first = await call_history.newest_calls(session, None, most=1, outcome="booked")
        rest = await call_history.newest_calls(session, None, (first[0].at, first[0].call_id), outcome="booked")
    assert {str(each.call_id) for each in (*first, *rest)} == booked
    assert len(rest) == len(booked) - 1


async def test_the_system_check_shows_a_page_at_once_and_loads_its_results(web: AsyncClient) -> None:
    """B22: no blank wait; email is among the checks."""
    page = (await web.get("/settings/doctor")).text
    assert 'hx-get="/settings/doctor?run=1" hx-trigger="load"' in page
    assert "Checking the database" in page
    found = (await web.get("/settings/doctor?run=1")).text
    assert re.search(r'<th scope="row">Email</th>\s*<td>.*Not set', found)
    assert "hx-trigger" not in found.split("<main", 1)[1].split("</main>")[0]
