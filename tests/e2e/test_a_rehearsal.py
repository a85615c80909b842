"""A rehearsal: the campaign's own leads, rung by the real dialer in a simulated world, decided as they would be for real."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from dialer.domain.calling.call import Outcome, State
from dialer.domain.meetings.counselor_input import DAYS, read_week
from dialer.services.campaigns.create import create_campaign
from dialer.services.campaigns.forecast import ROOM
from dialer.services.campaigns.rehearsal import request_rehearsal
from dialer.services.counselors import add_counselor
from dialer.services.dialing.eligibility import evaluate_leads
from dialer.services.dialing.routing import caller_id_for
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.leads import do_not_call
from dialer.store.tables import Booking, Call, Campaign, Counselor, Enrollment, Job, Lead
from dialer.wiring.carriers import make_carriers
from dialer.wiring.environment import clean_environment, settings_environment
from dialer.wiring.stores import Store, open_store
from tests.support.actors import ADMIN
from tests.support.lists import bring, write_list
from tests.support.people import sql

TUESDAY_11 = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
"""11:00 in Kolkata."""
HEADER = ("Name", "Phone", "Course")
LEADS = [(f"Student {n}", f"+9198120001{n:02}", f"Course {n}") for n in (10, 12, 15, 20, 22, 30, 32, 40)]
LISTED, RUNG_TWICE, TAKEN = "+919812000130", "+919812000132", "+919812000140"


@contextmanager
def trap() -> Iterator[tuple[str, list[str]]]:
    """An address where the real carrier would be, and who called there: nobody may."""
    callers: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            try:
                while True:
                    peer, _ = listening.accept()
                    callers.append(str(peer.getpeername()))
                    peer.close()
            except OSError:
                return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", callers
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def real(settings: Settings) -> Iterator[tuple[Settings, list[str]]]:
    """A house with a carrier's account, at an address where nobody is to call."""
    with trap() as (url, callers):
        known = {
            "twilio_account_sid": "AC" + "0" * 32,
            "twilio_auth_token": SecretStr("secret"),
            "twilio_from_number": "+15005550006",
            "twilio_api_url": url,
            "dialer_clock": TUESDAY_11.isoformat(),
        }
        yield settings.model_copy(update=known), callers


async def fill(settings: Settings, store: Store) -> int:
    """A draft with a list of whom some may not be rung; a counselor who has no time before half past two."""
    async with store.sessions.begin() as session:
        made = await create_campaign(session, ADMIN, "Spring", concurrency=8, per_second=5.0)
        await create_campaign(session, ADMIN, "Elsewhere")
        person = {"name": "Priya Menon", "zone": "Asia/Kolkata", "email": "priya@example.com", "notice_minutes": 0}
        week = read_week(dict.fromkeys(DAYS[:6], "10:00-15:30"))
        await add_counselor(session, ADMIN, person, week)
    folder = settings.dialer_data_dir
    folder.mkdir(parents=True, exist_ok=True)
    await bring(settings, store, write_list(folder / "list.csv", LEADS, HEADER), "Spring", {})
    async with store.sessions.begin() as session:
        await do_not_call.add(session, [LISTED], scope="account", source="letter", reason="", by="a test")
        places = {
            lead.phone: place
            for place, lead in await session.execute(select(Enrollment, Lead).join(Lead, Lead.id == Enrollment.lead_id))
        }
        elsewhere = await campaigns.named(session, "Elsewhere")
        assert elsewhere is not None
        for n, hours in ((1, 1), (2, 2)):
            session.add(_earlier(places[RUNG_TWICE], made, n, TUESDAY_11 - timedelta(hours=hours)))
        for desk in await session.scalars(select(Counselor)):
            during = Range(TUESDAY_11 - timedelta(hours=1), TUESDAY_11 + timedelta(hours=3, minutes=30))
            taken = {"campaign_lead_id": places[TAKEN].id, "lead_zone": "Asia/Kolkata", "state": "held"}
            taken["held_until"] = datetime.now(UTC) + timedelta(hours=1)
            session.add(Booking(id=uuid4(), counselor_id=desk.id, during=during, **taken))
        return made.id


def _earlier(place: Enrollment, campaign: Campaign, n: int, at: datetime) -> Call:
    place.attempts = n
    return Call(
        id=uuid4(),
        campaign_id=campaign.id,
        campaign_lead_id=place.id,
        script_id=campaign.script_id,
        phone=RUNG_TWICE,
        n=n,
        state=State.ENDED,
        outcome=Outcome.NO_ANSWER,
        carrier="twilio",
        from_number="+15005550006",
        gate={},
        created_at=at,
        placing_at=at,
        ended_at=at,
    )


