"""Who is due: first by groups of leads that share their hours, then, in the open groups only, by lead.

A tick in the night asks one question and touches no lead, however many there are (performance.md, "Hours").
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import ColumnElement, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.time_zone_groups import HoursGroup
from dialer.store import tables
from dialer.store.tables import CampaignHours, Enrollment, Lead

UNSORTED = 0
OPEN_STATES = "('ready', 'waiting')"

# The groups of a campaign's open leads are stepped through in the index, one probe each, never counted or sorted.
_LOOK = text(f"""
SELECT c.id, c.window_opens, c.window_closes, c.window_days, g.hours_id, h.region, h.states, h.zones, s.opens_at,
       EXISTS (SELECT FROM campaign_lead p WHERE p.campaign_id = c.id AND p.rank = 0 AND p.state IN {OPEN_STATES}
               AND p.next_attempt_at <= :now)
FROM campaign c
LEFT JOIN LATERAL (
    WITH RECURSIVE step AS (
        (SELECT hours_id FROM campaign_lead WHERE campaign_id = c.id AND state IN {OPEN_STATES}
         ORDER BY hours_id LIMIT 1)
        UNION ALL
        SELECT (SELECT l.hours_id FROM campaign_lead l WHERE l.campaign_id = c.id AND l.state IN {OPEN_STATES}
                AND l.hours_id > step.hours_id ORDER BY l.hours_id LIMIT 1)
        FROM step WHERE step.hours_id IS NOT NULL
    ) SELECT hours_id FROM step WHERE hours_id IS NOT NULL
) g ON true
LEFT JOIN hours_group h ON h.id = g.hours_id
LEFT JOIN campaign_hours s ON s.campaign_id = c.id AND s.hours_id = g.hours_id
WHERE c.state = 'running'
""")  # noqa: S608 - made of constants

_DUE = text(f"""
SELECT id FROM (
    (SELECT id, rank, next_attempt_at FROM campaign_lead
     WHERE campaign_id = :campaign AND rank = 0 AND state IN {OPEN_STATES} AND next_attempt_at <= :now
       AND id <> ALL(CAST(:but AS bigint[]))
     ORDER BY next_attempt_at, id LIMIT :most)
    UNION ALL
    SELECT l.id, l.rank, l.next_attempt_at
    FROM unnest(CAST(:groups AS int[])) AS g(hours_id) CROSS JOIN (VALUES (1), (2)) AS r(rank) CROSS JOIN LATERAL (
        SELECT id, rank, next_attempt_at FROM campaign_lead
        WHERE campaign_id = :campaign AND hours_id = g.hours_id AND rank = r.rank AND state IN {OPEN_STATES}
          AND next_attempt_at <= :now AND id <> ALL(CAST(:but AS bigint[]))
        ORDER BY next_attempt_at, id LIMIT :most
    ) l
) AS due ORDER BY rank, next_attempt_at, id LIMIT :most
""")  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Standing:
    """A group of open leads in a running campaign; `noted` is what was last written of when it opens."""

    hours_id: int
    group: HoursGroup
    noted: datetime | None


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """A running campaign at a glance: its own hours, its groups, whether a promised call-back is due."""

    campaign_id: int
    own: Window
    groups: tuple[Standing, ...]
    promised: bool


async def open_campaigns(session: AsyncSession, now: datetime) -> list[OpenCampaign]:
    """Every running campaign, in one question."""
    found: dict[int, tuple[Window, list[Standing], bool]] = {}
    for campaign_id, opens, closes, days, hours_id, region, states, zones, noted, promised in await session.execute(
        _LOOK, {"now": now}
    ):
        if campaign_id not in found:
            found[campaign_id] = (_window(opens, closes, tuple(days)), [], promised)
        if hours_id is not None:
            group = HoursGroup(region or "", tuple(states or ()), tuple(zones or ()))
            found[campaign_id][1].append(Standing(hours_id, group, noted))
    return [OpenCampaign(each, own, tuple(groups), promised) for each, (own, groups, promised) in found.items()]


def _window(opens: time, closes: time, days: tuple[int, ...]) -> Window:
    return Window.uniform(opens, closes, days)


async def due(
    session: AsyncSession,
    campaign_id: int,
    groups: Sequence[int],
    now: datetime,
    limit: int,
    but: Collection[int] = (),
) -> list[tuple[Enrollment, Lead]]:
    """Leads of these groups whose moment has come, locked: promised call-backs (of any group), then fresh, then retries.

    Those in `but` (ids of campaign_lead) are left out.
    """
    values = {"campaign": campaign_id, "groups": list(groups), "now": now, "but": list(but), "most": limit}
    ids = (await session.scalars(_DUE, values)).all()
    if not ids:
        return []
    query = (
        select(Enrollment, Lead)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Enrollment.id.in_(ids), Enrollment.state.in_(("ready", "waiting")))
        .order_by(Enrollment.rank, Enrollment.next_attempt_at, Enrollment.id)
        .with_for_update(of=Enrollment, skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def ids_of(session: AsyncSession, groups: Collection[HoursGroup]) -> dict[HoursGroup, int]:
    """The ids of groups, made where they are new."""
    if not groups:
        return {}
    wanted = sorted(set(groups), key=lambda group: (group.region, group.states, group.zones))
    rows = [{"region": each.region, "states": list(each.states), "zones": list(each.zones)} for each in wanted]
    table = tables.HoursGroup
    await session.execute(insert(table).values(rows).on_conflict_do_nothing())
    known = await session.execute(
        select(table.id, table.region, table.states, table.zones).where(
            table.region.in_({each.region for each in wanted}), table.id != UNSORTED
        )
    )
    ids = {HoursGroup(region, tuple(states), tuple(zones)): each for each, region, states, zones in known}
    return {group: ids[group] for group in wanted}


async def record_opening(session: AsyncSession, campaign_id: int, opens: Mapping[int, tuple[datetime, str]]) -> None:
    """Write down when groups (by id) open in a campaign, and why not before."""
    if not opens:
        return
    rows = [
        {"campaign_id": campaign_id, "hours_id": hours_id, "opens_at": at, "reason": why}
        for hours_id, (at, why) in sorted(opens.items())
    ]
    statement = insert(CampaignHours).values(rows)
    fresh = {"opens_at": statement.excluded.opens_at, "reason": statement.excluded.reason}
    await session.execute(statement.on_conflict_do_update(index_elements=["campaign_id", "hours_id"], set_=fresh))


async def sort(session: AsyncSession, groups: Mapping[int, HoursGroup]) -> None:
    """Put leads (by campaign_lead's id) into their groups."""
    ids = await ids_of(session, groups.values())
    for group, hours_id in ids.items():
        members = [each for each, its in groups.items() if its == group]
        await session.execute(update(Enrollment).where(Enrollment.id.in_(members)).values(hours_id=hours_id))


def of_its_campaign() -> ColumnElement[bool]:
    """How a lead's place in a campaign is joined with what was noted of its group."""
    return and_(
        CampaignHours.campaign_id == Enrollment.campaign_id,
        CampaignHours.hours_id == Enrollment.hours_id,
        Enrollment.state.in_(("ready", "waiting")),
        Enrollment.rank != 0,
        CampaignHours.opens_at > Enrollment.next_attempt_at,
    )


def next_moment() -> ColumnElement[datetime]:
    """When a lead may next be called, as far as its own row and (outer-joined `of_its_campaign`) its group's tell."""
    moment: ColumnElement[datetime] = func.greatest(Enrollment.next_attempt_at, CampaignHours.opens_at)
    return moment


def why_not_yet() -> ColumnElement[str | None]:
    """Why a lead waits, likewise: its group's reason where that is what holds it back longest, else its own."""
    return func.coalesce(CampaignHours.reason, Enrollment.why)
