"""The bridge process: carriers' media sockets in, voices' sockets out, its own small HTTP answers.

A media socket shows Twilio's signature, or Exotel's password where one is set, and then a call's one-time token. One that
shows nothing at the upgrade waits in a small pool (`pending_sockets`), so that strangers never take a call's place. A full
bridge refuses, and publishes in the database how many calls it takes, so that no more are placed.
SIGTERM stops accepting and lets live calls finish for a while.
"""

import asyncio
import json
import logging
import os
import platform
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from uuid import UUID

from websockets.frames import CloseCode

from dialer.bridge.call_session import START_TIMEOUT_S, CallSession
from dialer.bridge.io.call_worker import BridgeContext
from dialer.bridge.io.supervisor import listen
from dialer.bridge.io.transcript_writer import TranscriptWriter
from dialer.bridge.metrics import KIND, make_metrics
from dialer.bridge.pending_sockets import IDENTIFY_TIMEOUT_S, PendingSockets
from dialer.bridge.preload import Preloader
from dialer.bridge.recording.uploader import Uploader
from dialer.carriers.exotel.webhooks import is_authorized
from dialer.carriers.twilio.webhooks import is_signed_upgrade
from dialer.domain.calling.call import LIVE
from dialer.net.websocket.port import Handler, HttpResponse, Request, Socket
from dialer.services.dialing.acquire import CallbackUrls
from dialer.settings import Settings
from dialer.store.calls import bridges, calls, streams
from dialer.store.sessions import DatabaseError
from dialer.store.system.object_storage import ObjectStorage
from dialer.voices.session import close_all
from dialer.wiring.carriers import MAKE_CODEC, make_carriers
from dialer.wiring.stores import make_redis, open_store
from dialer.wiring.voices import make_sockets, make_voices

MAX_FRAME_BYTES = 64 * 1024
TOKEN = re.compile(r"(?:^|&)token=([\w-]{22})(?:&|$)", re.ASCII)
"""A call's token in the query of the address that a carrier opens: 16 bytes as URL-safe base64."""
TICK_S = 0.1
HEARTBEAT_S = 5.0
DRAIN_S = 25.0
GOODBYE_S = 5.0
log = logging.getLogger(__name__)


class CarrierHandler:
    """Our side of a carrier's socket."""

    def __init__(self, bridge: "Bridge", carrier: str, *, known: bool, forwarded: str, token: str) -> None:
        self._bridge = bridge
        self._carrier = carrier
        self._known, self._forwarded, self._token = known, forwarded, token
        self._runner: CallSession | None = None
        self.message: Callable[[bytes | memoryview], None] = _nobody
        """Where the carrier's messages go."""

    def opened(self, socket: Socket) -> None:
        """Start a session on the socket, unless it is unknown and the pool of such sockets is full."""
        address = "" if self._known else self._forwarded or socket.peer_address()
        self._runner = self._bridge.adopt(socket, self._carrier, address, self._token)
        if self._runner is None:
            socket.close(CloseCode.TRY_AGAIN_LATER, at_once=True)
            return
        self.message = self._runner.carrier_message

    def failed(self, code: CloseCode, says: str) -> None:
        """The carrier sent what it may not."""
        if self._runner is not None:
            self._runner.refuse(code, says)

    def backpressure(self, choked: bool) -> None:
        """The carrier reads too slowly, or has caught up."""
        if self._runner is not None:
            self._runner.carrier_backpressure(choked)

    def closed(self, broken: bool, says: str) -> None:
        """The carrier is gone."""
        if self._runner is not None:
            self._runner.carrier_closed(broken)


def _nobody(message: bytes | memoryview) -> None:
    """Before the socket is open nothing comes."""


