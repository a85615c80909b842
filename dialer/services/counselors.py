"""Counselors: added, changed, away for days, gone and back, and the address of their calendar. Each change is audited.

Students are told only what concerns them: a meeting that falls into days off is asked to be moved; whoever leaves keeps
the meetings that are made.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from dialer.domain.access.webhook_url import refusal
from dialer.domain.meetings.counselor_input import DAYS, LONGEST_WHY, Week, spans_text
from dialer.services import actions
from dialer.services.actions import Action
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.meetings.calendars import https_url
from dialer.services.meetings.change import flag_conflicts
from dialer.services.meetings.signed_links import SignedLinks
from dialer.store.meetings import counselors, time_off
from dialer.store.meetings.meetings import CounselorRow
from dialer.store.meetings.time_off import DaysOff
from dialer.store.sessions import ConstraintError, Session
from dialer.store.tables import Counselor

EDITABLE = frozenset(
    {
        *("name", "email", "phone", "zone", "slot_minutes", "notice_minutes", "buffer_before_minutes"),
        *("buffer_after_minutes", "max_per_day", "countries", "courses", "languages", "holidays", "calendar_url"),
        *("takes_transfers",),
    }
)
"""Columns, as domain.counselor.read_fields makes them."""
Feed: TypeAlias = Literal["make", "revoke"]


class CounselorError(ValueError):
    """What cannot be done with a counselor; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class TimeOffAdded:
    """Days off that were kept, and how many students are asked for another time."""

    days: DaysOff
    asked: int


async def add_counselor(
    session: Session, actor: Actor, fields: Mapping[str, Any], week: Week, *, hook_hosts: Collection[str] = ()
) -> Counselor:
    """Somebody who can be met; `fields` names them and their zone.

    Raises:
        CounselorError: the name is taken, or the calendar's address is refused.
    """
    actor.require(actions.COUNSELOR_ADD)
    assert fields.keys() <= EDITABLE, fields
    _refuse_calendar(fields, hook_hosts)
    person = Counselor(**fields)
    await _named(session, person)
    await counselors.replace_hours(session, person.id, week)
    given = {name: value for name, value in _shown(fields).items() if value}
    told = {**given, "hours": _told(week)}
    await record(session, actor, actions.COUNSELOR_ADD, {"counselor": person.name, **told})
    await session.refresh(person)
    return person


async def update_counselor(
    session: Session,
    actor: Actor,
    person: Counselor,
    fields: Mapping[str, Any],
    week: Week,
    *,
    hook_hosts: Collection[str] = (),
) -> bool:
    """Change what is given, hours on the weekdays that `week` names; False where it was so already.

    Raises:
        CounselorError: the new name is taken, or the calendar's address is refused.
    """
    actor.require(actions.COUNSELOR_UPDATE)
    assert fields.keys() <= EDITABLE, fields
    _refuse_calendar(fields, hook_hosts)
    await _alone(session, person)
    after = {name: value for name, value in fields.items() if getattr(person, name) != value}
    had = await counselors.hours_of(session, person.id)
    days = {day: list(spans) for day, spans in week.items() if list(spans) != had.get(day, [])}
    if not after and not days:
        return False
    before = {name: getattr(person, name) for name in after}
    name = person.name
    for column, value in after.items():
        setattr(person, column, value)
    await _named(session, person)
    if "calendar_url" in after:
        await counselors.forget_calendar(session, person)
    changes = {column: [told, _shown(after)[column]] for column, told in _shown(before).items()}
    if days:
        await counselors.replace_hours(session, person.id, days)
        changes["hours"] = [_told({day: had.get(day, []) for day in days}), _told(days)]
    await record(session, actor, actions.COUNSELOR_UPDATE, {"counselor": name, "changes": changes})
    return True


async def add_time_off(
    session: Session, actor: Actor, person: Counselor, since: datetime, until: datetime, why: str, now: datetime
) -> TimeOffAdded:
    """Keep a span free; students whose meeting falls into it are asked to choose another time. Lived `now`."""
    actor.require(actions.TIME_OFF_ADD)
    await _alone(session, person)
    why = " ".join(why.replace("\0", "").split())[:LONGEST_WHY]
    number = await time_off.add(session, person.id, since, until, why)
    asked = await flag_conflicts(session, person.id, since, until, now)
    told = {"counselor": person.name, **_span(since, until), "why": why, "meetings_to_move": asked}
    await record(session, actor, actions.TIME_OFF_ADD, told)
    return TimeOffAdded(DaysOff(number, since, until, why, asked), asked)


