"""The gate: evaluates every eligibility rule for a lead, and when the lead can next be called.

Pure. The same results are stored with the call, shown by `dialer explain` and evaluated again right before dialing, so
a call is placed if and only if the explanation says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from dialer.domain.compliance.hours import Window, closes_at, is_open
from dialer.domain.compliance.rules import NoRules, Rules, consent_ok, destination, is_holiday, narrow
from dialer.domain.compliance.time_zone_groups import FEED_STOPS, opens, when_there
from dialer.domain.numbers.sample_numbers import SAMPLE_NUMBERS

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
PROMISED_FEED_STOPS = timedelta(minutes=1)
SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EligibilityFacts:
    """The input of the rules: one lead in one campaign at one moment (UTC)."""

    now: datetime
    phone: str
    campaign_state: str
    campaign_why: str | None
    halted: str | None
    """The reason of the kill switch that is on, for all calls or for this carrier; None if it is off."""
    listed: tuple[str, ...]
    """The scopes of the do-not-call lists with this number: `account`, `campaign`."""
    registered: tuple[str, ...]
    """The public registries with this number."""
    registry_ages: tuple[tuple[str, timedelta], ...]
    """The age of our copy of each imported registry."""
    consent: bool | None
    consent_source: str | None
    zones: tuple[str, ...]
    rules: Rules | NoRules
    own_window: Window
    """The campaign's own hours; the legal limits still apply."""
    carrier: str | None
    carrier_on_loopback: bool
    live: bool
    """The phone has a call in progress, in any campaign."""
    lead_state: str
    last_outcome: str | None
    next_attempt_at: datetime | None
    promised: bool
    attempts: int
    max_attempts: int
    rung: tuple[datetime, ...]
    """Times of the calls to this phone in the last seven days, all campaigns, `unknown` calls included; oldest first."""
    calls_per_day: int
    cool_down: timedelta
    live_calls: int
    concurrency: int
    bridges_up: int
    bridges_free: int
    """How many more calls the running bridges can take."""
    tokens: float
    spent: Decimal
    held: Decimal
    """Reserved for calls whose cost is not known yet."""
    reserve: Decimal
    spend_cap: Decimal | None
    number_cap: int
    """Calls to one number in 24 hours, for the whole installation: not even a promise lifts it."""
    day_committed: Decimal
    """USD spent and held in the last 24 hours, over all campaigns."""
    day_cap: Decimal

    @property
    def window(self) -> Window:
        """The applicable hours: the legal ones for a promised callback, else the campaign's within the legal ones."""
        if isinstance(self.rules, NoRules):
            return Window({})
        return self.rules.window if self.promised else narrow(self.rules, self.own_window)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of one rule; `until` is when it will pass again, None if waiting does not change it."""

    rule: str
    ok: bool
    says: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The results of all rules, in order, and `next_at`, the earliest time at which they can all pass.

    `next_at` is None if a failed rule does not depend on time.
    """

    answers: tuple[RuleResult, ...]
    next_at: datetime | None

    @property
    def may_ring(self) -> bool:
        """Whether every rule passes."""
        return all(result.ok for result in self.answers)

    @property
    def refusal(self) -> RuleResult | None:
        """The first rule that fails."""
        return next((result for result in self.answers if not result.ok), None)


def evaluate(facts: EligibilityFacts) -> Eligibility:
    """Evaluate every rule for the lead."""
    results = tuple(result for rule in RULES for result in rule(facts))
    return Eligibility(results, _next_moment(facts, results))


def _next_moment(facts: EligibilityFacts, results: tuple[RuleResult, ...]) -> datetime | None:
    failed = [result for result in results if not result.ok]
    if not failed:
        return facts.now
    if any(result.until is None for result in failed):
        return None
    earliest = max(result.until for result in failed if result.until is not None)
    return _opens(facts, earliest)


def _campaign(facts: EligibilityFacts) -> Iterator[RuleResult]:
    running = facts.campaign_state == "running"
    why = f" ({facts.campaign_why})" if facts.campaign_why else ""
    yield RuleResult(
        "campaign", running, "the campaign is running" if running else f"the campaign is {facts.campaign_state}{why}"
    )
    yield RuleResult("halt", facts.halted is None, facts.halted or "the kill switch is off")


