"""Numbers that must not be rung."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import DoNotCall, Registry

ACCOUNT = "account"


def campaign_scope(campaign_id: int) -> str:
    """The scope of one campaign's own list."""
    return f"campaign:{campaign_id}"


async def add(session: AsyncSession, phones: Iterable[str], *, scope: str, source: str, reason: str, by: str) -> int:
    """List numbers; how many were not listed in that scope before. The first reason stays."""
    rows = [
        {"phone": phone, "scope": scope, "source": source, "reason": reason, "added_by": by}
        for phone in sorted(set(phones))
    ]
    if not rows:
        return 0
    listed = await session.execute(insert(DoNotCall).values(rows).on_conflict_do_nothing().returning(DoNotCall.id))
    return len(listed.all())


async def entries(session: AsyncSession, phone: str) -> Sequence[DoNotCall]:
    """Every entry of a number, in whatever scope."""
    return (await session.scalars(select(DoNotCall).where(DoNotCall.phone == phone).order_by(DoNotCall.id))).all()


async def listed(session: AsyncSession, phones: Iterable[str], campaign_id: int) -> dict[str, tuple[str, ...]]:
    """The scopes that hold each of the numbers and bind this campaign; numbers on no list are left out."""
    query = select(DoNotCall.phone, DoNotCall.scope).where(
        DoNotCall.phone.in_(list(phones)), DoNotCall.scope.in_([ACCOUNT, campaign_scope(campaign_id)])
    )
    found: dict[str, tuple[str, ...]] = {}
    for phone, scope in await session.execute(query):
        found[phone] = (*found.get(phone, ()), scope.partition(":")[0])
    return found


def registry_scope(name: str) -> str:
    """The scope of a public registry's numbers."""
    return f"registry:{name}"


async def registered(session: AsyncSession, phones: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The public registries that hold each of the numbers; numbers on none are left out."""
    query = select(DoNotCall.phone, DoNotCall.scope).where(
        DoNotCall.phone.in_(list(phones)), DoNotCall.scope.startswith("registry:")
    )
    found: dict[str, tuple[str, ...]] = {}
    for phone, scope in await session.execute(query):
        found[phone] = (*found.get(phone, ()), scope.partition(":")[2])
    return found


async def registries(session: AsyncSession) -> dict[str, datetime]:
    """When each imported registry was imported."""
    return {each.name: each.imported_at for each in await session.scalars(select(Registry))}


async def note_registry(session: AsyncSession, name: str, entries: int, now: datetime) -> None:
    """A registry was imported just now."""
    fresh = {"entries": entries, "imported_at": now}
    await session.execute(
        insert(Registry).values(name=name, **fresh).on_conflict_do_update(index_elements=["name"], set_=fresh)
    )


async def remove(session: AsyncSession, phone: str) -> int:
    """Take a number off every list; how many entries there were."""
    gone = await session.execute(delete(DoNotCall).where(DoNotCall.phone == phone).returning(DoNotCall.id))
    return len(gone.all())
