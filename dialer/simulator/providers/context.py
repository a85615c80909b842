"""Shared dependencies of the simulated providers, and their request errors."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from dialer.simulator.clock import Clock
from dialer.simulator.faults import Fault, Faults
from dialer.simulator.ledger import Ledger, Refusal, ServiceEntry
from dialer.simulator.people.speech import Speech
from dialer.simulator.realtime.wire import new_id
from dialer.simulator.settings import WorldSettings


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """The parts of the simulator that the providers share."""

    settings: WorldSettings
    speech: Speech
    clock: Clock
    faults: Faults
    ledger: Ledger

    def refuse(self, does: str, provider: str) -> None:
        """Raise ApiError if a fault rule refuses this request."""
        if fault := self.faults.take(does, "refuse", event=provider):
            raise ApiError.by_fault(fault)

    def accept(self, provider: str, does: str, model: str, config: Mapping[str, Any]) -> ServiceEntry:
        """Add an accepted request or session to the ledger."""
        entry = ServiceEntry(new_id("svc"), provider, does, model, dict(config))
        self.ledger.services.append(entry)
        return entry

    async def late(self, does: str, provider: str) -> None:
        """Sleep if a fault rule delays this output."""
        if slow := self.faults.take(does, "slow", event=provider):
            await asyncio.sleep(slow.seconds)


@dataclass(slots=True)
class ApiError(Exception):
    """A rejected request; each provider formats it in its own way."""

    status: int
    code: str
    message: str
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def by_fault(cls, fault: Fault) -> "ApiError":
        """Create the error of a fault rule."""
        wait = fault.retry_after if fault.status in (429, 503) else None
        return cls(
            fault.status,
            "by_fault",
            "refused by a fault rule",
            None,
            {} if wait is None else {"retry-after": str(wait)},
        )

    def note(self, ledger: Ledger, path: str) -> None:
        """Add the refusal to the ledger."""
        ledger.refusals.append(Refusal(path, self.status, self.code))


def bad_request(message: str, param: str | None = None) -> ApiError:
    """Return an error with status 400."""
    return ApiError(400, "invalid_request_error", message, param)


def bearer(request: web.Request) -> str | None:
    """Return the bearer token of the Authorization header, if any."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


async def json_body(request: web.Request) -> dict[str, Any]:
    """Parse the body as a JSON object. Raises ApiError."""
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise bad_request("We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict):
        raise bad_request("The body of the request must be a JSON object.")
    return body
