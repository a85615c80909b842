"""Every provider of speech and text behind the port of the voices, each on paths of its own."""

from aiohttp import web

from dialer.simulator.providers.context import Desk
from dialer.simulator.providers.llm.anthropic import Anthropic
from dialer.simulator.providers.llm.chat_completions import HuggingFaceChat, OpenAiChat
from dialer.simulator.providers.llm.cohere import Cohere
from dialer.simulator.providers.llm.gemini import Gemini
from dialer.simulator.providers.llm.responses import OpenAiResponses
from dialer.simulator.providers.llm.text_model import TextService
from dialer.simulator.providers.models import Models
from dialer.simulator.providers.speech import deepgram, elevenlabs, elevenlabs_speak
from dialer.simulator.providers.speech.deepgram_flux import FluxDoor
from dialer.simulator.providers.speech.deepgram_listen import ListenDoor
from dialer.simulator.providers.speech.deepgram_speak import SpeakDoor
from dialer.simulator.providers.speech.elevenlabs_listen import ScribeDoor
from dialer.simulator.providers.speech.openai_transcribe import TranscribeDoor
from dialer.simulator.providers.speech.sockets import Door
from dialer.simulator.providers.speech.speech_over_http import SpeechOverHttp


class Providers:
    """Their routes, and the end of their sockets."""

    def __init__(self, desk: Desk) -> None:
        texts: list[TextService] = [
            Anthropic(desk),
            OpenAiChat(desk),
            OpenAiResponses(desk),
            HuggingFaceChat(desk),
            Cohere(desk),
            Gemini(desk),
        ]
        speak, spoken = SpeakDoor(desk), "/elevenlabs/v1/text-to-speech/{voice}"
        self._doors: dict[str, Door] = {
            "/deepgram/v1/listen": ListenDoor(desk),
            "/deepgram/v2/listen": FluxDoor(desk),
            "/deepgram/v1/speak": speak,
            "/elevenlabs/v1/speech-to-text/realtime": ScribeDoor(desk),
            f"{spoken}/multi-stream-input": elevenlabs_speak.SpeakDoor(desk, single=False),
            f"{spoken}/stream-input": elevenlabs_speak.SpeakDoor(desk, single=True),
        }
        self._transcribe = TranscribeDoor(desk)
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
