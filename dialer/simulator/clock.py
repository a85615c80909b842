"""The simulator's clock: every wait is divided by its speed."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import format_datetime


class Clock:
    """Sleeps and measures in simulated seconds; dates and times of day are real."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be above zero")
        self.speed = speed

    def seconds(self) -> float:
        """Return a monotonic reading in simulated seconds; only differences are meaningful."""
        return time.monotonic() * self.speed

    def real(self, seconds: float) -> float:
        """Convert simulated seconds to real seconds."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` simulated seconds."""
        await asyncio.sleep(seconds / self.speed)

    async def until(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait up to `seconds` simulated seconds for `event`; return whether it was set."""
        try:
            async with asyncio.timeout(seconds / self.speed):
                await event.wait()
        except TimeoutError:
            return False
        return True


def now() -> datetime:
    """Return the real time in UTC."""
    return datetime.now(UTC)


def rfc2822(moment: datetime | None) -> str | None:
    """Format a date as Twilio's REST API does (RFC 2822): `Tue, 31 Aug 2010 20:36:28 +0000`."""
    return format_datetime(moment) if moment else None