class Bridge:
    """The calls of this process."""

    def __init__(self, settings: Settings, parts: BridgeContext) -> None:
        self._media_url = f"{settings.media_url}/media-stream"
        token = settings.twilio_auth_token
        self._auth_token = token.get_secret_value() if token else None
        self._most_calls = settings.dialer_bridge_most_calls
        self._name = f"{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
        auth = settings.exotel_callback_auth
        self._exotel_auth = auth.get_secret_value() if auth else None
        self._carrier_at = {carrier.capabilities.media_path: name for name, carrier in parts.carriers.items()}
        self._parts = parts
        self._metrics = parts.metrics
        self._runners: set[CallSession] = set()
        self._pending = PendingSockets()
        self._lookups: set[asyncio.Task[None]] = set()
        self._proxies = settings.dialer_proxies
        metrics_token = settings.dialer_metrics_token
        self._metrics_token = metrics_token.get_secret_value() if metrics_token else None
        self._draining = False

    def admit(self, request: Request) -> Handler | HttpResponse | None:
        """Route one HTTP request: health, numbers, a carrier's upgrade, or a refusal."""
        if request.path == "/health":
            return self._health()
        if request.path == "/metrics":
            if not self._may_scrape(request):
                return self._refuse(HTTPStatus.FORBIDDEN, "metrics")
            self._metrics.calls.set(self.calls)
            return HttpResponse(HTTPStatus.OK, self._metrics.text(), KIND)
        carrier = self._carrier_at.get(request.path)
        if carrier is None:
            return None
        if self._draining:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "draining")
        if len(self._runners) - len(self._pending) >= self._most_calls:
            log.error("a call is refused: %s calls are as many as this bridge takes", self._most_calls)
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "full")
        if not self._is_admitted(carrier, request):
            return self._refuse(HTTPStatus.FORBIDDEN, "signature")
        known = carrier != "exotel" or self._exotel_auth is not None
        shown = TOKEN.search(request.query)
        return CarrierHandler(
            self, carrier, known=known, forwarded=self._forwarded(request), token=shown[1] if shown else ""
        )

    @property
    def calls(self) -> int:
        """Calls whose token was accepted."""
        return sum(runner.answered is not None for runner in self._runners)

    def _may_scrape(self, request: Request) -> bool:
        """Whether a scraper shows DIALER_METRICS_TOKEN; without one set, nobody may."""
        shown = request.headers.get("authorization", "")
        wanted = f"Bearer {self._metrics_token}"
        return self._metrics_token is not None and secrets.compare_digest(shown.encode(), wanted.encode())

    def _forwarded(self, request: Request) -> str:
        """The client's address as the outermost of our proxies saw it; empty where no proxy is declared."""
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        return hops[-self._proxies] if 0 < self._proxies <= len(hops) else ""

    def _is_admitted(self, carrier: str, request: Request) -> bool:
        """Whether an upgrade shows what its carrier can show; the call's token is asked for after it."""
        if carrier == "exotel":
            known = is_authorized(request.headers.get("authorization", ""), self._exotel_auth)
            if not known:
                log.warning("upgrade refused: not Exotel's user and password")
            return known
        signature = request.headers.get("x-twilio-signature", "")
        if self._auth_token is None or not is_signed_upgrade(self._media_url, signature, self._auth_token):
            log.warning("upgrade refused: no valid signature over %s", self._media_url)
            return False
        return True

    def adopt(self, socket: Socket, carrier: str, address: str, token: str) -> CallSession | None:
        """Start a session on a media socket; one with an `address` showed no credential and needs a pending place.

        A call's token in the address that was opened (Exotel's `StreamUrl`) is looked up at once.
        """
        session = CallSession(socket, MAKE_CODEC[carrier](), self._parts, self._ended, self._pending.leave)
        if address:
            if not self._pending.enter(session, address):
                log.warning("media socket refused: too many sockets without a token, address %s", address)
                self._metrics.refused.labels("pending").inc()
                return None
            session.start_timeout_s = IDENTIFY_TIMEOUT_S
            if token:
                lookup = asyncio.create_task(self._identify(session, carrier, token))
                self._lookups.add(lookup)
                lookup.add_done_callback(self._lookups.discard)
        self._runners.add(session)
        return session

    async def _identify(self, session: CallSession, carrier: str, token: str) -> None:
        """Give a socket that shows a live call's token the usual time for its `start`; close one with a wrong token."""
        try:
            async with self._parts.sessions() as rows:
                call = await calls.by_token(rows, token)
        except (DatabaseError, OSError):
            return  # it keeps its place in the pool, and its `start` is looked up as ever
        if call is not None and call.carrier == carrier and call.state in LIVE:
            self._pending.leave(session)
            session.start_timeout_s = START_TIMEOUT_S
        elif session.answered is None:
            session.refuse(CloseCode.POLICY_VIOLATION, "no live call has this token")

    def _ended(self, session: CallSession) -> None:
        self._pending.leave(session)
        self._runners.discard(session)

    def find(self, call_id: UUID) -> CallSession | None:
        """The call, if it is one of this process."""
        for runner in self._runners:
            if runner.answered is not None and runner.answered.talk.call_id == call_id:
                return runner
        return None

    async def run_clock(self) -> None:
        """Let every call feel time pass, and tell the database which ones are alive."""
        told = 0.0
        while True:
            slept = time.monotonic()
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            self._metrics.loop_lag.set(max(0.0, now - slept - TICK_S))
            for runner in tuple(self._runners):
                runner.tick(now)
            if now - told >= HEARTBEAT_S:
                told = now
                await self.heartbeat()

    async def heartbeat(self) -> None:
        """Tell the database that this bridge is up, and which calls are alive; a database that is away is told later."""
        live = [runner.answered.talk.call_id for runner in self._runners if runner.answered]
        try:
            async with self._parts.sessions.begin() as session:
                await bridges.heartbeat(
                    session,
                    self._name,
                    most_calls=self._most_calls,
                    calls=self.calls,
                    draining=self._draining,
                )
                if live:
                    await streams.heartbeat(session, live)
        except (DatabaseError, OSError) as error:
            log.warning("sign of life not stored: %s", error)

    async def drain(self) -> None:
        """Accept nothing new, let calls finish, say goodbye in those that are left."""
        self._draining = True
        self._metrics.draining.set(1)
        await self.heartbeat()
        await self._until_empty(DRAIN_S)
        for runner in tuple(self._runners):
            runner.drain()
        await self._until_empty(GOODBYE_S)
        with suppress(DatabaseError, OSError):
            async with self._parts.sessions.begin() as session:
                await bridges.leave(session, self._name)

    async def _until_empty(self, within_s: float) -> None:
        until = time.monotonic() + within_s
        while self._runners and time.monotonic() < until:
            await asyncio.sleep(TICK_S)

    def _health(self) -> HttpResponse:
        says = {"status": "draining" if self._draining else "ok", "calls": self.calls}
        return _answer(HTTPStatus.OK, {**says, "most_calls": self._most_calls})

    def _refuse(self, status: HTTPStatus, why: str) -> HttpResponse:
        self._metrics.refused.labels(why).inc()
        return _answer(status, {"status": "forbidden" if status is HTTPStatus.FORBIDDEN else why})


