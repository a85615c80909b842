"""Shared parts of ElevenLabs' APIs: authentication, errors, audio formats, voices, and endpoints that check the key."""

import re

from aiohttp import web

from dialer.simulator.providers.context import ApiError, ProviderContext

MODELS = frozenset(
    {
        *("eleven_flash_v2_5", "eleven_flash_v2", "eleven_turbo_v2_5", "eleven_turbo_v2", "eleven_multilingual_v2"),
        *("eleven_v3", "eleven_v4", "eleven_v4_turbo"),
    }
)
_FORMAT = re.compile(r"(pcm|ulaw|alaw)_(8000|16000|22050|24000|44100|48000)")


def check_key(context: ProviderContext, request: web.Request) -> None:
    """Check the `xi-api-key` header. Raises ApiError 401."""
    if request.headers.get("xi-api-key") != context.settings.elevenlabs_key:
        raise ApiError(401, "invalid_api_key", "Invalid API key")


def refusal(refused: ApiError) -> web.Response:
    """Return an error in ElevenLabs' format."""
    status = {429: "too_many_concurrent_requests", 500: "internal_server_error"}.get(refused.status, refused.code)
    detail = {"status": status, "message": refused.message}
    return web.json_response({"detail": detail}, status=refused.status, headers=refused.headers)


def format_of(name: str | None) -> tuple[str, int]:
    """Return the encoding and rate of an `output_format`. Raises ApiError, also for the default MP3.

    The simulator produces raw audio only.
    """
    match = _FORMAT.fullmatch(name or "mp3_44100_128")
    if match is None or (match[1] != "pcm" and match[2] != "8000"):
        raise ApiError(400, "invalid_output_format", f"output_format {name} is not supported by the simulator")
    return {"pcm": "linear16", "ulaw": "mulaw", "alaw": "alaw"}[match[1]], int(match[2])


class Pages:
    """Endpoints that check the key without synthesizing speech."""

    def __init__(self, context: ProviderContext) -> None:
        self._context = context

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the account, the models and the voices."""
        return [
            web.get("/elevenlabs/v1/user", self._user),
            web.get("/elevenlabs/v1/models", self._models),
            web.get("/elevenlabs/v1/voices", self._voices),
            web.get("/elevenlabs/v1/voices/{voice}", self._voice),
        ]

    async def _user(self, request: web.Request) -> web.Response:
        subscription = {"tier": "creator", "character_count": 0, "character_limit": 100_000, "status": "active"}
        return self._respond(request, {"user_id": "simulated", "subscription": subscription})

    async def _models(self, request: web.Request) -> web.Response:
        return self._respond(request, [{"model_id": name, "can_do_text_to_speech": True} for name in sorted(MODELS)])

    async def _voices(self, request: web.Request) -> web.Response:
        return self._respond(request, {"voices": [_page(voice) for voice in self._context.settings.elevenlabs_voices]})

    async def _voice(self, request: web.Request) -> web.Response:
        voice = request.match_info["voice"]
        known = voice in self._context.settings.elevenlabs_voices
        missing = ApiError(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
        return self._respond(request, _page(voice), None if known else missing)

    def _respond(self, request: web.Request, page: object, refused: ApiError | None = None) -> web.Response:
        try:
            check_key(self._context, request)
            if refused is not None:
                raise refused
        except ApiError as error:
            error.note(self._context.ledger, request.path)
            return refusal(error)
        return web.json_response(page)


def _page(voice: str) -> dict[str, str]:
    return {"voice_id": voice, "name": voice[:6], "category": "premade"}
