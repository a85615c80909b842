"""The clock by which people live: hours, holidays, retries, promised call-backs, slots.

Real time unless DIALER_CLOCK moves it (`START[@SPEED]`, rehearsal and tests only). What happens on the wire
(holds, webhooks, watchdogs, leases, the horizon of unknown calls) keeps real time and never asks this.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dialer.settings import WrongSettingError


@dataclass(frozen=True, slots=True)
class Clock:
    """Maps real instants to lived ones: `start` was at the real instant `began`, and time runs `speed` times as fast."""

    began: datetime | None = None
    start: datetime | None = None
    speed: float = 1.0

    def now(self) -> datetime:
        """The lived instant, UTC."""
        real = datetime.now(UTC)
        if self.began is None or self.start is None:
            return real
        return self.start + (real - self.began) * self.speed

    def to_real(self, lived: datetime) -> datetime:
        """The real instant at which `lived` will be or was reached."""
        if self.began is None or self.start is None:
            return lived
        return self.began + (lived - self.start) / self.speed

    def real_duration(self, lived: timedelta) -> timedelta:
        """How long `lived` takes in real time."""
        return lived / self.speed


def parse_simulated_clock(text: str) -> tuple[datetime, float]:
    """Read `2026-11-23T11:00+05:30@60` as (start in UTC, speed); the offset is required.

    Raises:
        WrongSettingError: the text is not of that form.
    """
    start, _, speed = text.partition("@")
    try:
        moment, factor = datetime.fromisoformat(start), float(speed or "1")
    except ValueError as error:
        raise WrongSettingError(f"DIALER_CLOCK must look like 2026-11-23T11:00+05:30@60, not {text!r}") from error
    if moment.tzinfo is None or not 0 < factor <= 100_000:
        raise WrongSettingError(
            f"DIALER_CLOCK needs an offset and a speed above 0, as in 2026-11-23T11:00+05:30@60, not {text!r}"
        )
    return moment.astimezone(UTC), factor
