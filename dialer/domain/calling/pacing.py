"""How many calls may start now: a token bucket per campaign, held in SQL, and the room under the concurrency limit.

Pure. A bucket never holds more than a second's worth, so that a pause is not followed by a burst, and the carrier
never builds a queue of its own (twilio.md §6, CPS).
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` calls could start at `at`; `per_second` more become possible each second."""

    tokens: float
    at: datetime
    per_second: float

    def fill(self, now: datetime) -> "Bucket":
        """The bucket at `now`; a clock that stepped back adds nothing."""
        passed = max(0.0, (now - self.at).total_seconds())
        return Bucket(min(max(self.per_second, 1.0), self.tokens + passed * self.per_second), now, self.per_second)


def can_start(tokens: float, live: int, concurrency: int) -> int:
    """How many calls may start with this many tokens and `live` calls in progress."""
    return max(0, min(int(tokens), concurrency - live))
