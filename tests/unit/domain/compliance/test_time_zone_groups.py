"""Leads that share their hours: the group's word agrees with the gate's about each of its leads."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as some

from dialer.domain.compliance.gate import evaluate
from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.rules import rules_for
from dialer.domain.compliance.time_zone_groups import HoursGroup, OpenHoursCache, group_of, group_opens, within_hours
from tests.support.gate_facts import OWN, PLACES, Place, facts

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
OFFICE = Window.uniform(time(10), time(19), range(6))
KOLKATA = HoursGroup("IN", (), ("Asia/Kolkata",))


def test_leads_of_one_region_and_zone_share_a_group_and_us_states_part_them() -> None:
    assert group_of("+919812000001", None, ["Asia/Kolkata"]) == group_of("+919812000002", "Goa", ("Asia/Kolkata",))
    new_york, texas = (
        group_of("+12125550106", None, ["America/New_York"]),
        group_of("+12125550106", "TX", ["US/Central"]),
    )
    assert new_york.states == ("NY",)
    assert set(texas.states) == {"NY", "TX"}


def test_a_group_nobody_knows_the_hours_of_is_asked_about_lead_by_lead() -> None:
    midnight = datetime(2026, 2, 10, 20, tzinfo=UTC)
    for group in (HoursGroup("", (), ("Asia/Kolkata",)), HoursGroup("IN", (), ()), HoursGroup("AQ", (), ("UTC",))):
        assert group_opens(group, OFFICE, midnight) == midnight


def test_a_window_that_never_opens_is_told_as_such() -> None:
    assert group_opens(KOLKATA, Window({}), YEAR) is None


@given(place=some.sampled_from(PLACES), minutes=some.integers(0, 366 * 24 * 60))
def test_a_closed_group_holds_no_lead_that_the_gate_would_let_ring(place: Place, minutes: int) -> None:
    phone, zone = place.phone, place.zone
    now = YEAR + timedelta(minutes=minutes)
    opens = group_opens(group_of(phone, None, [zone]), OWN, now)
    verdict = evaluate(
        facts(now=now, phone=phone, zones=(zone,), rules=rules_for(phone), own_window=OWN, consent=True,
              consent_source="web form")
    )  # fmt: skip
    hours = [answer for answer in verdict.answers if answer.rule in ("window", "holiday", "closing")]
    assert all(answer.ok for answer in hours) == (opens == now)
    if opens != now:
        assert [answer.until for answer in hours if not answer.ok] == [opens]


def test_what_was_closed_is_remembered_until_it_opens_and_no_longer() -> None:
    closings = OpenHoursCache(most=1)
    night = datetime(2026, 2, 10, 16, tzinfo=UTC)
    opens = closings.opens(KOLKATA, OFFICE, night)
    assert opens == datetime(2026, 2, 11, 4, 30, tzinfo=UTC)
    assert closings.opens(KOLKATA, OFFICE, night + timedelta(hours=3)) == opens
    assert closings.opens(KOLKATA, OFFICE, opens) == opens, "open now"
    noon = datetime(2026, 2, 10, 6, tzinfo=UTC)
    assert closings.opens(KOLKATA, OFFICE, noon) == noon, "a clock that stepped back is believed"
    for _ in range(2):
        assert closings.opens(HoursGroup("GB", (), ("Europe/London",)), OFFICE, night + timedelta(hours=6))


def test_a_retry_wished_for_at_night_waits_for_the_morning_and_not_all_for_its_first_minute() -> None:
    night, morning = datetime(2026, 2, 10, 3, 22, tzinfo=UTC), datetime(2026, 2, 10, 4, 30, tzinfo=UTC)
    assert within_hours(KOLKATA, OFFICE, night, 0.0) == morning
    assert within_hours(KOLKATA, OFFICE, night, 0.5) == morning + timedelta(minutes=15)
    assert within_hours(KOLKATA, OFFICE, morning, 0.9) == morning, "a moment that is within the hours stands"
    assert within_hours(KOLKATA, Window({}), night, 0.5) == night, "hours that never open are the gate's to refuse"


@given(place=some.sampled_from(PLACES), minutes=some.integers(0, 366 * 24 * 60), jitter=some.floats(0, 1))
def test_a_moved_retry_is_never_before_its_wish_and_always_within_the_hours(
    place: Place, minutes: int, jitter: float
) -> None:
    wished = YEAR + timedelta(minutes=minutes)
    group = group_of(place.phone, None, (place.zone,))
    moved = within_hours(group, OFFICE, wished, jitter)
    assert moved >= wished
    assert group_opens(group, OFFICE, moved) in (moved, None)
