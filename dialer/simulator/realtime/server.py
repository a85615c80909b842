"""The OpenAI Realtime WebSocket endpoint: authentication, model check and session start."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web

from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import Ledger, RealtimeEntry, Refusal, stamp
from dialer.simulator.people.speech import Speech
from dialer.simulator.realtime.config import default_session
from dialer.simulator.realtime.session import BETA, Session
from dialer.simulator.realtime.wire import Wire, new_id
from dialer.simulator.settings import WorldSettings


class RealtimeService:
    """Opens sessions. Transcription sessions are passed to `transcription`."""

    def __init__(
        self,
        settings: WorldSettings,
        speech: Speech,
        clock: Clock,
        faults: Faults,
        ledger: Ledger,
        transcription: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> None:
        self._transcription = transcription
        self._settings, self._speech, self._clock = settings, speech, clock
        self._faults, self._ledger = faults, ledger
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the endpoint's route."""
        return [web.get("/v1/realtime", self._connect, allow_head=False)]

    async def stop(self) -> None:
        """Close every session."""
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"server shutdown")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("intent") == "transcription":
            return await self._transcription(request)
        refusal = self._refusal(request)
        if refusal is not None:
            status, code, message = refusal
            self._ledger.refusals.append(Refusal(request.path, status, code))
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
            return web.json_response({"error": error}, status=status)
        socket = web.WebSocketResponse(compress=False, max_msg_size=0, timeout=2.0)
        await socket.prepare(request)
        self._sockets.add(socket)
        entry = RealtimeEntry(new_id("sess"), request.query["model"])
        self._ledger.sessions.append(entry)
        try:
            await self._serve(request, socket, entry)
        finally:
            self._sockets.discard(socket)
            entry.closed = stamp()
            entry.close_code = entry.close_code or socket.close_code
        return socket

    def _refusal(self, request: web.Request) -> tuple[int, str, str] | None:
        """Return status, code and message if the handshake must fail: 401 for the key, 400 for the model."""
        if fault := self._faults.take("model", "refuse"):
            code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(fault.status, "server_error")
            return fault.status, code, "refused by a fault rule"
        if request.headers.get("Authorization") != f"Bearer {self._settings.openai_key}":
            return 401, "invalid_api_key", "Incorrect API key provided."
        model = request.query.get("model")
        if not model:
            return 400, "missing_model", "You must provide a model parameter."
        if model not in self._settings.models:
            return 400, "invalid_model", f"The model '{model}' does not exist or is not a realtime model."
        return None

    async def _serve(self, request: web.Request, socket: web.WebSocketResponse, entry: RealtimeEntry) -> None:
        wire = Wire(socket, entry)
        if "OpenAI-Beta" in request.headers:
            await wire.error(BETA)
            await wire.close(4000, BETA.code)
            return
        config: dict[str, Any] = default_session(
            entry.id, entry.model, int(time.time() + self._settings.session_s / self._settings.speed)
        )
        session = Session(wire, config, entry, self._speech, self._clock, self._faults, self._settings)
        try:
            await session.open()
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    await wire.close(1003, "only text frames")
                    return
                if not await session.take(message.data):
                    return
        finally:
            await session.stop()
