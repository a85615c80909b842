"""Leave a name for every read of personal data: which account, link or command read what, and when."""

from typing import Any, Protocol

from dialer.store.sessions import Session, Sessions
from dialer.store.system import access_log

EXPORT, RECORDING, LISTEN, CALL, LEAD = "export", "recording.play", "call.listen", "call.view", "lead.view"


class Reader(Protocol):
    """Who reads: an Actor, or the holder of a link."""

    @property
    def email(self) -> str:
        """The name in the log."""


async def record_access(session: Session, reader: Reader, action: str, **details: Any) -> None:
    """Add an entry to the access log, in the caller's transaction."""
    await access_log.record(session, reader.email, action, details)


async def record_access_now(sessions: Sessions, reader: Reader, action: str, **details: Any) -> None:
    """Add an entry and commit it, before anything is read: what is sent out cannot be taken back."""
    async with sessions.begin() as session:
        await record_access(session, reader, action, **details)
