"""What models cost, from which day on: a call is priced by the list of its own day."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Price


async def on(session: AsyncSession, models: Collection[str], day: date) -> dict[tuple[str, str], Decimal]:
    """The prices of a day for a million of each kind, by model and kind."""
    newest = (
        select(Price.model, Price.kind, Price.per_million)
        .where(Price.model.in_(models), Price.since <= day)
        .ext(distinct_on(Price.model, Price.kind))
        .order_by(Price.model, Price.kind, Price.since.desc())
    )
    return {(model, kind): price for model, kind, price in await session.execute(newest)}


async def set_price(
    session: AsyncSession, model: str, kind: str, per_million: Decimal, since: date, source: str
) -> None:
    """Set a price from a day on; one of the same day is replaced."""
    values = {"per_million": per_million, "source": source}
    await session.execute(
        insert(Price)
        .values(model=model, kind=kind, since=since, **values)
        .on_conflict_do_update(index_elements=["model", "kind", "since"], set_=values)
    )


async def remove(session: AsyncSession, model: str, kind: str, since: date) -> bool:
    """Remove the price of one day; False where there is none."""
    found = delete(Price).where(Price.model == model, Price.kind == kind, Price.since == since).returning(Price.model)
    return (await session.execute(found)).first() is not None


async def list_all(session: AsyncSession, model: str | None = None) -> list[Price]:
    """All prices that were ever set, of a model or of all."""
    query = select(Price).order_by(Price.model, Price.kind, Price.since)
    if model is not None:
        query = query.where(Price.model == model)
    return list(await session.scalars(query))
