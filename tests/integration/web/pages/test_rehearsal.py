"""The step Rehearse and its API: one rehearsal at a time, and what came of the last one, by people's names as they are now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from dialer.domain.access.roles import Role
from dialer.domain.compliance.gate import DAY
from dialer.services.campaigns.forecast import Forecast, forecast
from dialer.services.campaigns.rehearsal import request_rehearsal
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.tables import Campaign, Job, Lead
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.lists import bring, campaign, students, write_list
from tests.support.pages import send, signed_in
from tests.support.people import TUESDAY_11, enrol, phone_of, running_campaign, sql

STEP = "/campaigns/1/set-up/rehearse"


async def _ended(store: Store, job_id: int, state: str, result: dict[str, Any] | None, says: str | None = None) -> None:
    async with store.sessions.begin() as session:
        job = await session.get_one(Job, job_id)
        job.state, job.result, job.message, job.ended_at = state, result, says, datetime.now(UTC)


async def _jobs(store: Store) -> list[Job]:
    async with store.sessions() as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def test_the_step_asks_for_one_rehearsal_at_a_time_and_shows_what_came_of_it(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    async with signed_in(settings, store) as client:
        assert "no leads to rehearse with yet" in (await client.get(STEP)).text
        await bring(settings, store, write_list(tmp_path / "list.csv", students(1, 2)))
        page = (await client.get(STEP)).text
        assert "this is AVA" in page, "her first words, for a lead of this list"
        assert "Hello Student" in page
        asked = await send(client, "/campaigns/1/rehearse", STEP, leads="2")
        assert asked.status_code == 303, asked.text
        again = await send(client, "/campaigns/1/rehearse", STEP, leads="2")
        assert again.headers["location"] == asked.headers["location"]
        (job,) = await _jobs(store)
        assert (job.kind, job.arguments) == ("rehearse", {"campaign_id": 1, "leads": 2})
        assert "Rehearsing" in (await client.get(f"/jobs/{job.id}")).text
        assert f"/jobs/{job.id}" in (await client.get(STEP)).text
        await _ended(store, job.id, "failed", None, "no voice answered <b>")
        assert "no voice answered &lt;b&gt;" in (await client.get(STEP)).text
        await _ended(store, job.id, "done", await _result(store))
        moved = await client.get(f"/jobs/{job.id}", follow_redirects=False)
        assert moved.headers["location"] == STEP
        page = (await client.get(STEP)).text
        for said in (
            "Student 1",
            "Deleted lead",
            "Do not call",
            "2 calls",
            "Priya Menon",
            "Wed 02 Dec 2026, 10:30",
        ):
            assert said in page, said


async def _result(store: Store) -> dict[str, Any]:
    async with store.sessions() as session:
        lead = (await session.scalars(select(Lead).order_by(Lead.id))).first()
    assert lead is not None
    at = "2026-12-01T05:00:00+00:00"
    person = {"lead_id": lead.id, "state": "done", "calls": 2, "outcome": "booked", "why": None, "next_at": None}
    return {
        "leads": 2,
        "of": 2,
        "calls": 2,
        "took_s": 31.0,
        "rounds": [{"at": at, "calls": 2, "whole": True}],
        "outcomes": {"booked": 1, "busy": 1},
        "held_back": [["do not call", 1]],
        "meetings": [
            {
                "lead_id": lead.id,
                "counselor": "Priya Menon",
                "starts": "2026-12-02T05:00:00+00:00",
                "zone": "Asia/Kolkata",
            }
        ],
        "people": [person, {**person, "lead_id": lead.id + 99, "next_at": at}],
        "campaign_why": None,
        "incidents": [],
    }


async def test_the_api_asks_for_a_rehearsal_too_and_only_who_may_launch_is_heard(
    settings: Settings, store: Store
) -> None:
    await campaign(store)
    async with signed_in(settings, store, Role.AUDITOR) as client:
        assert (await _ask(client, leads=5)).status_code == 403
    async with signed_in(settings, store, Role.MARKETING) as client:
        assert (await _ask(client, leads=0)).status_code == 400
        assert (await _ask(client, "Nowhere", leads=5)).status_code == 404
        answer = await _ask(client, leads=5)
        assert answer.status_code == 202, answer.text
        assert (await client.get(f"/api/jobs/{answer.json()['job_id']}")).json()["kind"] == "rehearse"


async def _ask(client: AsyncClient, name: str = "Spring", **body: Any) -> Any:
    token = (await client.get("/campaigns")).text.split('name="csrf" content="')[1].split('"')[0]
    return await client.post(f"/api/campaigns/{name}/rehearse", json=body, headers={"x-csrf": token})


async def _forecast(store: Store, campaign_id: int, now: datetime = TUESDAY_11) -> Forecast:
    async with store.sessions() as session:
        return await forecast(session, await session.get_one(Campaign, campaign_id), {}, now, "Asia/Kolkata")


def _there(at: datetime | None) -> str:
    assert at is not None
    return f"{at.astimezone(ZoneInfo('Asia/Kolkata')):%a %H:%M}"


async def test_the_forecast_tells_the_first_round_and_how_long_retries_wait(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, "Spring", per_second=1.0, concurrency=10)
    await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(1, 49)])
    told = await _forecast(store, campaign_id)
    assert _there(told.opens_at) == "Tue 11:00"
    assert _there(told.first_done_at) == "Tue 11:03", "48 calls of 45 seconds, ten at once"
    assert _there(told.last_retry_at) == "Thu 10:30", "20 hours, three, and three more behind two calls in 24 hours"
    evening = await _forecast(store, campaign_id, TUESDAY_11 + timedelta(hours=7, minutes=45))
    assert _there(evening.opens_at) == "Tue 18:45"
    assert _there(evening.first_done_at) == "Tue 18:48"
    await enrol(store.sessions, campaign_id, [phone_of(60)], state="waiting", next_attempt_at=TUESDAY_11 + DAY)
    assert _there((await _forecast(store, campaign_id)).first_done_at) == "Wed 11:00", "somebody waits until then"
    await sql(store.sessions, "UPDATE campaign SET max_attempts = 1")
    assert (await _forecast(store, campaign_id)).last_retry_at is None


@pytest.mark.parametrize(
    ("changed", "is_rehearsed"),
    [
        ({}, True),
        ({"policy": {}}, False),  # the schedule was changed since
        ({"of": 3}, False),  # a part of the list only
        ({"rounds": [{"at": (TUESDAY_11 - timedelta(hours=3)).isoformat(), "calls": 2, "whole": True}]}, False),
    ],
)
async def test_the_forecast_and_a_rehearsal_of_the_same_leads_tell_the_same_end(
    settings: Settings, store: Store, changed: dict[str, Any], is_rehearsed: bool
) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1), phone_of(2)])
    async with store.sessions.begin() as session:
        spring = await session.get_one(Campaign, campaign_id)
        job_id = await request_rehearsal(session, ADMIN, spring, 2)
        policy = campaigns.timing_of(spring)
    end = (TUESDAY_11 + timedelta(days=1, hours=7)).isoformat()
    result = await _result(store)
    rounds = [{"at": each, "calls": 1, "whole": True} for each in (TUESDAY_11.isoformat(), end)]
    people = [{**each, "next_at": None} for each in result["people"]]
    await _ended(store, job_id, "done", {**result, "policy": policy, "rounds": rounds, "people": people, **changed})
    told = await _forecast(store, campaign_id)
    assert told.is_rehearsed == is_rehearsed
    assert _there(told.last_retry_at) == ("Wed 18:00" if is_rehearsed else "Thu 10:30")


async def test_the_rail_shows_both_moments(settings: Settings, store: Store) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    async with signed_in(settings, store) as client:
        page = " ".join((await client.get(f"/campaigns/{campaign_id}/set-up/launch")).text.split())
    assert "<dt>First round done by</dt> <dd><time" in page
    assert "<dt>Last retries</dt> <dd>by <time" in page
    assert "Ends about" not in page
