"""What a launch would do: how many leads it calls, whom it skips and why, until when, for how much, as far as can be told.

Two moments tell how long it lasts: when every lead was called once, and when the last retry can be, after the waits of
the retry policy and within hours; the second is a rehearsal's own where there is one of the same leads.
The gate itself is asked, about all leads of a short list and about a part of a long one, spread evenly over it; what does
not pass with time is a skip. Minutes and prices are those of the calls of the last weeks; where there are none, no price
is made up.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from dialer.domain.calling.cost import Spend
from dialer.domain.calling.retry_times import last_retry
from dialer.domain.compliance.gate import Eligibility
from dialer.domain.compliance.hours import next_open
from dialer.domain.compliance.time_zone_groups import HoursGroup, group_of, group_opens
from dialer.services.dialing.claim import FOR_GOOD
from dialer.services.dialing.eligibility import Accounts, Capacity, evaluate_leads
from dialer.services.dialing.routing import caller_id_for
from dialer.store.calls import call_averages, costs
from dialer.store.calls.bridges import Bridges
from dialer.store.campaigns import campaigns, rehearsals
from dialer.store.leads import enrollments
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Enrollment, Lead

MAX_ASKED = 200
LOOK_BACK = timedelta(days=30)
CALL_S, ATTEMPTS = 45.0, 1.7
"""How long a call takes and how many a lead needs where nothing is known yet: most are not answered."""
MIN_KNOWN = 20
MAX_GROUPS = 10
SAME_START = timedelta(hours=1)
"""A rehearsal that began so near to when calls would begin now tells their times."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`waiting` leads are neither done nor being called; of them `rings` are called, the others skipped for `skips`."""

    waiting: int
    will_call: int
    skips: tuple[tuple[str, int], ...]
    asked: int
    """About how many of them the gate was asked; the numbers are exact where it was asked about all."""
    calls: int
    opens_at: datetime | None
    first_done_at: datetime | None
    """When every lead was called once; None beyond a year."""
    last_retry_at: datetime | None
    """When the last retry is, at the latest; None where there is none, or beyond a year."""
    is_rehearsed: bool
    """Whether that moment is the one of a rehearsal of the same leads."""
    cost_low: Decimal | None
    cost_high: Decimal | None
    capped: bool
    """Whether the spend cap ends it before."""

    @property
    def exact(self) -> bool:
        """Whether every lead was asked about."""
        return self.asked == self.waiting


ROOM = Capacity(0, 1.0, Spend(), Bridges(1, 1))
"""What passes with time is not asked about: there is room."""


async def forecast(session: Session, campaign: Campaign, carriers: Accounts, now: datetime, zone: str) -> Forecast:
    """What it would do if it were started now; hours are told where most of its leads live, else in `zone` (IANA)."""
    waiting, rows = await enrollments.sample_waiting(session, campaign.id, MAX_ASKED)
    lines = [caller_id_for(carriers, campaign, lead.phone) for _, lead in rows]
    skipped: Counter[str] = Counter()
    called = []
    for row, verdict in zip(rows, await evaluate_leads(session, campaign, rows, lines, now, ROOM), strict=True):
        if (why := _never(verdict)) is not None:
            skipped[why] += 1
        else:
            called.append(row)
    scale = waiting / len(rows) if rows else 0
    skips = tuple((why, round(many * scale)) for why, many in skipped.most_common())
    rings = max(0, waiting - sum(many for _, many in skips))
    seconds, attempts, low, high = await _known(session, now)
    attempts = min(attempts, campaign.max_attempts)
    calls = round(rings * attempts)
    cost_low, cost_high = (None, None) if low is None or high is None else (low * calls, high * calls)
    capped = False
    if campaign.spend_cap is not None and cost_high is not None and cost_low is not None:
        left = max(Decimal(0), campaign.spend_cap - (await costs.of_campaign(session, campaign)).committed)
        capped = cost_low > left
        cost_low, cost_high = min(cost_low, left), min(cost_high, left)
    pace = min(campaign.per_second, campaign.concurrency / seconds)
    groups = Counter(group_of(lead.phone, lead.state, lead.zones) for _, lead in called)
    main = groups.most_common(1)[0][0] if groups else HoursGroup("", (), (zone,))
    window = campaigns.window_of(campaign)
    opens = group_opens(main, window, now) if rings else None
    first_done = last = None
    if opens is not None:
        due = max((_due(campaign, in_campaign, lead, now) for in_campaign, lead in called), default=opens)
        first_done = _end(campaign, opens, timedelta(seconds=rings / pace), main.zones[0])
        first_done = max(first_done, due + timedelta(seconds=seconds)) if first_done else None
        last = _end(campaign, opens, timedelta(seconds=calls / pace), main.zones[0]) if first_done else None
    rehearsed = await _rehearsed(session, campaign, waiting, opens)
    if rehearsed is not None:
        last = rehearsed
    elif first_done is not None and last is not None:
        policy = campaigns.policy_of(campaign)
        for group, _ in groups.most_common(MAX_GROUPS):
            last = max(last, last_retry(policy, first_done, group, window, campaign.calls_per_day))
    if first_done is not None and last is not None and last <= first_done:
        last = None
    return Forecast(
        waiting=waiting,
        will_call=rings,
        skips=skips,
        asked=len(rows),
        calls=calls,
        opens_at=opens,
        first_done_at=first_done,
        last_retry_at=last,
        is_rehearsed=rehearsed is not None,
        cost_low=cost_low,
        cost_high=cost_high,
        capped=capped,
    )


