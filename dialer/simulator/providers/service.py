"""All simulated pipeline providers (LLM, STT, TTS), each on its own paths of the voices' port."""

from aiohttp import web

from dialer.simulator.providers.context import ProviderContext
from dialer.simulator.providers.llm.anthropic import Anthropic
from dialer.simulator.providers.llm.chat_completions import HuggingFaceChat, OpenAiChat
from dialer.simulator.providers.llm.cohere import Cohere
from dialer.simulator.providers.llm.gemini import Gemini
from dialer.simulator.providers.llm.responses import OpenAiResponses
from dialer.simulator.providers.llm.text_model import LlmService
from dialer.simulator.providers.models import Models
from dialer.simulator.providers.speech import deepgram, elevenlabs, elevenlabs_speak
from dialer.simulator.providers.speech.deepgram_flux import FluxEndpoint
from dialer.simulator.providers.speech.deepgram_listen import ListenEndpoint
from dialer.simulator.providers.speech.deepgram_speak import SpeakEndpoint
from dialer.simulator.providers.speech.elevenlabs_listen import ScribeEndpoint
from dialer.simulator.providers.speech.openai_transcribe import TranscribeEndpoint
from dialer.simulator.providers.speech.sockets import SocketEndpoint
from dialer.simulator.providers.speech.speech_over_http import SpeechOverHttp


class Providers:
    """The providers' routes and sockets."""

    def __init__(self, context: ProviderContext) -> None:
        texts: list[LlmService] = [
            Anthropic(context),
            OpenAiChat(context),
            OpenAiResponses(context),
            HuggingFaceChat(context),
            Cohere(context),
            Gemini(context),
        ]
        speak, spoken = SpeakEndpoint(context), "/elevenlabs/v1/text-to-speech/{voice}"
        self._endpoints: dict[str, SocketEndpoint] = {
            "/deepgram/v1/listen": ListenEndpoint(context),
            "/deepgram/v2/listen": FluxEndpoint(context),
            "/deepgram/v1/speak": speak,
            "/elevenlabs/v1/speech-to-text/realtime": ScribeEndpoint(context),
            f"{spoken}/multi-stream-input": elevenlabs_speak.ElevenLabsSpeakEndpoint(context, single=False),
            f"{spoken}/stream-input": elevenlabs_speak.ElevenLabsSpeakEndpoint(context, single=True),
        }
        self._transcribe = TranscribeEndpoint(context)
        self._routes: list[web.AbstractRouteDef] = [
            *(route for service in texts for route in service.routes()),
            *Models(context).routes(),
            *elevenlabs.Pages(context).routes(),
            *deepgram.pages(context),
            *SpeechOverHttp(context).routes(),
            *(web.get(path, endpoint.connect, allow_head=False) for path, endpoint in self._endpoints.items()),
            web.post("/deepgram/v1/speak", speak.post),
        ]

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of all providers."""
        return self._routes

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """Serve OpenAI's transcription session, which shares its path with the realtime model."""
        return await self._transcribe.connect(request)

    async def stop(self) -> None:
        """Close every socket."""
        for endpoint in (*self._endpoints.values(), self._transcribe):
            await endpoint.stop()
