"""A house in full: running, paused and finished campaigns, leads in every state, talks with words that attack pages."""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import Role
from dialer.domain.calling.call import Outcome, State
from dialer.services.campaigns.create import create_campaign
from dialer.services.leads.import_list import ImportOptions
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.leads import do_not_call
from dialer.store.system import audit
from dialer.store.tables import Booking, Call, EnquiryValue, Enrollment, Lead, ToolUse, Turn
from dialer.wiring.stores import Store, open_store
from tests.browser.corners import Corners, make_corners
from tests.support.actors import ADMIN
from tests.support.lists import SAMPLE, bring, write_list
from tests.support.pages import key_of

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
"""Tuesday, 11:00 in Kolkata."""
SECRET = "k" * 40
"""What the house signs its addresses with."""
LOCKED = "Hello, this is AVA, an AI assistant calling from One Window. This call is recorded."
ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
COLUMN = "Course'\"><script>document.title='taken'</script>"
HOSTILE = [
    (f"Asha {ATTACK}", "+919812000101", f"MBA {ATTACK}"),
    ('=HYPERLINK("http://x")', "+919812000102", "{{ 7 * 7 }}"),
    ("Çağla Ñúñez-Ōsaka", "+919812000103", "javascript:alert(1)"),
    ("Rejected Person", "12", ATTACK),
]
ENDS = (
    *(Outcome.BOOKED, Outcome.NO_ANSWER, Outcome.QUALIFIED, Outcome.BUSY, Outcome.NOT_INTERESTED),
    *(Outcome.VOICEMAIL, Outcome.NO_ANSWER, Outcome.CALL_LATER, Outcome.DROPPED, Outcome.DO_NOT_CALL),
)
TALKED = frozenset(ENDS) - {Outcome.NO_ANSWER, Outcome.BUSY}


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in the house: the key of a session of each role, and the addresses of its corners."""

    keys: Mapping[Role, str]
    corners: Corners


async def fill(settings: Settings) -> Filled:
    """Fill the house, to its corners."""
    async with open_store(settings) as store:
        await fill_open(settings, store)
        keys = {role: await key_of(store, f"{role.value}@example.com", role) for role in Role}
        return Filled(keys, await make_corners(settings, store, NOW, SECRET, settings.dialer_data_dir / "hostile.csv"))


async def fill_open(settings: Settings, store: Store) -> None:
    """The same, where the house is open already; nobody has an account by it."""
    async with store.sessions.begin() as session:
        await create_campaign(session, ADMIN, "Canada, January intake", spend_cap=Decimal(250))
        await create_campaign(session, ADMIN, f"Hostile {ATTACK}")
        await create_campaign(session, ADMIN, "Not begun yet")
    folder = settings.dialer_data_dir
    folder.mkdir(parents=True, exist_ok=True)
    hostile = write_list(folder / "hostile.csv", [list(row) for row in HOSTILE], ("Name", "Phone", COLUMN))
    await bring(settings, store, SAMPLE, "Canada, January intake", {})
    await bring(settings, store, hostile, f"Hostile {ATTACK}", {})
    await bring(settings, store, hostile, "Not begun yet", {}, asked=ImportOptions(dry=True))
    async with store.sessions.begin() as session:
        for name in ("Canada, January intake", f"Hostile {ATTACK}"):
            campaign = await campaigns.named(session, name)
            assert campaign is not None
            await campaigns.move(session, campaign.id, "running")
            await audit.record(session, ATTACK, "campaign.start", {"campaign": name})
        await campaigns.move(session, campaign.id, "paused", f"the breaker tripped {ATTACK}")
        listed = {"scope": "account", "source": ATTACK, "reason": ATTACK, "by": ATTACK}
        await do_not_call.add(session, ["+919812000199"], **listed)
        await _calls(session, settings.dialer_data_dir)
    await _live(store)


async def _calls(session: AsyncSession, folder: Path) -> None:
    places = (await session.execute(select(Enrollment, Lead).join(Lead, Lead.id == Enrollment.lead_id))).all()
    for number, (place, lead) in enumerate(places):
        outcome = ENDS[number % len(ENDS)]
        at = NOW - timedelta(days=number % 9, hours=number % 7, minutes=7 * number)
        call = await _call(session, place, lead, outcome, at)
        place.state, place.last_outcome, place.attempts = "done", outcome, 1
        if outcome in TALKED:
            await _talk(session, call, lead)
            call.recording = str(_sound(folder / "recordings" / f"{call.id}.wav"))
        if outcome is Outcome.BOOKED:
            starts = NOW + timedelta(days=1 + number // 10, hours=number % 5)
            during = Range(starts, starts + timedelta(minutes=30))
            session.add(
                Booking(
                    id=uuid4(),
                    counselor_id=1,
                    campaign_lead_id=place.id,
                    call_id=call.id,
                    during=during,
                    state="booked",
                    lead_zone="Asia/Kolkata",
                )
            )
    await session.flush()


async def _call(session: AsyncSession, place: Enrollment, lead: Lead, outcome: Outcome | None, at: datetime) -> Call:
    talked = outcome in TALKED
    campaign = await campaigns.running(session)
    call = Call(
        id=uuid4(),
        campaign_id=place.campaign_id,
        campaign_lead_id=place.id,
        script_id=campaign[0].script_id,
        phone=lead.phone,
        n=1 if outcome else 2,
        state=State.ENDED if outcome else State.TALKING,
        carrier="twilio",
        from_number="+15005550006",
        gate={"rules": [{"rule": "window", "ok": True, "says": "within calling hours"}]},
        created_at=at,
        placing_at=at,
        answered_at=at + timedelta(seconds=9) if talked else None,
        stream_opened_at=at + timedelta(seconds=9) if talked or outcome is None else None,
        ended_at=at + timedelta(seconds=75) if outcome else None,
        duration_s=66 if talked else 0,
        outcome=outcome,
        reason=ATTACK if outcome is Outcome.DROPPED else None,
        carrier_cost=Decimal("0.0140") if outcome else None,
        voice_cost=Decimal("0.0821") if talked else None,
        currency="USD" if talked else None,
        latency_p50_ms=640 + lead.id * 7 if talked else None,
        latency_p95_ms=1100 if talked else None,
        first_audio_ms=420 if talked else None,
        disclosure=LOCKED if talked else None,
        disclosed_ms=5200 if talked and lead.id % 2 else None,
    )
    session.add(call)
    await session.flush()
    return call


async def _talk(session: AsyncSession, call: Call, lead: Lead) -> None:
    said = (
        ("ava", f"{LOCKED} What inspired you?", 400),
        ("student", f"I want to study in Canada {ATTACK}", 6200),
        ("ava", "Canada is a lovely choice. Which course do you have in mind?", 9100),
        ("student", "Data science, in January.", 13300),
    )
    for position, (who, words, ms) in enumerate(said):
        item = f"item-{position}"
        heard = 1800 if position == 2 else None
        session.add(
            Turn(
                call_id=call.id,
                item=item,
                position=position,
                speaker=who,
                text=words,
                at=call.created_at + timedelta(milliseconds=ms),
                stream_ms=ms,
                heard_ms=heard,
            )
        )
    session.add(
        ToolUse(
            call_id=call.id,
            item="tool-1",
            name="save_enquiry",
            arguments='{"country": "Canada"}',
            result={"saved": {"country": "Canada"}, "say": ATTACK},
            at=call.created_at + timedelta(milliseconds=7000),
            took_ms=12,
        )
    )
    for field, value, turn in (("country", "Canada", "item-1"), ("course", f"Data science {ATTACK}", "item-3")):
        session.add(
            EnquiryValue(
                call_id=call.id,
                campaign_lead_id=call.campaign_lead_id,
                field=field,
                value=value,
                original=value,
                confirmed=field == "country",
                turn_item=turn,
                at=call.created_at,
            )
        )
    await session.flush()


def _sound(path: Path) -> Path:
    """Sixteen seconds of stereo, as quiet as can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4 * 8000 * 16))
    return path


async def _live(store: Store) -> UUID:
    """A call that goes on."""
    async with store.sessions.begin() as session:
        row = (await session.execute(select(Enrollment, Lead).join(Lead, Lead.id == Enrollment.lead_id))).all()[1]
        call = await _call(session, row[0], row[1], None, NOW)
        await _talk(session, call, row[1])
        return call.id
