"""Adds an entry to the audit log: who did what, in the same transaction as the change."""

from typing import Any

from dialer.services.actions import Action
from dialer.services.actor import Actor, LinkHolder
from dialer.store.sessions import Session
from dialer.store.system import audit


def keyed_hash(session: Session, text: str) -> str:
    """Return a hash of a phone number that only the holder of the installation's key can recompute.

    The audit log holds it instead of the number, so that a person can be erased and the log stays whole.
    """
    return audit.keyed_hash(session, text)


async def record(session: Session, actor: Actor | LinkHolder, action: Action, details: dict[str, Any]) -> int:
    """Add the entry; its id. `details` is what JSON can hold."""
    return await audit.record(session, actor.email, action.name, details)
