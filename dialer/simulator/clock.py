"""The world's time: every wait is divided by its speed."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import format_datetime


class Clock:
    """Waits and measures in seconds of the call; dates are real ones."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be above zero")
        self.speed = speed

    def seconds(self) -> float:
        """A monotonic reading in seconds of the call; only differences mean something."""
        return time.monotonic() * self.speed

    def real(self, seconds: float) -> float:
        """How long `seconds` of the call last on the wall."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of the call."""
        await asyncio.sleep(seconds / self.speed)

    async def until(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for `event` at most `seconds` of the call; whether it came."""
        try:
            async with asyncio.timeout(seconds / self.speed):
                await event.wait()
        except TimeoutError:
            return False
        return True


def now() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


def rfc2822(moment: datetime | None) -> str | None:
    """A date as Twilio writes it (twilio.md §1): `Tue, 31 Aug 2010 20:36:28 +0000`."""
    return format_datetime(moment) if moment else None
