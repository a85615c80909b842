"""Circuit breakers: pause a campaign on too many failed, abandoned or unconfirmed calls.

Pure. A breaker looks at the calls since the campaign was last started and needs at least `MIN_CALLS` of them, so that
one bad call among the first few does not trip it.
"""

from dataclasses import dataclass

MIN_CALLS = 5
MAX_FAILED = 0.5
MAX_ABANDONED = 0.025
MAX_UNKNOWN = 0.01


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a campaign's calls over one carrier in the period under review."""

    ended: int
    """The latest calls that have ended."""
    failed: int
    """Of the ended calls, those that failed on our side or the carrier's."""
    answered: int
    abandoned: int
    """Answered calls in which AVA was not heard within two seconds."""
    asked: int
    """Calls requested from the carrier."""
    unknown: int
    """Requested calls for which it is unknown whether the carrier accepted them."""


def trips(tally: Tally) -> str | None:
    """Return why the campaign must pause, or None."""
    if tally.ended >= MIN_CALLS and tally.failed / tally.ended >= MAX_FAILED:
        return f"{tally.failed} of the last {tally.ended} calls failed. Check the reasons on the calls, fix them, and start again"
    if tally.answered >= MIN_CALLS and tally.abandoned / tally.answered >= MAX_ABANDONED:
        share = f"{tally.abandoned} of {tally.answered} people who answered"
        return f"{share} heard nothing for two seconds. Check the voice and the bridge, and start again"
    if tally.asked >= MIN_CALLS and tally.unknown / tally.asked > MAX_UNKNOWN:
        share = f"{tally.unknown} of {tally.asked} calls"
        return f"the carrier did not confirm {share}. Check its status page, and start again"
    return None
