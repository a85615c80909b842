"""Over a year, in six zones and over both clock changes: nobody is rung against any rule, by a second reckoning.

The second reckoning is a person's: it looks at the wall clock where the lead is, at the calendar on the wall and at
the list of calls made, and knows nothing of the gate's own arithmetic.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.calling.call import State, can_become
from dialer.domain.compliance.gate import EligibilityFacts, evaluate
from dialer.domain.compliance.hours import Window
from dialer.services.dialing.eligibility import record
from tests.support.examples import examples
from tests.support.gate_facts import DAY, HOUR, MINUTE, OWN, PLACES, Place, at_home, by_the_clock, facts

YEAR = datetime(2026, 3, 1, tzinfo=UTC)
BY_PHONE = {place.phone: place for place in PLACES}
TIME_RULES = frozenset({"window", "holiday", "closing", "wait", "cool_down", "daily_cap", "law_cap"})
EDGES = (time(8), time(9), time(10), time(16), time(17), time(18), time(19), time(20), time(21))


def wrongs(lead: EligibilityFacts) -> list[str]:
    """What a person with a clock, a calendar and the list of calls would object to if this lead rang now."""
    now, own = lead.now, None if lead.promised else lead.own_window
    found = by_the_clock(BY_PHONE[lead.phone], now, lead.zones, own)
    today = sum(now - DAY < rung <= now for rung in lead.rung)
    if not lead.promised and today >= lead.calls_per_day:
        found.append("daily_cap")
    if not lead.promised and any(now - rung < lead.cool_down for rung in lead.rung):
        found.append("cool_down")
    if lead.next_attempt_at is not None and now < lead.next_attempt_at:
        found.append("wait")
    return found


def moments_of(place: Place) -> Iterator[datetime]:
    """Every day of the year: the minutes around every edge a rule could have, and one moment anywhere."""
    anywhere, zone = random.Random(place.zone), ZoneInfo(place.zone)
    edges = sorted({edge for hours in (place.hours, OWN.spans) for span in hours.values() for edge in span})
    for days in range(366):
        day = (YEAR + timedelta(days=days)).date()
        for edge in edges:
            whole = datetime.combine(day, edge, zone).astimezone(UTC)
            for minutes in (-11, -10, -1, 0):
                yield whole + minutes * MINUTE
        yield datetime.combine(day, time(0), zone).astimezone(UTC) + anywhere.random() * DAY


def clock_changes(zone: str) -> list[datetime]:
    """The hours of the year after which a clock on the wall there was moved."""
    clock, hours = ZoneInfo(zone), [YEAR + hour * HOUR for hour in range(366 * 24)]
    offsets = [hour.astimezone(clock).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.zone)
def test_no_moment_of_the_year_rings_anybody_against_the_wall_clock(place: Place) -> None:
    """Both ways: who is refused by the clock alone has the wall clock against it too."""
    rung = 0
    for moment in moments_of(place):
        lead = at_home(place, moment)
        agreed, objections = evaluate(lead).may_ring, wrongs(lead)
        assert agreed == (not objections), (moment.astimezone(ZoneInfo(place.zone)), objections)
        rung += agreed
    assert rung > 700


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.zone)
def test_around_both_clock_changes_every_five_minutes_are_right(place: Place) -> None:
    """F56: the hour that does not exist, and the one that comes twice."""
    changes = clock_changes(place.zone)
    assert len(changes) == (0 if place.zone == "Asia/Kolkata" else 2)
    for change in changes:
        for step in range(-36 * 12, 36 * 12):
            for promised in (False, True):
                lead = at_home(place, change + 5 * step * MINUTE, promised=promised)
                assert evaluate(lead).may_ring == (not wrongs(lead)), lead.now.astimezone(ZoneInfo(place.zone))


@st.composite
def leads(draw: st.DrawFn) -> EligibilityFacts:
    """A lead of some place at some moment of the year, with a past, in a campaign with hours and caps of its own."""
    place = draw(st.sampled_from(PLACES))
    now = YEAR + draw(st.integers(0, 366 * 24 * 60)) * MINUTE
    if draw(st.booleans()):
        edge = draw(st.sampled_from(EDGES))
        day = datetime.combine(now.date(), edge, ZoneInfo(draw(st.sampled_from(PLACES)).zone))
        now = day.astimezone(UTC) + draw(st.sampled_from((-11, -10, -1, 0, 1))) * MINUTE
    zones = (place.zone, *draw(st.lists(st.sampled_from([each.zone for each in PLACES]), max_size=1)))
    opens = draw(st.integers(0, 1380))
    closes = draw(st.integers(opens + 1, 1439))
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    own = Window.uniform(time(opens // 60, opens % 60), time(closes // 60, closes % 60), days)
    past = draw(st.lists(st.integers(0, 7 * 24 * 60 - 1), max_size=4))
    wait = draw(st.none() | st.integers(-600, 3 * 24 * 60))
    spend = draw(st.none() | st.integers(0, 3))
    return at_home(
        place,
        now,
        zones=zones,
        own_window=draw(st.sampled_from((OWN, OWN, own))),
        promised=draw(st.booleans()),
        rung=tuple(sorted(now - minutes * MINUTE for minutes in past)),
        calls_per_day=draw(st.integers(1, 3)),
        cool_down=draw(st.sampled_from((0, 10, 600))) * MINUTE,
        next_attempt_at=None if wait is None else now + wait * MINUTE,
        attempts=draw(st.sampled_from((0, 0, 0, 4))),
        live=draw(st.sampled_from((False, False, False, True))),
        tokens=draw(st.sampled_from((1.0, 1.0, 1.0, 0.5))),
        listed=draw(st.sampled_from(((), (), (), ("account",)))),
        campaign_state=draw(st.sampled_from(("running", "running", "running", "paused"))),
        spend_cap=None if spend is None else Decimal(spend),
        spent=Decimal(1),
    )


@settings(max_examples=examples(300), deadline=None)
@given(leads())
def test_whoever_is_rung_is_rung_against_no_rule_and_the_explanation_says_the_same(lead: EligibilityFacts) -> None:
    verdict = evaluate(lead)
    refused = [each.rule for each in verdict.answers if not each.ok]
    assert verdict.may_ring == (not refused)
    assert (verdict.refusal.rule if verdict.refusal else None) == (refused[0] if refused else None)
    if verdict.may_ring:
        assert not wrongs(lead)
        assert verdict.next_at == lead.now
    told = record(verdict, lead.now, promised=lead.promised)
    assert told["may_ring"] == all(each["ok"] for each in told["rules"])  # type: ignore[attr-defined]
    assert [each["rule"] for each in told["rules"] if not each["ok"]] == refused  # type: ignore[attr-defined]
    assert told["next_at"] == (verdict.next_at.isoformat() if verdict.next_at else None)
    assert bool(set(wrongs(lead))) == bool(TIME_RULES & set(refused)), "and whom time alone holds back, a rule names"


def time_refuses(lead: EligibilityFacts) -> set[str]:
    return {each.rule for each in evaluate(lead).answers if not each.ok} & TIME_RULES


@settings(max_examples=examples(300), deadline=None)
@given(leads(), st.lists(st.floats(0, 1, exclude_max=True), max_size=8))
def test_the_next_moment_is_one_at_which_time_forbids_nothing_and_the_first(
    lead: EligibilityFacts, parts: list[float]
) -> None:
    next_at = evaluate(lead).next_at
    if next_at is None:
        return
    assert next_at >= lead.now
    assert time_refuses(replace(lead, now=next_at)) == set()
    others = {each.rule for each in evaluate(lead).answers if not each.ok} - TIME_RULES
    between = int((next_at - lead.now) / MINUTE)
    sampled = {int(part * between) for part in parts} | set(range(max(0, between - 3), between))
    for minutes in sampled if not others else ():
        earlier = lead.now + minutes * MINUTE
        if earlier < next_at:
            assert not evaluate(replace(lead, now=earlier)).may_ring, earlier


def test_a_lead_with_only_ten_minutes_in_common_is_given_no_moment_that_is_refused_again() -> None:
    """Two zones may share a few minutes a day, and a campaign may be that short: that is never, and said at once."""
    short = facts(own_window=Window.uniform(time(12), time(12, 10), range(7)))
    verdict = evaluate(short)
    assert verdict.next_at is None or evaluate(replace(short, now=verdict.next_at)).may_ring


def after(news: list[State], start: State = State.PLACED) -> State:
    for wanted in news:
        start = wanted if can_become(start, wanted) else start
    return start


TOLD = (State.PLACED, State.RINGING, State.TALKING, State.ENDED)


@given(st.lists(st.sampled_from(TOLD)), st.sampled_from((State.PLACING, State.UNKNOWN, *TOLD)), st.randoms())
def test_a_log_of_webhooks_told_twice_and_shuffled_comes_to_what_it_comes_to_once(
    news: list[State], start: State, order: random.Random
) -> None:
    twice = news * 2
    order.shuffle(twice)
    assert after(twice, start) is after(sorted(news, key=list(State).index), start)
    assert after(twice, start) is max((*news, start), key=list(State).index)
    assert after(twice, State.CANCELLED) is State.CANCELLED