def _due(campaign: Campaign, in_campaign: Enrollment, lead: Lead, now: datetime) -> datetime:
    """When a lead may be called first; at once where nobody can tell."""
    at = max(now, in_campaign.next_attempt_at)
    return group_opens(group_of(lead.phone, lead.state, lead.zones), campaigns.window_of(campaign), at) or at


async def _rehearsed(session: Session, campaign: Campaign, waiting: int, opens: datetime | None) -> datetime | None:
    """The last moment of a rehearsal of these leads under this policy that began when calls would begin now."""
    if opens is None:
        return None
    job = await rehearsals.newest(session, campaign.id)
    result = job.result if job is not None and job.state == "done" else None
    if not result or not result.get("rounds") or result.get("policy") != campaigns.timing_of(campaign):
        return None
    moments = [datetime.fromisoformat(each["at"]) for each in result["rounds"]]
    if not result["leads"] == result["of"] == waiting or abs(moments[0] - opens) > SAME_START:
        return None
    return max(*moments, *(datetime.fromisoformat(each["next_at"]) for each in result["people"] if each["next_at"]))


def _never(verdict: Eligibility) -> str | None:
    """Why a lead is not called at all; None for who is, now or later."""
    for answer in verdict.answers:
        if not answer.ok and answer.rule in FOR_GOOD:
            return answer.rule.replace("_", " ")
    return None


async def _known(session: Session, now: datetime) -> tuple[float, float, Decimal | None, Decimal | None]:
    """Of the newest calls: seconds a call takes, calls a lead takes, what one costs at least and at most (80 % sure)."""
    known = await call_averages.newest(session, now - LOOK_BACK)
    if known.calls < MIN_KNOWN:
        return CALL_S, ATTEMPTS, None, None
    seconds, attempts = max(5.0, (known.seconds or 0.0) + 20), max(1.0, known.attempts or ATTEMPTS)
    if known.priced < MIN_KNOWN or known.cost is None:
        return seconds, attempts, None, None
    half = Decimal("0.15") * known.cost + Decimal("1.3") * (known.spread or 0) / Decimal(known.priced).sqrt()
    return seconds, attempts, max(Decimal(0), known.cost - half), known.cost + half


def _end(campaign: Campaign, opens: datetime, work: timedelta, zone: str) -> datetime | None:
    """When so much work is done within the campaign's own hours; None beyond a year."""
    window = campaigns.window_of(campaign)
    day = datetime.combine(opens, campaign.window_closes) - datetime.combine(opens, campaign.window_opens)
    at: datetime | None = opens
    for _ in range(366):
        if at is None or work <= day:
            return at + work if at is not None else None
        work -= day
        at = next_open(window, at + day + timedelta(minutes=1), [zone])
    return None
