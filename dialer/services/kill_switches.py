"""The kill switch: marketing can stop every new call at once, only an administrator can allow them again."""

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.campaigns import kill_switches
from dialer.store.sessions import Session


async def throw_kill_switch(session: Session, actor: Actor, scope: str, why: str) -> None:
    """Stop every new call in this scope: all of them, or a carrier's. Raises ForbiddenError."""
    actor.require(actions.KILL_SWITCH_ON)
    await kill_switches.activate(session, scope, why, actor.email)
    await record(session, actor, actions.KILL_SWITCH_ON, {"scope": scope, "why": why})


async def release_kill_switch(session: Session, actor: Actor, scope: str, why: str = "by hand") -> bool:
    """Allow calls again, for a reason; False where the switch was not on. Raises ForbiddenError."""
    actor.require(actions.KILL_SWITCH_OFF)
    released = await kill_switches.release(session, scope)
    if released:
        await record(session, actor, actions.KILL_SWITCH_OFF, {"scope": scope, "why": why})
    return released
