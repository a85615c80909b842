"""Numbers that must not be called."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
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


async def reasons(session: AsyncSession, phone: str) -> dict[str, Any]:
    """The entries for --json and the API: `{phone, listed, entries: [{scope, source, reason, by, at}]}`."""
    found = [
        {
            "scope": each.scope,
            "source": each.source,
            "reason": each.reason,
            "by": each.added_by,
            "at": each.added_at.isoformat(),
        }
        for each in await entries(session, phone)
    ]
    return {"phone": phone, "listed": bool(found), "entries": found}


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


Scopes = dict[str, tuple[str, ...]]
"""Numbers, each with the lists that hold it."""


async def standing(session: AsyncSession, phones: Iterable[str], campaign_id: int) -> tuple[Scopes, Scopes]:
    """What `listed` says of the numbers, and the public registries that hold each; in one question for both."""
    own, registries = [ACCOUNT, campaign_scope(campaign_id)], DoNotCall.scope.startswith("registry:")
    query = select(DoNotCall.phone, DoNotCall.scope).where(
        DoNotCall.phone.in_(list(phones)), DoNotCall.scope.in_(own) | registries
    )
    ours: Scopes = {}
    public: Scopes = {}
    for phone, scope in await session.execute(query):
        kind, _, name = scope.partition(":")
        if kind == "registry":
            public[phone] = (*public.get(phone, ()), name)
        else:
            ours[phone] = (*ours.get(phone, ()), kind)
    return ours, public


async def registries(session: AsyncSession) -> dict[str, datetime]:
    """When each imported registry was imported."""
    return {each.name: each.imported_at for each in await session.scalars(select(Registry))}


async def record_registry(session: AsyncSession, name: str, entries: int, now: datetime) -> None:
    """A registry was imported just now."""
    fresh = {"entries": entries, "imported_at": now}
    await session.execute(
        insert(Registry).values(name=name, **fresh).on_conflict_do_update(index_elements=["name"], set_=fresh)
    )


async def remove(session: AsyncSession, phone: str) -> int:
    """Take a number off every list; how many entries there were."""
    gone = await session.execute(delete(DoNotCall).where(DoNotCall.phone == phone).returning(DoNotCall.id))
    return len(gone.all())


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Where a list of numbers belongs, and what is kept of where it came from."""

    scope: str
    source: str
    reason: str
    by: str


async def stage(session: AsyncSession) -> None:
    """Make room for a list of numbers on its way in, until the transaction ends."""
    await session.execute(text("CREATE TEMP TABLE IF NOT EXISTS listing (phone text) ON COMMIT DROP"))
    await session.execute(text("TRUNCATE listing"))


async def add_staged(session: AsyncSession, phones: Sequence[str]) -> None:
    """Add numbers to those on their way in."""
    lines = "".join(f"{phone}\n" for phone in phones).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield lines

    raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
    await raw.copy_to_table("listing", source=pieces(), format="text")


async def settle(session: AsyncSession, listing: ListOptions, *, replace: bool = False) -> int:
    """List what is staged; how many numbers were new. The first reason stays; `replace` takes off what is not staged."""
    await session.execute(text("ANALYZE listing"))
    if replace:
        gone = "DELETE FROM do_not_call d WHERE scope = :scope AND NOT EXISTS (SELECT FROM listing l WHERE l.phone = d.phone)"
        await session.execute(text(gone), {"scope": listing.scope})
    done = await session.execute(
        text(
            "WITH added AS (INSERT INTO do_not_call (phone, scope, source, reason, added_by) "
            "SELECT DISTINCT phone, :scope, :source, :reason, :by FROM listing ORDER BY phone "
            "ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM added"
        ),
        {"scope": listing.scope, "source": listing.source, "reason": listing.reason, "by": listing.by},
    )
    return int(done.scalar_one())


_BOUND = "(:campaign = 0 OR {}.campaign_id = :campaign)"


async def staged_calls(session: AsyncSession, scope: str, state: str) -> Sequence[UUID]:
    """Calls in a state to numbers that are staged, as far as the scope binds them."""
    query = (
        f"SELECT c.id FROM call c JOIN listing l ON l.phone = c.phone WHERE c.state = :state AND {_BOUND.format('c')}"  # noqa: S608 - ours
    )
    return (await session.scalars(text(query), {"state": str(state), "campaign": _campaign_of(scope)})).all()


async def finish_staged(session: AsyncSession, scope: str) -> None:
    """Take staged numbers out of the campaigns that the scope binds."""
    query = (
        "UPDATE campaign_lead p SET state = 'done', why = 'on the do-not-call list' FROM lead, listing "  # noqa: S608 - ours
        "WHERE lead.phone = listing.phone AND p.lead_id = lead.id AND p.state IN ('ready', 'waiting') "
        f"AND {_BOUND.format('p')}"
    )
    await session.execute(text(query), {"campaign": _campaign_of(scope)})


def _campaign_of(scope: str) -> int:
    return int(scope.partition(":")[2]) if scope.startswith("campaign:") else 0


# A registry binds those who did not consent to calls, a list of our own everybody.
_SCRUB = text("""
WITH bound AS (
    SELECT p.id, min(d.scope) AS scope FROM campaign_lead p JOIN lead l ON l.id = p.lead_id
    JOIN do_not_call d ON d.phone = l.phone
    WHERE p.campaign_id = :campaign AND p.state IN ('ready', 'waiting')
      AND (d.scope IN ('account', :own) OR d.scope LIKE 'registry:%' AND l.consent IS NOT TRUE)
    GROUP BY p.id
), done AS (
    UPDATE campaign_lead p SET state = 'done', why = CASE WHEN bound.scope LIKE 'registry:%'
        THEN 'on the registry ' || substr(bound.scope, 10) || ', and did not consent to calls'
        ELSE 'on the do-not-call list' END
    FROM bound WHERE p.id = bound.id RETURNING bound.scope
) SELECT scope, count(*) AS many FROM done GROUP BY scope ORDER BY scope
""")


async def scrub(session: AsyncSession, campaign_id: int) -> dict[str, int]:
    """Take everybody out of a campaign who stands on a list that binds them, in one operation; how many by scope."""
    rows = await session.execute(_SCRUB, {"campaign": campaign_id, "own": campaign_scope(campaign_id)})
    return {row.scope: row.many for row in rows}


async def age_of(session: AsyncSession) -> Sequence[Any]:
    """Every list: scope, source, how many numbers, since when, the newest entry."""
    query = (
        "SELECT scope, source, count(*) AS numbers, min(added_at) AS since, max(added_at) AS newest "
        "FROM do_not_call GROUP BY scope, source ORDER BY scope, source"
    )
    return (await session.execute(text(query))).all()


async def newest(session: AsyncSession, before: int, most: int) -> Sequence[DoNotCall]:
    """The newest entries, behind the entry `before` (0: the first of them)."""
    query = select(DoNotCall).order_by(DoNotCall.id.desc()).limit(most)
    return (await session.scalars(query.where(DoNotCall.id < before) if before else query)).all()