def dialer(settings: Settings, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dialer", *words]
    environment = {**clean_environment(), **settings_environment(settings)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def everything(store: Store) -> dict[str, str]:
    """All that stands in the house's own database, a hash a table."""
    async with store.sessions() as session:
        names = (await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
    found = {}
    for name in names:
        query = f"SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') FROM {name} t"
        found[name] = await sql(store.sessions, query)
    return found


@pytest.mark.full
async def test_a_rehearsal_decides_as_the_gate_does_here_and_leaves_everything_as_it_is(
    real: tuple[Settings, list[str]],
) -> None:
    settings, callers = real
    async with open_store(settings) as store:
        campaign_id = await fill(settings, store)
        before = await everything(store)
        running = dialer(
            settings, "campaign", "rehearse", "Spring", "--at", TUESDAY_11.isoformat(), "--rounds", "1", "--json"
        )
        out, err = await asyncio.to_thread(running.communicate, timeout=240)
        assert running.returncode == 0, err
        result = json.loads(out)
        assert await everything(store) == before
        assert callers == []
        assert not (settings.dialer_data_dir / "rehearsal").exists()
        assert (result["leads"], result["of"], result["carriers"]) == (8, 8, ["twilio"])
        assert datetime.fromisoformat(result["rounds"][0]["at"]) == TUESDAY_11
        await _decided_alike(store, settings, campaign_id, result)
    rung = [each for each in result["people"] if each["calls"]]
    assert len(rung) == result["calls"] == sum(result["outcomes"].values()) == 6
    assert result["meetings"], result["outcomes"]
    free = TUESDAY_11 + timedelta(hours=3, minutes=30)
    assert all(datetime.fromisoformat(each["starts"]) >= free for each in result["meetings"])
    assert {each["counselor"] for each in result["meetings"]} <= {"Priya Menon", "One Window desk"}


async def _decided_alike(store: Store, settings: Settings, campaign_id: int, result: dict[str, Any]) -> None:
    """Each lead was rung if and only if the gate of this house says so at that moment, rule by rule."""
    carriers = make_carriers(settings)
    async with store.sessions() as session:
        await campaigns.move(session, campaign_id, "running")  # rolled back at the end
        campaign = await session.get_one(Campaign, campaign_id)
        await session.refresh(campaign)
        query = select(Enrollment, Lead).join(Lead, Lead.id == Enrollment.lead_id)
        rows = {lead.id: (place, lead) for place, lead in await session.execute(query)}
        for each in result["people"]:
            place, lead = rows[each["lead_id"]]
            at = datetime.fromisoformat(each["gate"]["at"]) if each["gate"] else TUESDAY_11
            line = caller_id_for(carriers, campaign, lead.phone)
            (verdict,) = await evaluate_leads(session, campaign, [(place, lead)], [line], at, ROOM)
            assert verdict.may_ring == bool(each["calls"]), (each, verdict)
            if each["gate"]:
                assert [each["rule"] for each in each["gate"]["rules"]] == [each.rule for each in verdict.answers]
                assert all(rule["ok"] for rule in each["gate"]["rules"])
            else:
                assert each["why"] in [answer.says for answer in verdict.answers if not answer.ok], (each, verdict)
        await session.rollback()
    for carrier in carriers.values():
        await carrier.close()


async def test_a_rehearsal_that_is_stopped_leaves_no_process_and_no_data(real: tuple[Settings, list[str]]) -> None:
    settings, callers = real
    async with open_store(settings) as store:
        campaign_id = await fill(settings, store)
        async with store.sessions.begin() as session:
            campaign = await session.get_one(Campaign, campaign_id)
            job_id = await request_rehearsal(session, ADMIN, campaign, 5)
            assert await request_rehearsal(session, ADMIN, campaign, 5) == job_id, "one at a time"
            job = await session.get_one(Job, job_id)
            job.state = "running"
        working = dialer(settings, "job", str(job_id))
        children: dict[int, psutil.Process] = {}
        while (await _job(store, job_id)).total == 0:
            assert working.poll() is None, working.communicate()
            children |= {each.pid: each for each in psutil.Process(working.pid).children(recursive=True)}
            await asyncio.sleep(0.1)
        folder = settings.dialer_data_dir / "rehearsal"
        assert folder.exists()
        async with store.sessions.begin() as session:
            (await session.get_one(Job, job_id)).cancel = True
        _, err = await asyncio.to_thread(working.communicate, timeout=120)
        job = await _job(store, job_id)
        assert (job.state, job.total) == ("cancelled", 5), err
    assert not folder.exists()
    assert len(children) > 3
    _, alive = psutil.wait_procs(children.values(), timeout=20)
    assert alive == []
    assert callers == []


async def _job(store: Store, job_id: int) -> Job:
    async with store.sessions() as session:
        return await session.get_one(Job, job_id)
