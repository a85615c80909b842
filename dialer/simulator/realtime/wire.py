"""Sends server events: JSON text frames, each with its own `event_id`."""

import secrets
from typing import Any

import msgspec
from aiohttp import web

from dialer.simulator.ledger import RealtimeEntry
from dialer.simulator.realtime.checks import EventError


def new_id(kind: str) -> str:
    """Return an id in the service's style: `item_…`, `resp_…`."""
    return f"{kind}_{secrets.token_hex(10)}"


class Wire:
    """The sending side of one session's socket. Sends do nothing once the client has disconnected."""

    def __init__(self, socket: web.WebSocketResponse, entry: RealtimeEntry) -> None:
        self._socket, self._entry = socket, entry

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        if self._socket.closed:
            return
        event = {"type": kind, "event_id": new_id("event"), **fields}
        try:
            await self._socket.send_str(msgspec.json.encode(event).decode())
        except ConnectionError:
            return

    async def error(self, refused: EventError, event_id: str | None = None) -> None:
        """Send an `error` event; the session stays open."""
        error = {
            "type": "invalid_request_error",
            "code": refused.code,
            "message": refused.message,
            "param": refused.param,
            "event_id": event_id,
        }
        self._entry.errors.append(error)
        await self.send("error", error=error)

    async def close(self, code: int, reason: str) -> None:
        """Close the session from the server's side."""
        self._entry.close_code = code
        await self._socket.close(code=code, message=reason.encode())
