"""Commands beside a running dialer, and what its calls left in SQL: for the tests of whole campaigns."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from dialer.settings import Settings
from dialer.store.tables import Booking, Call, DoNotCall, Enrollment, Lead, ToolUse, Turn
from dialer.wiring.environment import settings_environment
from dialer.wiring.stores import open_store

TUESDAY_MORNING = datetime(2026, 3, 3, 11, 0, tzinfo=ZoneInfo("Asia/Kolkata"))
TIMEOUT_S = 150.0


def dialer(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the running dialer, as a person would."""
    carriers = {
        name: value for name, value in settings_environment(settings).items() if name.startswith(("TWILIO_", "EXOTEL_"))
    }
    beside = {
        "DIALER_DATABASE_URL": settings.dialer_database_url,
        "DIALER_REDIS_URL": settings.dialer_redis_url,
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
        "DIALER_CLOCK": settings.dialer_clock,
        "DIALER_ENV_FILE": "/dev/null",
        "PATH": "/usr/bin:/bin",
    }
    environment = carriers | {name: value for name, value in beside.items() if value is not None}
    command = [sys.executable, "-m", "dialer", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def done(settings: Settings, *words: str) -> Any:
    """Run a command that must succeed, and read its JSON."""
    result = dialer(settings, *words)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


async def until_all_were_rung(settings: Settings, names: Sequence[str], *, within_s: float = TIMEOUT_S) -> None:
    """Start these campaigns, and wait until every lead is done or scheduled."""
    for name in names:
        started = await asyncio.to_thread(dialer, settings, "campaign", "start", name)
        assert started.returncode == 0, started.stderr
    until = time.monotonic() + within_s
    async with open_store(settings) as store:
        while True:
            async with store.sessions() as session:
                open_leads = await session.scalar(
                    text(
                        "SELECT count(*) FROM campaign_lead LEFT JOIN campaign_hours USING (campaign_id, hours_id) "
                        "WHERE state = 'calling' OR "
                        "(state IN ('ready', 'waiting') AND greatest(next_attempt_at, opens_at) <= :now)"
                    ),
                    {"now": store.clock.now()},
                )
            if not open_leads:
                return
            assert time.monotonic() < until, f"{open_leads} leads are still open"
            await asyncio.sleep(0.3)


async def read_calls(settings: Settings) -> list[dict[str, Any]]:
    """Every call with its turns, tools, bookings and do-not-call entries, straight from SQL."""
    async with open_store(settings) as store, store.sessions() as session:
        calls = []
        query = (
            select(Call, Lead, Enrollment)
            .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
            .join(Lead, Lead.id == Enrollment.lead_id)
        )
        for call, lead, in_campaign in await session.execute(query):
            turns = (await session.scalars(select(Turn).where(Turn.call_id == call.id).order_by(Turn.position))).all()
            tools = (
                await session.scalars(select(ToolUse).where(ToolUse.call_id == call.id).order_by(ToolUse.id))
            ).all()
            booked = (await session.scalars(select(Booking).where(Booking.call_id == call.id))).all()
            listed = (await session.scalars(select(DoNotCall).where(DoNotCall.phone == lead.phone))).all()
            calls.append(
                {
                    "call": call,
                    "lead": lead,
                    "in_campaign": in_campaign,
                    "turns": turns,
                    "tools": [tool.name for tool in tools],
                    "booked": booked,
                    "listed": listed,
                }
            )
        return calls


async def until_every_call_is_placed(settings: Settings, *, within_s: float = TIMEOUT_S) -> None:
    """Wait until the carrier has every call that was asked for, so that both sides can be compared."""
    until = time.monotonic() + within_s
    async with open_store(settings) as store:
        while True:
            async with store.sessions() as session:
                waiting = await session.scalar(
                    text("SELECT count(*) FROM call WHERE state IN ('intent', 'placing', 'unknown')")
                )
            if not waiting:
                return
            assert time.monotonic() < until, f"{waiting} calls were not placed"
            await asyncio.sleep(0.1)