async def remove_time_off(session: Session, actor: Actor, person: Counselor, number: int) -> bool:
    """They are there after all; False where they have no days off of that number."""
    actor.require(actions.TIME_OFF_REMOVE)
    gone = await time_off.remove(session, person.id, number) if 0 < number < 2**63 else None
    if gone is None:
        return False
    await record(session, actor, actions.TIME_OFF_REMOVE, {"counselor": person.name, **_span(*gone)})
    return True


async def change_feed(session: Session, actor: Actor, person: Counselor, do: Feed) -> None:
    """Make an address of their calendar (the one before leads nowhere from then on), or let it lead nowhere."""
    actor.require(actions.CALENDAR_FEED)
    await _alone(session, person)
    # A version that was given out never comes back: revoked ones count down below nothing.
    person.feed_version = abs(person.feed_version) + 1 if do == "make" else -abs(person.feed_version)
    await record(session, actor, actions.CALENDAR_FEED, {"counselor": person.name, "do": do})


def feed_url(person: Counselor, links: SignedLinks) -> str | None:
    """Where their meetings can be subscribed to; None where no address is given out."""
    return links.calendar(person.id, person.feed_version) if person.feed_version > 0 else None


async def deactivate(session: Session, actor: Actor, person: Counselor) -> bool:
    """Take somebody out of the offers; meetings already made stay. False where they had left already."""
    return await _set_active(session, actor, person, actions.COUNSELOR_DEACTIVATE, active=False)


async def activate(session: Session, actor: Actor, person: Counselor) -> bool:
    """Offer somebody who had left again; False where they had not left."""
    return await _set_active(session, actor, person, actions.COUNSELOR_ACTIVATE, active=True)


def described(person: CounselorRow) -> dict[str, Any]:
    """A counselor as programs are told of one, without the hours; the calendar's own address stays a secret."""
    counselor = person.counselor
    names = ("name", "zone", "email", "active", "phone", "takes_transfers", "slot_minutes", "notice_minutes")
    more = ("buffer_before_minutes", "buffer_after_minutes", "max_per_day", "countries", "courses", "languages")
    told = {name: getattr(counselor, name) for name in (*names, *more, "holidays", "calendar_fault")}
    return {**told, "calendar": counselor.calendar_url is not None, "calendar_stale": person.stale}


def week_of(person: CounselorRow) -> dict[str, str]:
    """The hours of each weekday by its short name, as they are written; empty for a day without."""
    by_day = [[(row.opens, row.closes) for row in person.hours if row.weekday == day] for day in range(7)]
    return dict(zip(DAYS, map(spans_text, by_day), strict=True))


async def _set_active(session: Session, actor: Actor, person: Counselor, action: Action, *, active: bool) -> bool:
    actor.require(action)
    await _alone(session, person)
    if person.active == active:
        return False
    person.active = active
    await record(session, actor, action, {"counselor": person.name})
    return True


async def _alone(session: Session, person: Counselor) -> None:
    """As they are now, for this transaction alone."""
    await session.refresh(person, with_for_update={"key_share": True})


async def _named(session: Session, person: Counselor) -> None:
    """Write the row. Raises CounselorError where somebody has that name; the transaction is over then."""
    name = person.name
    session.add(person)
    try:
        await session.flush()
    except ConstraintError as error:
        raise CounselorError(f"there is a counselor {name!r} already") from error


def _refuse_calendar(fields: Mapping[str, Any], hook_hosts: Collection[str]) -> None:
    url = fields.get("calendar_url")
    if url and (says := refusal(https_url(url), hook_hosts)):
        raise CounselorError(f"that calendar cannot be read: {says}")


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for the audit trail, which is not to hold the calendar's secret address."""
    return {name: bool(value) if name == "calendar_url" else value for name, value in fields.items()}


def _told(week: Week) -> dict[str, str]:
    return {DAYS[day]: spans_text(spans) for day, spans in sorted(week.items())}


def _span(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": since.isoformat(), "until": until.isoformat()}