def _do_not_call(facts: EligibilityFacts) -> Iterator[RuleResult]:
    where = " and ".join(facts.listed)
    yield RuleResult(
        "do_not_call", not facts.listed, f"on the do-not-call list ({where})" if where else "not on a do-not-call list"
    )


def _registry(facts: EligibilityFacts) -> Iterator[RuleResult]:
    required = facts.rules.registries if isinstance(facts.rules, Rules) else ()
    ages = dict(facts.registry_ages)
    if facts.consent:
        yield RuleResult("registry", True, "consented to calls, so public registries do not apply")
    elif facts.registered:
        yield RuleResult(
            "registry", False, f"on the public registry {' and '.join(facts.registered)}, and no consent is recorded"
        )
    elif stale := [
        registry
        for registry in required
        if ages.get(registry.name, timedelta(0)) > timedelta(days=registry.max_age_days)
    ]:
        first = stale[0]
        days, limit = ages[first.name] / DAY, first.max_age_days
        reason = f"our copy of {first.name} is {days:.1f} days old, and {limit} days is the limit; import a newer one"
        yield RuleResult("registry", False, reason)
    else:
        known = ", ".join(registry.name for registry in required if registry.name in ages)
        yield RuleResult("registry", True, f"not on {known}" if known else "no public registry imported")


def _consent(facts: EligibilityFacts) -> Iterator[RuleResult]:
    if isinstance(facts.rules, Rules):
        yield RuleResult("consent", *consent_ok(facts.rules, facts.consent, facts.consent_source))
    else:
        yield RuleResult(
            "consent", facts.consent is not False, "not checked: there are no calling rules for this country"
        )


def _destination(facts: EligibilityFacts) -> Iterator[RuleResult]:
    if isinstance(facts.rules, NoRules):
        yield RuleResult("destination", False, facts.rules.says)
    else:
        yield RuleResult("destination", *destination(facts.phone))


def _carrier(facts: EligibilityFacts) -> Iterator[RuleResult]:
    if facts.carrier is None:
        yield RuleResult(
            "carrier",
            False,
            "no carrier is set up for this campaign: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER, "
            "or EXOTEL_ACCOUNT_SID, EXOTEL_API_KEY, EXOTEL_API_TOKEN and EXOTEL_CALLER_ID",
        )
    elif facts.phone in SAMPLE_NUMBERS and not facts.carrier_on_loopback:
        yield RuleResult("carrier", False, "a fictional number of the sample list; it is called in simulations only")
    else:
        yield RuleResult("carrier", True, f"calls through {facts.carrier}")


def _lead(facts: EligibilityFacts) -> Iterator[RuleResult]:
    done = facts.lead_state == "done"
    yield RuleResult("lead", not done, f"finished: {facts.last_outcome or 'removed'}" if done else "not finished")
    yield RuleResult(
        "live", not facts.live, "a call is in progress" if facts.live else "no call in progress", facts.now + SOON
    )


def _attempts(facts: EligibilityFacts) -> Iterator[RuleResult]:
    ok = facts.promised or facts.attempts < facts.max_attempts
    yield RuleResult("attempts", ok, f"{facts.attempts} of {facts.max_attempts} attempts used")


def _wait(facts: EligibilityFacts) -> Iterator[RuleResult]:
    due = facts.next_attempt_at is None or facts.next_attempt_at <= facts.now
    why = "callback promised for" if facts.promised else "next call at"
    yield RuleResult(
        "wait", due, "due now" if due else f"{why} {_when(facts, facts.next_attempt_at)}", facts.next_attempt_at
    )


def _caps(facts: EligibilityFacts) -> Iterator[RuleResult]:
    """A promised callback overrides the workspace's cap and cool-down, but not the legal caps."""
    latest = facts.rung[-1] if facts.rung else None
    rested = latest is None or facts.promised or latest + facts.cool_down <= facts.now
    reason = "last call long enough ago" if latest else "not called in the last seven days"
    if not rested and latest:
        reason = f"called at {_when(facts, latest)}; no call for {_minutes(facts.cool_down)} minutes after that"
    yield RuleResult("cool_down", rested, reason, latest + facts.cool_down if latest else None)
    yield _cap(facts, "daily_cap", facts.calls_per_day, DAY, binding=not facts.promised)
    yield _cap(facts, "number_cap", facts.number_cap, DAY, binding=True)
    if isinstance(facts.rules, Rules):
        for cap in facts.rules.caps:
            yield _cap(facts, "law_cap", cap.calls, cap.per, binding=True)


