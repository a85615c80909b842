"""Who may be rung now: each rule refuses by itself, says why in words, and names the moment it agrees again."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dialer.domain.compliance.gate import RULES, evaluate
from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.rule_loader import Cap
from dialer.domain.compliance.rules import Rules, rules_for
from tests.support.gate_facts import (
    BERLIN,
    DAY,
    DUBAI,
    HOUR,
    INDIA,
    LONDON,
    MIAMI,
    MINUTE,
    NEW_YORK,
    SYDNEY,
    TUESDAY_11,
    answer,
    at,
    facts,
    refusals,
)

NO_CARRIER = (
    "no carrier is set up for this campaign: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER, "
    "or EXOTEL_ACCOUNT_SID, EXOTEL_API_KEY, EXOTEL_API_TOKEN and EXOTEL_CALLER_ID"
)
EVERY = (
    *("campaign", "halt", "do_not_call", "registry", "consent", "destination", "carrier", "lead", "live", "attempts"),
    *("wait", "cool_down", "daily_cap", "number_cap", "window", "holiday", "closing", "concurrency", "bridge", "pace"),
    *("spend", "day_spend"),
)
AGO = TUESDAY_11 - 5 * MINUTE
KOLKATA = "Asia/Kolkata"


def kolkata(*when: int) -> datetime:
    return at(KOLKATA, 2026, *when)


def alone(**changes: Any) -> tuple[str, str, datetime | None, datetime | None]:
    """The one rule that refuses: its name, its words, when it agrees again, and when the lead is asked about again."""
    verdict = evaluate(facts(**changes))
    (refusal,) = [each for each in verdict.answers if not each.ok]
    assert (verdict.may_ring, verdict.refusal) == (False, refusal)
    return refusal.rule, refusal.says, refusal.until, verdict.next_at


def test_a_lead_whom_nothing_forbids_is_rung_and_every_rule_says_so() -> None:
    verdict = evaluate(facts())
    assert verdict.may_ring
    assert verdict.refusal is None
    assert verdict.next_at == TUESDAY_11
    assert tuple(each.rule for each in verdict.answers) == EVERY
    assert all(each.says for each in verdict.answers)
    assert [said.rule for rule in RULES for said in rule(facts())] == list(EVERY)


@pytest.mark.parametrize(
    ("changes", "rule", "says"),
    [
        ({"campaign_state": "draft"}, "campaign", "the campaign is draft"),
        ({"campaign_state": "paused", "campaign_why": "too dear"}, "campaign", "the campaign is paused (too dear)"),
        ({"campaign_state": "stopped"}, "campaign", "the campaign is stopped"),
        ({"halted": "the kill switch is on for all: fire"}, "halt", "the kill switch is on for all: fire"),
        ({"listed": ("account",)}, "do_not_call", "on the do-not-call list (account)"),
        ({"listed": ("account", "campaign")}, "do_not_call", "on the do-not-call list (account and campaign)"),
        ({"registered": ("NCPR",)}, "registry", "on the public registry NCPR, and no consent is recorded"),
        ({"consent": False}, "consent", "did not consent to calls"),
        ({"phone": "+911800123456"}, "destination", "the number is toll free"),
        ({"carrier": None}, "carrier", NO_CARRIER),
        ({"lead_state": "done", "last_outcome": "booked"}, "lead", "finished: booked"),
        ({"lead_state": "done"}, "lead", "finished: removed"),
        ({"attempts": 4}, "attempts", "4 of 4 attempts used"),
        ({"zones": ()}, "zone", "time zone unknown; add a Timezone column to the list"),
    ],
)
def test_what_time_does_not_mend_refuses_without_a_moment(changes: dict[str, Any], rule: str, says: str) -> None:
    assert alone(**changes) == (rule, says, None, None)


@pytest.mark.parametrize(
    ("changes", "rule", "says", "until"),
    [
        ({"live": True}, "live", "a call is in progress", TUESDAY_11 + MINUTE),
        (
            {"next_attempt_at": kolkata(2, 10, 11, 30)},
            "wait",
            "next call at Tue 10 Feb 11:30 Asia/Kolkata",
            kolkata(2, 10, 11, 30),
        ),
        (
            {"rung": (AGO,)},
            "cool_down",
            "called at Tue 10 Feb 10:55 Asia/Kolkata; no call for 10 minutes after that",
            kolkata(2, 10, 11, 5),
        ),
        ({"concurrency": 3, "live_calls": 3}, "concurrency", "3 of 3 calls in progress", TUESDAY_11 + MINUTE),
        ({"tokens": 0.99}, "pace", "at the maximum rate", TUESDAY_11 + MINUTE),
    ],
)
def test_what_time_mends_names_the_moment(changes: dict[str, Any], rule: str, says: str, until: datetime) -> None:
    assert alone(**changes) == (rule, says, until, until)


def test_a_lead_rung_twice_in_a_day_waits_for_a_day_after_the_first_of_the_two() -> None:
    rung = (TUESDAY_11 - 30 * HOUR, TUESDAY_11 - 23 * HOUR, TUESDAY_11 - 2 * HOUR)
    soon = TUESDAY_11 + HOUR
    assert alone(rung=rung) == ("daily_cap", "2 of 2 calls in 24 hours", soon, soon)
    assert evaluate(facts(rung=rung, now=soon)).may_ring


def test_a_cap_that_ends_at_night_waits_for_the_morning() -> None:
    rung = (kolkata(2, 9, 20, 0), kolkata(2, 10, 10, 0))
    assert alone(rung=rung)[2:] == (kolkata(2, 10, 20, 0), kolkata(2, 11, 10, 0))


def test_the_cap_of_the_law_counts_beside_the_campaigns_own() -> None:
    written = {"phone": MIAMI, "zones": ("America/New_York",), "consent": True, "consent_source": "web form"}
    noon = at("America/New_York", 2026, 2, 10, 12)
    rung = tuple(noon - hours * HOUR for hours in (3, 2, 1))
    rule, says, until, next_at = alone(now=noon, rung=rung, calls_per_day=9, **written)
    assert (rule, says) == ("law_cap", "3 of 3 calls in 24 hours (legal limit)")
    assert until == noon + 21 * HOUR
    assert next_at == at("America/New_York", 2026, 2, 11, 10), "nine in the morning is before the campaign's hours"


def test_a_cap_over_seven_days_is_counted_over_seven_days() -> None:
    rules = rules_for(INDIA)
    assert isinstance(rules, Rules)
    weekly = Rules(
        **{name: getattr(rules, name) for name in Rules.__slots__ if name != "caps"},
        caps=(Cap(2, timedelta(days=7), "number"),),
    )
    rung = (TUESDAY_11 - timedelta(days=6), TUESDAY_11 - timedelta(days=3))
    rule, says, until, _ = alone(rules=weekly, rung=rung)
    assert (rule, says, until) == ("law_cap", "2 of 2 calls in 168 hours (legal limit)", TUESDAY_11 + DAY)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (kolkata(2, 10, 9, 59), kolkata(2, 10, 10)),
        (kolkata(2, 10, 19), kolkata(2, 11, 10)),
        (kolkata(2, 8, 12), kolkata(2, 9, 10)),
    ],
)
def test_outside_the_hours_a_lead_waits_for_the_opening(now: datetime, opens: datetime) -> None:
    rule, says, until, next_at = alone(now=now)
    assert rule == "window"
    assert says.startswith("outside calling hours in Asia/Kolkata; next calling hours ")
    assert until == next_at == opens
    assert evaluate(facts(now=opens)).may_ring


def test_nothing_is_fed_in_the_ten_minutes_before_the_close() -> None:
    assert evaluate(facts(now=kolkata(2, 10, 18, 49))).may_ring
    morning = kolkata(2, 11, 10)
    says = "calling hours end at Tue 10 Feb 19:00 Asia/Kolkata; next Wed 11 Feb 10:00 Asia/Kolkata"
    assert alone(now=kolkata(2, 10, 18, 50)) == ("closing", says, morning, morning)


def test_a_campaigns_own_hours_never_widen_the_laws() -> None:
    early = Window.uniform(time(5), time(23))
    assert alone(own_window=early, now=kolkata(2, 10, 8, 59))[3] == kolkata(2, 10, 9)
    assert evaluate(facts(own_window=early, now=kolkata(2, 8, 20, 30))).may_ring


def test_a_lead_who_may_live_in_two_zones_is_rung_when_it_is_day_in_both() -> None:
    written: dict[str, Any] = {"phone": NEW_YORK, "consent": True, "consent_source": "web form"}
    both: dict[str, Any] = {**written, "zones": ("America/New_York", "America/Los_Angeles")}
    ten_there = at("America/Los_Angeles", 2026, 2, 10, 10)
    rule, says, _, next_at = alone(now=at("America/New_York", 2026, 2, 10, 12), **both)
    assert (rule, next_at) == ("window", ten_there)
    assert "in America/New_York, America/Los_Angeles; next calling hours Tue 10 Feb 13:00 America/New_York" in says
    assert evaluate(facts(now=ten_there, **both)).may_ring
    assert alone(now=at("America/New_York", 2026, 2, 10, 18, 50), **both)[0] == "closing"


def test_two_zones_without_a_common_hour_are_never_rung() -> None:
    rule, says, until, next_at = alone(zones=("Asia/Kolkata", "America/Los_Angeles"))
    assert (rule, until, next_at) == ("window", None, None)
    assert says.endswith("next calling hours at no time in the next two weeks")


@pytest.mark.parametrize(
    ("phone", "zone", "day", "opens"),
    [
        (SYDNEY, "Australia/Sydney", (2027, 1, 26), (2027, 1, 27, 10)),
        (LONDON, "Europe/London", (2026, 12, 28), (2026, 12, 29, 10)),
        (BERLIN, "Europe/Berlin", (2026, 12, 25), (2026, 12, 28, 10)),
    ],
)
def test_nobody_is_rung_on_a_holiday_of_their_place(
    phone: str, zone: str, day: tuple[int, ...], opens: tuple[int, ...]
) -> None:
    rule, says, until, next_at = alone(now=at(zone, *day, 12), phone=phone, zones=(zone,), consent=True)
    assert rule == "holiday"
    assert says == f"public holiday there; next calling hours {datetime(*opens):%a %d %b} 10:00 {zone}"  # type: ignore[arg-type]  # noqa: DTZ001
    assert until == next_at == at(zone, *opens)


def test_a_country_without_rules_is_refused_whatever_the_hour() -> None:
    verdict = evaluate(facts(phone=DUBAI, zones=("Asia/Dubai",), consent=True))
    assert verdict.next_at is None
    assert [(each.rule, each.says) for each in verdict.answers if not each.ok] == [
        ("destination", "there are no calling rules for that country, so its numbers are not called")
    ]
    assert not {"window", "holiday", "closing", "law_cap"} & {each.rule for each in verdict.answers}
    assert [each.rule for each in refusals(facts(phone=DUBAI, zones=("Asia/Dubai",), consent=False))] == [
        "consent",
        "destination",
    ]


def test_several_refusals_wait_for_the_last_of_them_and_one_without_a_moment_for_ever() -> None:
    later = TUESDAY_11 + 3 * HOUR
    both: dict[str, Any] = {"rung": (AGO,), "next_attempt_at": later}
    assert [each.rule for each in refusals(facts(**both))] == ["wait", "cool_down"]
    assert evaluate(facts(**both)).next_at == later
    assert evaluate(facts(**both, listed=("account",))).next_at is None


def test_a_spend_cap_holds_back_the_reserve_of_the_call_that_would_start() -> None:
    money = {"spend_cap": Decimal("10"), "reserve": Decimal("0.50")}
    full = evaluate(facts(spent=Decimal("7.50"), held=Decimal("2"), **money))
    assert full.may_ring
    assert answer(full, "spend").says == "7.50 spent and 2.00 held of 10.00 USD"
    refused = ("spend", "7.50 spent and 2.01 held of 10.00 USD", None, None)
    assert alone(spent=Decimal("7.50"), held=Decimal("2.01"), **money) == refused


def test_who_stands_on_a_public_registry_is_rung_only_with_consent() -> None:
    assert alone(registered=("NCPR", "DND"))[1] == "on the public registry NCPR and DND, and no consent is recorded"
    agreed = answer(evaluate(facts(registered=("NCPR",), consent=True)), "registry")
    assert (agreed.ok, agreed.says) == (True, "consented to calls, so public registries do not apply")


def test_an_old_copy_of_a_registry_tells_nothing() -> None:
    week = timedelta(days=7)
    fresh = answer(evaluate(facts(registry_ages=(("NCPR", week), ("TPS", 90 * DAY)))), "registry")
    assert (fresh.ok, fresh.says) == (True, "not on NCPR")
    rule, says, until, _ = alone(registry_ages=(("NCPR", week + DAY),))
    assert (rule, until) == ("registry", None)
    assert says == "our copy of NCPR is 8.0 days old, and 7 days is the limit; import a newer one"
    assert alone(registry_ages=(("NCPR", week + MINUTE),))[0] == "registry", "a week and a minute are more than a week"
    assert evaluate(facts(registry_ages=(("NCPR", week + DAY),), consent=True)).may_ring


@pytest.mark.parametrize(
    ("phone", "zone", "agreed", "source", "says"),
    [
        (LONDON, "Europe/London", None, None, "no consent recorded; consent is required there"),
        (NEW_YORK, "America/New_York", None, None, "no consent recorded; written consent is required there"),
        (
            *(NEW_YORK, "America/New_York", True, "told us on the phone"),
            'consented, but not in writing ("told"); written consent is required there',
        ),
    ],
)
def test_who_must_agree_first_is_not_rung_before(
    phone: str, zone: str, agreed: bool | None, source: str | None, says: str
) -> None:
    noon = at(zone, 2026, 2, 10, 12)
    refused = alone(now=noon, phone=phone, zones=(zone,), consent=agreed, consent_source=source)
    assert refused == ("consent", says, None, None)


def test_the_invented_numbers_of_the_sample_list_ring_in_the_simulated_world_only() -> None:
    invented = "+919876500010"
    says = "a fictional number of the sample list; it is called in simulations only"
    assert alone(phone=invented) == ("carrier", says, None, None)
    assert evaluate(facts(phone=invented, carrier_on_loopback=True)).may_ring
    assert evaluate(facts(carrier_on_loopback=True)).may_ring


def test_a_promise_is_kept_within_the_laws_hours_though_outside_the_campaigns() -> None:
    for moment in (kolkata(2, 10, 9), kolkata(2, 10, 19, 30), kolkata(2, 8, 12), kolkata(2, 10, 20, 58)):
        assert alone(now=moment)[0] == "window"
        assert evaluate(facts(now=moment, promised=True)).may_ring
    assert alone(now=kolkata(2, 10, 21), promised=True)[3] == kolkata(2, 11, 9)


def test_a_promise_is_fed_until_one_minute_before_the_close() -> None:
    assert evaluate(facts(now=kolkata(2, 10, 20, 58), promised=True)).may_ring
    rule, _, until, next_at = alone(now=kolkata(2, 10, 20, 59), promised=True)
    assert (rule, until, next_at) == ("closing", kolkata(2, 11, 9), kolkata(2, 11, 9))


def test_a_promise_waits_for_its_minute_and_says_what_it_is() -> None:
    says = "callback promised for Tue 10 Feb 11:30 Asia/Kolkata"
    due = kolkata(2, 10, 11, 30)
    assert alone(promised=True, next_attempt_at=due) == ("wait", says, due, due)


def test_a_promise_is_held_by_no_rule_of_the_house_but_by_the_laws() -> None:
    rung = tuple(TUESDAY_11 - minutes * MINUTE for minutes in (9, 6, 3))
    assert {each.rule for each in refusals(facts(rung=rung, attempts=4))} == {"attempts", "cool_down", "daily_cap"}
    assert evaluate(facts(rung=rung, attempts=4, promised=True)).may_ring
    noon = at("America/New_York", 2026, 2, 10, 12)
    rung = tuple(noon - hours * HOUR for hours in (3, 2, 1))
    there: dict[str, Any] = {"phone": MIAMI, "zones": ("America/New_York",), "consent": True, "consent_source": "form"}
    rule, says, _, next_at = alone(now=noon, rung=rung, promised=True, **there)
    assert (rule, says) == ("law_cap", "3 of 3 calls in 24 hours (legal limit)")
    assert next_at == at("America/New_York", 2026, 2, 11, 9)
