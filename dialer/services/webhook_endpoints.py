"""Outgoing webhooks: the endpoints that other systems register for events. `webhooks_out` delivers to them."""

import secrets
from collections.abc import Collection, Sequence

from dialer.domain.access.webhook_url import EVENTS, refusal
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Session
from dialer.store.tables import WebhookEndpoint


class EndpointError(ValueError):
    """The endpoint cannot be added or removed; the message says why."""


async def add_endpoint(
    session: Session, actor: Actor, url: str, events: Sequence[str], *, allowed_hosts: Collection[str]
) -> WebhookEndpoint:
    """Add an endpoint with a new signing secret; without `events` it gets all of them.

    Args:
        allowed_hosts: Hosts that may be private addresses.

    Raises:
        ForbiddenError: `actor` may not do this.
        EndpointError: requests may not be sent to this URL.
    """
    actor.require(actions.WEBHOOK_ADD)
    if reason := refusal(url, allowed_hosts):
        raise EndpointError(f"{url}: {reason}")
    made = WebhookEndpoint(url=url, secret=secrets.token_hex(32), events=list(events or EVENTS), created_by=actor.email)
    session.add(made)
    await session.flush()
    await record(session, actor, actions.WEBHOOK_ADD, {"webhook": made.id, "url": url, "events": made.events})
    return made


async def remove_endpoint(session: Session, actor: Actor, endpoint_id: int) -> None:
    """Remove an endpoint and what was still to be delivered to it.

    Raises:
        ForbiddenError: `actor` may not do this.
        EndpointError: there is none with this id.
    """
    actor.require(actions.WEBHOOK_REMOVE)
    found = await session.get(WebhookEndpoint, endpoint_id)
    if found is None:
        raise EndpointError(f"There is no webhook {endpoint_id}.")
    await session.delete(found)
    await record(session, actor, actions.WEBHOOK_REMOVE, {"webhook": endpoint_id, "url": found.url})
