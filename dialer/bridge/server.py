"""The bridge process: carriers' media sockets in, voices' sockets out, its own small HTTP answers.

Whoever connects must show Twilio's signature over the public address, or come to Exotel's path (which signs nothing)
with the password that may be set, and then show the call's one-time token; a socket without a `start` within five
seconds is closed. SIGTERM stops accepting and lets live calls finish for a while.
"""

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import UUID

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)
from sqlalchemy.exc import SQLAlchemyError

from dialer.bridge.archive import Archive
from dialer.bridge.clerk import Parts
from dialer.bridge.control import heed
from dialer.bridge.runner import Runner
from dialer.carriers.exotel.webhooks import is_authorised
from dialer.carriers.twilio.webhooks import is_genuine_upgrade
from dialer.flows.answer_call import still_talking
from dialer.flows.take_calls import Addresses
from dialer.settings import Settings
from dialer.store.shelf import Shelf
from dialer.wiring.carriers import MAKE_CODEC, make_carriers
from dialer.wiring.stores import make_redis, open_store
from dialer.wiring.voices import make_voices

LARGEST_FRAME = 64 * 1024
TICK_S = 0.1
ALIVE_EVERY_S = 5.0
DRAIN_S = 25.0
# Sent by the websocket library itself, for a frame that is none or too large.
BROKE = frozenset({WSCloseCode.PROTOCOL_ERROR, WSCloseCode.INVALID_TEXT, WSCloseCode.MESSAGE_TOO_BIG})
log = logging.getLogger(__name__)


class CarrierListener(WSListener):
    """A carrier's socket."""

    def __init__(self, bridge: "Bridge", carrier: str) -> None:
        self._bridge = bridge
        self._carrier = carrier
        self._runner: Runner | None = None
        self._parts = bytearray()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """A socket that was let in."""
        self._runner = self._bridge.adopt(transport, self._carrier)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a whole text message; binary is not of this protocol."""
        assert self._runner is not None
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT and frame.fin:
            self._runner.carrier_message(frame.get_payload_as_memoryview())
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._parts += frame.get_payload_as_bytes()
            if len(self._parts) > LARGEST_FRAME:
                self._parts.clear()
                self._runner.refuse(WSCloseCode.MESSAGE_TOO_BIG, "a message in too many pieces")
            elif frame.fin:
                whole, self._parts = bytes(self._parts), bytearray()
                self._runner.carrier_message(whole)
        else:
            self._runner.refuse(WSCloseCode.UNSUPPORTED_DATA, "a binary frame")

    def pause_writing(self) -> None:
        """The carrier reads too slowly."""
        if self._runner is not None:
            self._runner.carrier_choked(True)

    def resume_writing(self) -> None:
        """The carrier has caught up."""
        if self._runner is not None:
            self._runner.carrier_choked(False)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The carrier is gone."""
        if self._runner is not None:
            told = transport.close_handshake
            broken = told is not None and told.sent is not None and told.sent.code in BROKE
            self._runner.carrier_gone(broken)


class Bridge:
    """The calls of this process."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._media_url = f"{settings.media_url}/media-stream"
        token = settings.twilio_auth_token
        self._auth_token = token.get_secret_value() if token else None
        auth = settings.exotel_callback_auth
        self._exotel_auth = auth.get_secret_value() if auth else None
        self._carrier_at = {carrier.profile.media_path: name for name, carrier in parts.carriers.items()}
        self._parts = parts
        self._runners: set[Runner] = set()
        self._draining = False

    def admit(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """Route one HTTP request: health, a carrier's upgrade, or a refusal."""
        path = request.path.decode("latin-1").partition("?")[0]
        if path == "/health":
            return _answer(HTTPStatus.OK, {"status": "ok", "worker": os.getpid(), "calls": len(self._runners)})
        carrier = self._carrier_at.get(path)
        if carrier is None:
            return None
        if self._draining:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "draining"})
        if not self._is_let_in(carrier, request):
            return _answer(HTTPStatus.FORBIDDEN, {"status": "forbidden"})
        return CarrierListener(self, carrier)

    def _is_let_in(self, carrier: str, request: WSUpgradeRequest) -> bool:
        """Whether an upgrade shows what its carrier can show; the call's token is asked for after it."""
        if carrier == "exotel":
            known = is_authorised(request.headers.get("Authorization", ""), self._exotel_auth)
            if not known:
                log.warning("upgrade refused: not Exotel's user and password")
            return known
        signature = request.headers.get("X-Twilio-Signature", "")
        if self._auth_token is None or not is_genuine_upgrade(self._media_url, signature, self._auth_token):
            log.warning("upgrade refused: no valid signature over %s", self._media_url)
            return False
        return True

    def adopt(self, transport: WSTransport, carrier: str) -> Runner:
        """A new media socket."""
        runner = Runner(transport, MAKE_CODEC[carrier](), self._parts, self._runners.discard)
        self._runners.add(runner)
        return runner

    def find(self, call_id: UUID) -> Runner | None:
        """The call, if it is one of this process."""
        for runner in self._runners:
            if runner.answered is not None and runner.answered.talk.call_id == call_id:
                return runner
        return None

    async def keep_time(self) -> None:
        """Let every call feel time pass, and tell the database which ones are alive."""
        told = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for runner in tuple(self._runners):
                runner.tick(now)
            if now - told >= ALIVE_EVERY_S:
                told = now
                await self._say_alive()

    async def _say_alive(self) -> None:
        calls = [runner.answered.talk.call_id for runner in self._runners if runner.answered]
        if not calls:
            return
        try:
            async with self._parts.sessions.begin() as session:
                await still_talking(session, calls)
        except (SQLAlchemyError, OSError) as error:
            log.warning("sign of life not stored: %s", error)

    async def drain(self) -> None:
        """Accept nothing new, let calls finish, end what is left."""
        self._draining = True
        until = time.monotonic() + DRAIN_S
        while self._runners and time.monotonic() < until:
            await asyncio.sleep(TICK_S)
        for runner in tuple(self._runners):
            runner.drain()
        until = time.monotonic() + 5
        while self._runners and time.monotonic() < until:
            await asyncio.sleep(TICK_S)


def _answer(status: HTTPStatus, body: dict[str, object]) -> WSUpgradeResponseWithListener:
    text = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if status is HTTPStatus.OK:
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_ok_response(text, headers), None)
    return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, text, headers), None)


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port."""
    async with open_store(settings) as store:
        redis, carriers = make_redis(settings), make_carriers(settings)
        archive = Archive(settings.recordings_in_the_making, Shelf(settings.recordings), store.sessions)
        addresses = Addresses(settings.public_url, settings.media_url)
        parts = Parts(store.sessions, redis, make_voices(settings), store.clock.now, carriers, addresses, archive)
        bridge = Bridge(settings, parts)
        server = await ws_create_server(
            bridge.admit,
            settings.dialer_bridge_host,
            settings.dialer_bridge_port,
            max_frame_size=LARGEST_FRAME,
            enable_auto_ping=True,
        )
        clock = asyncio.create_task(bridge.keep_time())
        beside = [asyncio.create_task(heed(redis, bridge.find)), asyncio.create_task(archive.look_after())]
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            await bridge.drain()
            server.close()
            for task in (clock, *beside):
                task.cancel()
            await asyncio.gather(clock, *beside, return_exceptions=True)
            await archive.close()
            for carrier in carriers.values():
                await carrier.close()
            await redis.aclose()
