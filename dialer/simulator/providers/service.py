"""Every provider of speech and text behind the port of the voices, each on paths of its own."""

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
    """Their routes, and the end of their sockets."""

    def __init__(self, desk: ProviderContext) -> None:
        texts: list[LlmService] = [
            Anthropic(desk),
            OpenAiChat(desk),
            OpenAiResponses(desk),
            HuggingFaceChat(desk),
            Cohere(desk),
            Gemini(desk),
        ]
        speak, spoken = SpeakEndpoint(desk), "/elevenlabs/v1/text-to-speech/{voice}"
        self._doors: dict[str, SocketEndpoint] = {
            "/deepgram/v1/listen": ListenEndpoint(desk),
            "/deepgram/v2/listen": FluxEndpoint(desk),
            "/deepgram/v1/speak": speak,
            "/elevenlabs/v1/speech-to-text/realtime": ScribeEndpoint(desk),
            f"{spoken}/multi-stream-input": elevenlabs_speak.ElevenLabsSpeakEndpoint(desk, single=False),
            f"{spoken}/stream-input": elevenlabs_speak.ElevenLabsSpeakEndpoint(desk, single=True),
        }
        self._transcribe = TranscribeEndpoint(desk)
        self._routes: list[web.AbstractRouteDef] = [
            *(route for service in texts for route in service.routes()),
            *Models(desk).routes(),
            *elevenlabs.Pages(desk).routes(),
            *deepgram.pages(desk),
            *SpeechOverHttp(desk).routes(),
            *(web.get(path, door.connect, allow_head=False) for path, door in self._doors.items()),
            web.post("/deepgram/v1/speak", speak.post),
        ]

    def routes(self) -> list[web.AbstractRouteDef]:
        """All paths."""
        return self._routes

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """OpenAI's transcription session, which shares its path with the realtime model."""
        return await self._transcribe.connect(request)

    async def stop(self) -> None:
        """Close every socket."""
        for door in (*self._doors.values(), self._transcribe):
            await door.stop()