def _cap(facts: EligibilityFacts, rule: str, calls: int, per: timedelta, *, binding: bool) -> RuleResult:
    recent = [at for at in facts.rung if at > facts.now - per]
    full = len(recent) >= calls
    hours = int(per / timedelta(hours=1))
    reason = f"{len(recent)} of {calls} calls in {hours} hours{SET_BY.get(rule, '')}"
    return RuleResult(rule, not (full and binding), reason, recent[-calls] + per if full else None)


SET_BY = {"law_cap": " (legal limit)", "number_cap": " (workspace limit)"}


def _window(facts: EligibilityFacts) -> Iterator[RuleResult]:
    if not facts.zones:
        yield RuleResult("zone", False, "time zone unknown; add a Timezone column to the list")
        return
    if isinstance(facts.rules, NoRules):
        return
    zones, holidays = ", ".join(facts.zones), is_holiday(facts.rules)
    if not is_open(facts.window, facts.now, facts.zones):
        at = _opens(facts, facts.now)
        yield RuleResult(
            "window", False, f"outside calling hours in {zones}; next calling hours {_when(facts, at)}", at
        )
        return
    yield RuleResult("window", True, f"within calling hours in {zones}")
    if not is_open(facts.window, facts.now, facts.zones, holidays):
        at = _opens(facts, facts.now)
        yield RuleResult("holiday", False, f"public holiday there; next calling hours {_when(facts, at)}", at)
        return
    yield RuleResult("holiday", True, "no public holiday there")
    closes = closes_at(facts.window, facts.now, facts.zones, holidays)
    if facts.now >= closes - _margin(facts):
        reopens = _opens(facts, closes)
        yield RuleResult(
            "closing", False, f"calling hours end at {_when(facts, closes)}; next {_when(facts, reopens)}", reopens
        )
    else:
        yield RuleResult("closing", True, f"calling hours end at {_when(facts, closes)}")


def _room(facts: EligibilityFacts) -> Iterator[RuleResult]:
    full = facts.live_calls >= facts.concurrency
    yield RuleResult(
        "concurrency", not full, f"{facts.live_calls} of {facts.concurrency} calls in progress", facts.now + SOON
    )
    # No running bridge is not a refusal: as without a worker, no call is claimed then.
    full_bridges = facts.bridges_up > 0 and facts.bridges_free < 1
    room = (
        f"capacity for {facts.bridges_free} more calls"
        if facts.bridges_up
        else "no bridge is running; calls wait for one"
    )
    yield RuleResult(
        "bridge", not full_bridges, "all bridges are at capacity" if full_bridges else room, facts.now + SOON
    )
    yield RuleResult(
        "pace",
        facts.tokens >= 1,
        "another call can start" if facts.tokens >= 1 else "at the maximum rate",
        facts.now + SOON,
    )
    if facts.spend_cap is None:
        yield RuleResult("spend", True, "no spend cap")
    else:
        ok = facts.spent + facts.held + facts.reserve <= facts.spend_cap
        yield RuleResult("spend", ok, f"{facts.spent:.2f} spent and {facts.held:.2f} held of {facts.spend_cap:.2f} USD")
    yield RuleResult(
        "day_spend",
        facts.day_committed + facts.reserve <= facts.day_cap,
        f"{facts.day_committed:.2f} of {facts.day_cap:.2f} USD in 24 hours (workspace limit)",
        facts.now + SOON,
    )


RULES: tuple[Callable[[EligibilityFacts], Iterator[RuleResult]], ...] = (
    _campaign,
    _do_not_call,
    _registry,
    _consent,
    _destination,
    _carrier,
    _lead,
    _attempts,
    _wait,
    _caps,
    _window,
    _room,
)


def _opens(facts: EligibilityFacts, moment: datetime) -> datetime | None:
    """Return the first instant from `moment` on that is within the window, no holiday and not about to close."""
    if not facts.zones or isinstance(facts.rules, NoRules):
        return None
    return opens(facts.rules, facts.window, facts.zones, moment, _margin(facts))


def _margin(facts: EligibilityFacts) -> timedelta:
    return PROMISED_FEED_STOPS if facts.promised else FEED_STOPS


def _when(facts: EligibilityFacts, at: datetime | None) -> str:
    return when_there(at, facts.zones)


def _minutes(span: timedelta) -> int:
    return int(span / timedelta(minutes=1))
