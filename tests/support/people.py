"""Campaigns, leads and calls as the tests need them, made by the product's own flows where there is one."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dialer.carriers.port import PlaceResult
from dialer.services.calls.accept_stream import AcceptedCall, accept_stream
from dialer.services.calls.context import CallContext
from dialer.services.campaigns.create import create_campaign
from dialer.services.dialing.acquire import CallbackUrls, Skipped
from dialer.services.dialing.claim import claim_due
from dialer.services.dialing.place import place_call
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Sessions
from dialer.store.tables import Call, Campaign, Enrollment, Lead, RateBucket
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier

SHARED = (
    *(f"carrier:{ScriptedCarrier.name}", f"number:{ScriptedCarrier.from_number}"),
    *("carrier:exotel", "number:08040000000"),
)
TUESDAY_11 = datetime(2026, 2, 10, 11, 0, tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)
ADDRESSES = CallbackUrls("http://127.0.0.1:8000", "ws://127.0.0.1:8001")


def phone_of(n: int) -> str:
    """The number of the n-th invented student; none of sample_leads.csv."""
    return f"+9198120{n:05}"


def eleven() -> datetime:
    """A clock that stands at eleven on a Tuesday morning in Kolkata."""
    return TUESDAY_11


async def running_campaign(sessions: Sessions, name: str = "Spring", *, tokens: float = 100.0, **columns: Any) -> int:
    """A running campaign with room for many calls at once; `tokens` is its bucket, `columns` change its policy."""
    async with sessions.begin() as session:
        made = await create_campaign(session, ADMIN, name)
        await campaigns.move(session, made.id, "running")
        policy = {"concurrency": 100, "per_second": 100.0} | columns
        await session.execute(update(Campaign).where(Campaign.id == made.id).values(policy))
    await set_tokens(sessions, f"campaign:{made.id}", tokens)
    for shared in SHARED:
        await set_tokens(sessions, shared, 1000.0)
    return made.id


async def set_tokens(sessions: Sessions, key: str, tokens: float) -> None:
    """Let a bucket hold this many tokens."""
    row = {"tokens": tokens, "at": func.clock_timestamp()}
    async with sessions.begin() as session:
        await session.execute(
            insert(RateBucket).values(key=key, **row).on_conflict_do_update(index_elements=["key"], set_=row)
        )


async def enrol(
    sessions: Sessions, campaign_id: int, phones: Iterable[str], lead: dict[str, Any] | None = None, **columns: Any
) -> list[int]:
    """Leads in a campaign, as an import leaves them; `lead` and `columns` change the rows. Their campaign_lead ids."""
    ids = []
    async with sessions.begin() as session:
        for phone in phones:
            person = {"phone": phone, "name": "Asha Rao", "zones": ["Asia/Kolkata"], **(lead or {})}
            known = insert(Lead).values(person).on_conflict_do_update(index_elements=["phone"], set_={"phone": phone})
            lead_id = await session.scalar(known.returning(Lead.id))
            made = Enrollment(campaign_id=campaign_id, lead_id=lead_id, **columns)
            session.add(made)
            await session.flush()
            ids.append(made.id)
    return ids


async def claim(sessions: Sessions, carrier: ScriptedCarrier, now: datetime = TUESDAY_11) -> list[UUID]:
    """One tick's claim; the intended calls in order."""
    async with sessions.begin() as session:
        return [call for batch in await claim_due(session, {carrier.name: carrier}, now) for call in batch.calls]


async def place(
    sessions: Sessions, call_id: UUID, carrier: ScriptedCarrier, now: datetime = TUESDAY_11
) -> PlaceResult | Skipped:
    """Place an intended call."""
    return await place_call(sessions, call_id, {carrier.name: carrier}, ADDRESSES, lambda: now)


async def meant_call(sessions: Sessions, carrier: ScriptedCarrier, n: int = 1, **columns: Any) -> UUID:
    """A campaign with one lead, and the intent to ring them."""
    campaign_id = await running_campaign(sessions, f"Campaign {n}", **columns)
    await enrol(sessions, campaign_id, [phone_of(n)])
    (call_id,) = await claim(sessions, carrier)
    return call_id


async def placed_call(sessions: Sessions, carrier: ScriptedCarrier, n: int = 1) -> Call:
    """A call that the carrier took."""
    call_id = await meant_call(sessions, carrier, n)
    await place(sessions, call_id, carrier)
    return await call_row(sessions, call_id)


async def talk_with(sessions: Sessions, carrier: ScriptedCarrier, n: int = 1) -> CallContext:
    """A call that was answered: its media stream has just been taken."""
    call = await placed_call(sessions, carrier, n)
    token = next(order.token for order in carrier.orders if order.call_id == call.id)
    async with sessions.begin() as session:
        answered = await accept_stream(session, token, call.carrier_sid or "", TUESDAY_11)
    assert isinstance(answered, AcceptedCall), answered
    return answered.talk


async def call_row(sessions: Sessions, call_id: UUID) -> Call:
    """The call's row as it is now."""
    async with sessions() as session:
        return await session.get_one(Call, call_id)


async def lead_now(sessions: Sessions, n: int = 1, campaign_id: int | None = None) -> Enrollment:
    """The n-th student's place in their (only, or the named) campaign, as it is now."""
    query = select(Enrollment).join(Lead, Lead.id == Enrollment.lead_id).where(Lead.phone == phone_of(n))
    if campaign_id is not None:
        query = query.where(Enrollment.campaign_id == campaign_id)
    async with sessions() as session:
        return (await session.scalars(query)).one()


async def campaign_now(sessions: Sessions, name: str = "Spring") -> Campaign:
    """The campaign's row as it is now."""
    async with sessions() as session:
        found = await campaigns.named(session, name)
        assert found is not None
        return found


async def sql(sessions: Sessions, statement: str, **values: Any) -> Any:
    """Run one statement; the first column of the first row, if there is one."""
    async with sessions.begin() as session:
        result = await session.execute(text(statement), values)
        row = result.first() if result.returns_rows else None  # type: ignore[attr-defined]
        return row[0] if row else None


async def row_counts(sessions: Sessions) -> dict[str, int]:
    """How many rows every table holds."""
    async with sessions() as session:
        names = (await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
        return {name: (await session.scalar(text(f'SELECT count(*) FROM "{name}"'))) or 0 for name in names}
