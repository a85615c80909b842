"""The kill switch: for everything, or for one carrier. Whoever is about to place a call asks it in that transaction."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import KillSwitch

ALL = "all"
LOCK = 0x57097


def carrier_scope(name: str) -> str:
    """The scope of one carrier's switch."""
    return f"carrier:{name}"


async def activate(session: AsyncSession, scope: str, why: str, by: str) -> None:
    """Throw the switch; one that is thrown keeps its first reason.

    It waits for takings that are under way: once this is committed, no call is placed that was not asked for before.
    """
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    await session.execute(insert(KillSwitch).values(scope=scope, reason=why, set_by=by).on_conflict_do_nothing())


async def share(session: AsyncSession) -> None:
    """Hold off whoever throws a switch until this transaction, which is about to read it, has ended."""
    await session.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))


async def release(session: AsyncSession, scope: str) -> bool:
    """Release the switch; False where it was not thrown."""
    gone = await session.execute(delete(KillSwitch).where(KillSwitch.scope == scope).returning(KillSwitch.scope))
    return gone.first() is not None


async def list_active(session: AsyncSession) -> Sequence[KillSwitch]:
    """The kill switches that are on, by scope."""
    return (await session.scalars(select(KillSwitch).order_by(KillSwitch.scope))).all()


async def active(session: AsyncSession) -> dict[str, str]:
    """The switches that are thrown: why, by scope."""
    return dict((await session.execute(select(KillSwitch.scope, KillSwitch.reason))).all())


def why_halted(thrown: Mapping[str, str], carrier: str | None) -> str | None:
    """Why nothing may be placed over this carrier; None where it may."""
    for scope in (ALL, *([carrier_scope(carrier)] if carrier else [])):
        if scope in thrown:
            return f"the kill switch is on for {scope}: {thrown[scope]}"
    return None
