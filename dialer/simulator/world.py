"""The simulator: two carriers, two realtime models, pipeline providers (LLM, STT, TTS), and the students who are called.

Twilio's and Exotel's REST APIs, webhooks and media streams are served on one port, OpenAI's and Gemini's sockets and the
other providers on another, both on loopback. It is written from the public protocol documentation and shares no code
with the product's clients. `GET /_world/ledger` on the carriers' port returns what really happened.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from dialer.simulator.clock import Clock
from dialer.simulator.exotel.callbacks import Callbacks
from dialer.simulator.exotel.lifecycle import ExotelContext as ExotelExchange
from dialer.simulator.exotel.rest import Account as ExotelAccount
from dialer.simulator.faults import FaultError, Faults, fault_from_json
from dialer.simulator.gemini.server import GeminiService
from dialer.simulator.ledger import Ledger
from dialer.simulator.people.script import Student
from dialer.simulator.people.speech import Speech, process_speech
from dialer.simulator.people.students import BY_ENDING, LINES
from dialer.simulator.providers.context import ProviderContext
from dialer.simulator.providers.service import Providers
from dialer.simulator.realtime.server import RealtimeService
from dialer.simulator.settings import WorldSettings
from dialer.simulator.twilio.exchange import TwilioContext
from dialer.simulator.twilio.rest import Account
from dialer.simulator.twilio.webhooks import Webhooks

__all__ = ["World", "WorldSettings", "simulated_world"]


class World:
    """A running simulator. Its URLs are set by `start`."""

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self.ledger = Ledger()
        self.faults = Faults()
        self.twilio_url = ""
        self.exotel_url = ""
        self.realtime_url = ""
        self.gemini_url = ""
        self.anthropic_url = ""
        self.cohere_url = ""
        self.hf_url = ""
        self.openai_url = ""
        self.deepgram_url = ""
        self.elevenlabs_url = ""
        self._clock = Clock(settings.speed)
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        """Synthesize the students' voices and open both ports."""
        speech = process_speech()
        await asyncio.to_thread(_make_voices, speech)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )
        self._webhooks = Webhooks(self._http, self.settings.auth_token, self._clock, self.faults, self.ledger)
        self._webhooks.timeout_s = self.settings.webhook_timeout_s
        exchange = TwilioContext(
            self._http,
            self._webhooks,
            speech,
            self._clock,
            self.faults,
            self.settings.auth_token,
            lambda: self.twilio_url,
            lambda work: self._account.background(work),
            lambda call: self._account.adopt(call),
        )
        self._account = Account(self.settings, exchange, self._clock, self.faults, self.ledger)
        self._callbacks = Callbacks(self._http, self.settings.exotel_encoding, self.faults, self.ledger)
        self._callbacks.timeout_s = self.settings.webhook_timeout_s
        exotel = ExotelExchange(self._http, self._callbacks, speech, self._clock, self.faults, self._account.background)
        self._exotel = ExotelAccount(self.settings, exotel, self.faults, self.ledger)
        context = ProviderContext(self.settings, speech, self._clock, self.faults, self.ledger)
        self._providers = Providers(context)
        self._realtime = RealtimeService(
            self.settings, speech, self._clock, self.faults, self.ledger, self._providers.transcribe
        )
        self._gemini = GeminiService(self.settings, speech, self._clock, self.faults, self.ledger)
        carrier = web.Application()
        carrier.add_routes([*self._account.routes(), *self._exotel.routes(), *self._world_routes()])
        model = web.Application()
        model.add_routes([*self._realtime.routes(), *self._gemini.routes(), *self._providers.routes()])
        host = self.settings.host
        self.twilio_url = f"http://{host}:{await self._listen(carrier, self.settings.port)}"
        self.exotel_url = self.twilio_url
        voices = f"{host}:{await self._listen(model, self.settings.realtime_port)}"
        self.realtime_url, self.gemini_url = f"ws://{voices}/v1/realtime", f"http://{voices}"
        self.anthropic_url = self.cohere_url = f"http://{voices}"
        self.openai_url, self.hf_url = f"http://{voices}/v1", f"http://{voices}/hf/v1"
        self.deepgram_url, self.elevenlabs_url = f"http://{voices}/deepgram", f"http://{voices}/elevenlabs"

    async def stop(self) -> None:
        """End all calls and sessions and close the ports."""
        await self._exotel.stop()
        await self._account.stop()
        await self._webhooks.stop()
        await self._callbacks.post.stop()
        await self._realtime.stop()
        await self._gemini.stop()
        await self._providers.stop()
        for runner in self._runners:
            await runner.cleanup()
        await self._http.close()

    async def quiet(self) -> None:
        """Wait until every webhook sent so far has been delivered or abandoned."""
        await self._webhooks.drain()
        await self._callbacks.post.drain()

    async def _listen(self, application: web.Application, port: int) -> int:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, self.settings.host, port)
        await site.start()
        address: tuple[str, int] = runner.addresses[0]
        return address[1]

    def _world_routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/_world/ledger", self._show_ledger),
            web.get("/_world/students", self._show_students),
            web.get("/_world/faults", self._show_faults),
            web.post("/_world/faults", self._add_faults),
            web.delete("/_world/faults", self._clear_faults),
            web.post("/_world/reset", self._reset),
        ]

    async def _show_ledger(self, request: web.Request) -> web.Response:
        to = request.query.get("to")
        ledger = self.ledger.only(to) if to else self.ledger
        return web.Response(body=ledger.as_json(), content_type="application/json")

    async def _show_students(self, _request: web.Request) -> web.Response:
        def view(student: Student) -> dict[str, str]:
            return {"key": student.key, "about": student.about, "expects": student.expects}

        return web.json_response({ending: view(student) for ending, student in BY_ENDING.items()})

    async def _show_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(self.faults.as_json())

    async def _add_faults(self, request: web.Request) -> web.Response:
        raw = await request.json()
        try:
            rules = [fault_from_json(rule) for rule in (raw if isinstance(raw, list) else [raw])]
        except (FaultError, AttributeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        self.faults.add(*rules)
        return web.json_response(self.faults.as_json(), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response([])

    async def _reset(self, _request: web.Request) -> web.Response:
        """Hang up every call and remove all records and rules; the ports stay open."""
        self.faults.clear()
        self._account.forget()
        self._exotel.forget()
        self.ledger.clear()
        return web.json_response({"reset": True})


def _make_voices(speech: Speech) -> None:
    for line in LINES.values():
        speech.clip(line.text, line.voice, beep=line.beep, keep=True)


@asynccontextmanager
async def simulated_world(settings: WorldSettings) -> AsyncIterator[World]:
    """Run a simulator for the duration of the block."""
    world = World(settings)
    await world.start()
    try:
        yield world
    finally:
        await world.stop()
