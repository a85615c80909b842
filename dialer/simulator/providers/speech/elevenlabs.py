"""What all of ElevenLabs' services share: the key, refusals, formats, voices (speech.md §4, §5)."""

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


def check_key(desk: ProviderContext, request: web.Request) -> None:
    """401 for a wrong key in the header."""
    if request.headers.get("xi-api-key") != desk.settings.elevenlabs_key:
        raise ApiError(401, "invalid_api_key", "Invalid API key")


def refusal(refused: ApiError) -> web.Response:
    """The provider's shape of an error."""
    status = {429: "too_many_concurrent_requests", 500: "internal_server_error"}.get(refused.status, refused.code)
    detail = {"status": status, "message": refused.says}
    return web.json_response({"detail": detail}, status=refused.status, headers=refused.headers)


def format_of(name: str | None) -> tuple[str, int]:
    """Encoding and rate of an `output_format`. Raises for MP3 too, which is the default: this world makes raw sound."""
    found = _FORMAT.fullmatch(name or "mp3_44100_128")
    if found is None or (found[1] != "pcm" and found[2] != "8000"):
        raise ApiError(400, "invalid_output_format", f"output_format {name} is not one that this world makes")
    return {"pcm": "linear16", "ulaw": "mulaw", "alaw": "alaw"}[found[1]], int(found[2])


class Pages:
    """What tells whether a key is good, without a word spoken."""

    def __init__(self, desk: ProviderContext) -> None:
        self._desk = desk

    def routes(self) -> list[web.AbstractRouteDef]:
        """The account, the models, the voices."""
        return [
            web.get("/elevenlabs/v1/user", self._user),
            web.get("/elevenlabs/v1/models", self._models),
            web.get("/elevenlabs/v1/voices", self._voices),
            web.get("/elevenlabs/v1/voices/{voice}", self._voice),
        ]

    async def _user(self, request: web.Request) -> web.Response:
        subscription = {"tier": "creator", "character_count": 0, "character_limit": 100_000, "status": "active"}
        return self._told(request, {"user_id": "simulated", "subscription": subscription})

    async def _models(self, request: web.Request) -> web.Response:
        return self._told(request, [{"model_id": name, "can_do_text_to_speech": True} for name in sorted(MODELS)])

    async def _voices(self, request: web.Request) -> web.Response:
        return self._told(request, {"voices": [_page(voice) for voice in self._desk.settings.elevenlabs_voices]})

    async def _voice(self, request: web.Request) -> web.Response:
        voice = request.match_info["voice"]
        known = voice in self._desk.settings.elevenlabs_voices
        missing = ApiError(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
        return self._told(request, _page(voice), None if known else missing)

    def _told(self, request: web.Request, page: object, refused: ApiError | None = None) -> web.Response:
        try:
            check_key(self._desk, request)
            if refused is not None:
                raise refused
        except ApiError as error:
            error.note(self._desk.ledger, request.path)
            return refusal(error)
        return web.json_response(page)


def _page(voice: str) -> dict[str, str]:
    return {"voice_id": voice, "name": voice[:6], "category": "premade"}
