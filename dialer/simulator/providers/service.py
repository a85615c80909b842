"""Every provider of speech and text behind the port of the voices, each on paths of its own."""

from aiohttp import web

from dialer.simulator.providers.anthropic import Anthropic
from dialer.simulator.providers.chat import HuggingFaceChat, OpenAiChat
from dialer.simulator.providers.cohere import Cohere
from dialer.simulator.providers.deepgram_listen import ListenDoor
from dialer.simulator.providers.deepgram_speak import SpeakDoor
from dialer.simulator.providers.desk import Desk
from dialer.simulator.providers.gemini import Gemini
from dialer.simulator.providers.models import Models
from dialer.simulator.providers.sockets import Door
from dialer.simulator.providers.texts import TextService


class Providers:
    """Their routes, and the end of their sockets."""

    def __init__(self, desk: Desk) -> None:
        texts: list[TextService] = [
            Anthropic(desk),
            OpenAiChat(desk),
            HuggingFaceChat(desk),
            Cohere(desk),
            Gemini(desk),
        ]
        speak = SpeakDoor(desk)
        self._doors: dict[str, Door] = {"/deepgram/v1/listen": ListenDoor(desk), "/deepgram/v1/speak": speak}
        self._routes: list[web.AbstractRouteDef] = [
            *(route for service in texts for route in service.routes()),
            *Models(desk).routes(),
            *(web.get(path, door.connect, allow_head=False) for path, door in self._doors.items()),
            web.post("/deepgram/v1/speak", speak.post),
        ]

    def routes(self) -> list[web.AbstractRouteDef]:
        """All paths."""
        return self._routes

    async def stop(self) -> None:
        """Close every socket."""
        for door in self._doors.values():
            await door.stop()