def _answer(status: HTTPStatus, body: dict[str, object]) -> HttpResponse:
    return HttpResponse(status, json.dumps(body).encode())


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port."""
    async with open_store(settings) as store:
        redis, carriers = make_redis(settings), make_carriers(settings)
        archive = Uploader(settings.recordings_in_the_making, ObjectStorage(settings.recordings), store.sessions)
        parts = BridgeContext(
            sessions=store.sessions,
            redis=redis,
            voices=make_voices(settings),
            clock=store.clock.now,
            sockets=make_sockets(settings),
            metrics=make_metrics(settings.dialer_bridge_most_calls),
            transcripts=TranscriptWriter(store.sessions, redis, store.clock.now),
            carriers=carriers,
            urls=CallbackUrls(settings.public_url, settings.media_url),
            uploader=archive,
        )
        warming = Preloader(store.sessions, parts.voices)
        await warming.preload()
        bridge = Bridge(settings, parts)
        serving = await parts.sockets.serve(
            bridge.admit, settings.dialer_bridge_host, settings.dialer_bridge_port, MAX_FRAME_BYTES
        )
        clock = asyncio.create_task(bridge.run_clock())
        running = (
            listen(redis, bridge.find),
            archive.run(),
            parts.transcripts.run(),
            warming.run(),
        )
        beside = [asyncio.create_task(each) for each in running]
        try:
            yield serving.port
        finally:
            await bridge.drain()
            serving.close()
            for task in (clock, *beside):
                task.cancel()
            await asyncio.gather(clock, *beside, return_exceptions=True)
            await archive.close()
            await close_all(parts.voices.values())
            for carrier in carriers.values():
                await carrier.close()
            await redis.aclose()
