"""Pacing: a token bucket per campaign (stored in SQL) and the remaining room under the concurrency limit.

Pure. A bucket holds at most one second's worth of tokens, so a pause is not followed by a burst. Carriers limit calls
per second (CPS) and queue what exceeds it; staying under the limit avoids calls that start late.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `tokens` calls could start at `at`, refilled by `per_second`."""

    tokens: float
    at: datetime
    per_second: float

    def fill(self, now: datetime) -> "Bucket":
        """Return the bucket refilled up to `now`; a clock that stepped back adds nothing."""
        passed = max(0.0, (now - self.at).total_seconds())
        return Bucket(min(max(self.per_second, 1.0), self.tokens + passed * self.per_second), now, self.per_second)


def can_start(tokens: float, live: int, concurrency: int) -> int:
    """Return how many calls may start, given the tokens and `live` calls in progress."""
    return max(0, min(int(tokens), concurrency - live))
