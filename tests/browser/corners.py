"""Pages that a house has only at times: a list half brought in, work that goes on or failed, a meeting's own addresses."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import add_token, invite
from dialer.services.accounts.totp import Sealer, new_secret
from dialer.services.meetings.signed_links import SignedLinks
from dialer.services.scripts import SHIPPED, add_script
from dialer.settings import Settings
from dialer.store.tables import Account, Booking, Job
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN


@dataclass(frozen=True, slots=True)
class Corners:
    """Their addresses: for whoever is signed in, and (by name) for everybody."""

    inside: tuple[str, ...]
    outside: Mapping[str, str]


async def make_corners(settings: Settings, store: Store, now: datetime, secret: str, list_file: Path) -> Corners:
    """Make them: in a house whose third campaign has no list, by an administrator, an auditor, marketing and a counselor."""
    links, uploaded = SignedLinks("", secret), uuid4()
    folder = settings.dialer_data_dir / "uploads" / uploaded.hex
    folder.mkdir(parents=True)
    shutil.copy(list_file, folder / "spring fair.csv")
    asked = {"file": "spring fair.csv", "campaign": "Not begun yet"}
    works = [
        Job(kind="import", arguments=asked, requested_by="a test", state="queued"),
        Job(
            kind="import",
            arguments=asked,
            requested_by="a test",
            state="running",
            done=12_000,
            total=50_000,
            heartbeat_at=now,
        ),
        Job(kind="export", arguments=asked, requested_by="a test", state="done", result={}),
        Job(
            kind="import",
            arguments=asked,
            requested_by="a test",
            state="failed",
            message="the list has a header and no rows",
        ),
    ]
    async with store.sessions.begin() as session:
        session.add_all(works)
        await session.flush()
        await add_script(session, ADMIN, SHIPPED, {"opening": "Hello, this is AVA of One Window. May I ask your name?"})
        guest = await invite(session, ADMIN, "guest@example.com", Role.MARKETING)
        by_role = {each.role: each for each in await session.scalars(select(Account))}
        for role in (Role.ADMIN, Role.AUDITOR):
            await add_token(session, by_role[role].id, "nightly export", [Scope.READ], by="a test")
        by_role[Role.AUDITOR].totp_secret = Sealer(secret).seal(new_secret())
        coming = (await session.scalars(select(Booking).order_by(Booking.during))).all()
        past = _past(coming[0], now)
        session.add(past)
        await session.flush()
        return Corners(
            inside=(
                *(f"/jobs/{each.id}" for each in works),
                *(f"/campaigns/3/lists/{uploaded}", f"/campaigns/3/lists/{uploaded}?separator=semicolon"),
                *("/account", "/account/password", "/settings/accounts", "/settings/audit", "/settings/doctor"),
                *("/schema", f"/scripts/{SHIPPED}?old=1&new=2"),
            ),
            outside={
                "sign-in": "/sign-in",
                "invitation": f"/invitation/{guest.key}",
                "invitation-over": "/invitation/nobody",
                "meeting": links.student(coming[0]),
                "meeting-over": links.student(past),
                "went-not-yet": links.counselor(coming[0]),
                "went": links.counselor(past),
            },
        )


def _past(like: Booking, now: datetime) -> Booking:
    """A meeting of yesterday with the same student, that nobody has said anything about."""
    began = now - timedelta(days=1)
    return Booking(
        id=uuid4(),
        counselor_id=like.counselor_id,
        campaign_lead_id=like.campaign_lead_id,
        call_id=like.call_id,
        during=Range(began, began + timedelta(minutes=30)),
        state="attended",
        lead_zone=like.lead_zone,
    )
