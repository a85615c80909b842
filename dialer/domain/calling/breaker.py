"""When a campaign stops itself: too many failures, people left in silence, calls that nobody can tell about.

Pure. A breaker judges the calls since the campaign was last set running, and needs at least five of them: one bad call
in four says nothing yet.
"""

from dataclasses import dataclass

MIN_CALLS = 5
MAX_FAILED = 0.5
MAX_ABANDONED = 0.025
MAX_UNKNOWN = 0.01


@dataclass(frozen=True, slots=True)
class Tally:
    """A campaign's calls over one carrier in the time that is judged."""

    ended: int
    """Of the latest ones, how many are over."""
    failed: int
    """Of those, how many failed on our side or the carrier's."""
    answered: int
    abandoned: int
    """Answered, and AVA was not heard within two seconds."""
    asked: int
    """The carrier was asked to place them."""
    unknown: int
    """Nobody could tell whether the carrier took them."""


def trips(tally: Tally) -> str | None:
    """Why the campaign must pause; None while all is well."""
    if tally.ended >= MIN_CALLS and tally.failed / tally.ended >= MAX_FAILED:
        return f"{tally.failed} of the last {tally.ended} calls failed. Check the reasons on the calls, fix them, and start again"
    if tally.answered >= MIN_CALLS and tally.abandoned / tally.answered >= MAX_ABANDONED:
        share = f"{tally.abandoned} of {tally.answered} people who answered"
        return f"{share} heard nothing for two seconds. Check the voice and the bridge, and start again"
    if tally.asked >= MIN_CALLS and tally.unknown / tally.asked > MAX_UNKNOWN:
        return f"of {tally.unknown} of {tally.asked} calls have no answer from the carrier. Check its status page, and start again"
    return None
