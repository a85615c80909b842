"""Which line each lead is called over, and how many calls may start on each now: routing by number, pace by carrier."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

import phonenumbers

from dialer.carriers.port import CarrierAccount
from dialer.domain.calling.pacing import Bucket
from dialer.domain.calling.routing import Route, choose, is_one_way
from dialer.domain.compliance.time_zone_groups import HoursGroup
from dialer.services.dialing.eligibility import Accounts, CallerId
from dialer.store.campaigns import kill_switches
from dialer.store.tables import Campaign


def may_use(campaign: Campaign, carrier: str) -> bool:
    """Whether a campaign's calls may go out through a carrier: through any, or through the one it chose."""
    return campaign.carrier in (None, carrier)


def caller_id_for(carriers: Accounts, campaign: Campaign, phone: str) -> CallerId | None:
    """The line of one lead; None where the campaign has no carrier with credentials."""
    found = choose(_offered(carriers, campaign), phone)
    return _line(carriers[found[0]], found[1]) if found else None


def caller_ids_of(carriers: Accounts, campaign: Campaign) -> list[CallerId]:
    """Every line that calls of a campaign may go out through."""
    return [
        line
        for name in _offered(carriers, campaign)
        for line in dict.fromkeys(_line(carriers[name], route) for route in (Route(""), *carriers[name].routes))
    ]


def numbers_of(carrier: CarrierAccount) -> set[str]:
    """The numbers of ours that are shown over a carrier."""
    return {carrier.from_number, *(route.caller_id for route in carrier.routes if route.caller_id)}


def rates_of(lines: Iterable[CallerId], campaign: Campaign, running: Sequence[Campaign]) -> dict[str, float]:
    """The buckets that a campaign's calls draw from, with their rates in calls per second.

    A carrier account starts as many calls a second as its owner says, else one, or what a campaign that is told to go
    faster says (twilio.md §6: above its rate Twilio queues silently, and rings late).
    """
    rates = {f"campaign:{campaign.id}": campaign.per_second}
    for line in lines:
        told = [each.per_second for each in running if may_use(each, line.carrier.name)]
        account = line.carrier.calls_per_second or max(1.0, campaign.per_second, *told)
        rates |= dict.fromkeys(line.buckets, account)
    return rates


class RouteCapacity:
    """How many more calls may start on each line in one tick. A line whose kill switch is on has no place."""

    def __init__(
        self,
        carriers: Accounts,
        campaign: Campaign,
        buckets: Mapping[str, Bucket],
        waiting: Sequence[Campaign],
        thrown: Mapping[str, str],
    ) -> None:
        """`waiting` are the campaigns not served yet in this tick, this one among them: nobody takes more than a share."""
        self._carriers, self._campaign = carriers, campaign
        self._left: dict[str, int] = {}
        self.lines = caller_ids_of(carriers, campaign)
        for line in self.lines:
            others = sum(may_use(each, line.carrier.name) for each in waiting)
            halted = kill_switches.why_halted(thrown, line.carrier.name) is not None
            for key in line.buckets:
                self._left[key] = 0 if halted else max(0, ceil(buckets[key].tokens // 1 / max(1, others)))

    @property
    def left(self) -> int:
        """How many calls may start, over all lines together; none of them shares both of its buckets with another."""
        by_carrier = {line.carrier.name: self._left[line.buckets[0]] for line in self.lines if self.has(line)}
        return sum(by_carrier.values())

    def line_for(self, phone: str) -> CallerId | None:
        """See `caller_id_for`."""
        return caller_id_for(self._carriers, self._campaign, phone)

    def has(self, line: CallerId) -> bool:
        """Whether one more call may start on a line."""
        return all(self._left[key] > 0 for key in line.buckets)

    def take(self, line: CallerId) -> None:
        """A call is going to start on it."""
        for key in line.buckets:
            self._left[key] -= 1

    def may_serve(self, group: HoursGroup) -> bool:
        """Whether leads of a group are worth looking at: not where all of their numbers take one line, and that is full."""
        code = phonenumbers.country_code_for_region(group.region) if group.region else 0
        if not code or not is_one_way(_offered(self._carriers, self._campaign), f"+{code}"):
            return True
        line = self.line_for(f"+{code}")
        return line is None or self.has(line)


def _offered(carriers: Accounts, campaign: Campaign) -> dict[str, tuple[Route, ...]]:
    return {name: carrier.routes for name, carrier in carriers.items() if may_use(campaign, name)}


def _line(carrier: CarrierAccount, route: Route) -> CallerId:
    return CallerId(carrier, route.caller_id or carrier.from_number)
