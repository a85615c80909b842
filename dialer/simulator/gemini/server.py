"""The Gemini Live WebSocket endpoint: authentication, the setup message and session resumption."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.gemini.checks import BadMessageError, check_setup, one_key
from dialer.simulator.gemini.session import Memory, Session
from dialer.simulator.ledger import Ledger, RealtimeEntry, Refusal, stamp
from dialer.simulator.people.scripted_model import ScriptedModel
from dialer.simulator.people.speech import Speech
from dialer.simulator.people.students import LINES
from dialer.simulator.realtime.wire import new_id
from dialer.simulator.settings import WorldSettings

PATHS = tuple(
    f"/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent" for version in ("v1beta", "v1")
)
SETUP_TIMEOUT_S = 10.0


class GeminiService:
    """Opens sessions, and keeps the state of closed ones for resumption."""

    def __init__(self, settings: WorldSettings, speech: Speech, clock: Clock, faults: Faults, ledger: Ledger) -> None:
        self._settings, self._speech, self._clock = settings, speech, clock
        self._faults, self._ledger = faults, ledger
        self._sockets: set[web.WebSocketResponse] = set()
        self._memories: dict[str, Memory] = {}

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of both API versions."""
        return [web.get(path, self._connect, allow_head=False) for path in PATHS]

    async def stop(self) -> None:
        """Close every session."""
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"server shutdown")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("x-goog-api-key") or request.query.get("key")
        fault = self._faults.take("model", "refuse")
        if fault or key != self._settings.gemini_key:
            status = fault.status if fault else 403
            self._ledger.refusals.append(Refusal(request.path, status, "API_KEY_INVALID"))
            return web.json_response({"error": {"code": status, "message": "API key not valid."}}, status=status)
        socket = web.WebSocketResponse(compress=False, max_msg_size=0, timeout=2.0)
        await socket.prepare(request)
        self._sockets.add(socket)
        entry = RealtimeEntry(new_id("sess"), "")
        self._ledger.sessions.append(entry)
        session: Session | None = None
        try:
            session = await self._set_up(socket, entry)
            async for message in socket:
                await session.take(*one_key(_read(message)))
        except BadMessageError as error:
            entry.errors.append({"code": error.code, "message": str(error)})
            entry.close_code = error.code
            await socket.close(code=error.code, message=str(error).encode()[:120])
        finally:
            self._sockets.discard(socket)
            if session is not None:
                await session.stop()
            entry.closed = stamp()
            entry.close_code = entry.close_code or socket.close_code
        return socket

    async def _set_up(self, socket: web.WebSocketResponse, entry: RealtimeEntry) -> Session:
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                key, setup = one_key(_read(await socket.receive()))
        except TimeoutError as error:
            raise BadMessageError("setup was not sent in time.", 1008) from error
        if key != "setup":
            raise BadMessageError("setup must be the first message and only the first.")
        check_setup(setup, self._settings.gemini_models)
        entry.model, entry.config = setup["model"].removeprefix("models/"), dict(setup)
        memory = self._memory(setup)
        self._memories[entry.id] = memory
        session = Session(socket, setup, memory, entry, self._speech, self._clock, self._faults, self._settings)
        await socket.send_bytes(msgspec.json.encode({"setupComplete": {"sessionId": entry.id}}))
        return session

    def _memory(self, setup: Mapping[str, Any]) -> Memory:
        handle = setup.get("sessionResumption", {}).get("handle")
        if handle is None:
            return Memory(ScriptedModel(LINES))
        if handle not in self._memories or self._faults.take("model", "forget"):
            raise BadMessageError("Session not found.")
        return self._memories[handle]


def _read(message: aiohttp.WSMessage) -> object:
    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        raise BadMessageError("the connection was closed", 1000)
    try:
        return msgspec.json.decode(message.data)
    except msgspec.DecodeError as error:
        raise BadMessageError("Invalid JSON payload received.") from error
