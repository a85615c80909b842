"""Text to speech over HTTP: ElevenLabs' text-to-speech and OpenAI's speech endpoints, with streamed audio."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.ledger import ServiceEntry, stamp
from dialer.simulator.providers.context import ApiError, ProviderContext, bad_request, json_body
from dialer.simulator.providers.llm.chat_completions import OpenAiChat
from dialer.simulator.providers.speech import elevenlabs
from dialer.simulator.providers.speech.speaking import FailedError, Voice
from dialer.simulator.providers.speech.tts_audio import encode_audio, wav_header

OPENAI_MODELS = frozenset({"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"})
OPENAI_VOICES = frozenset(
    {
        *(
            "alloy",
            "ash",
            "ballad",
            "coral",
            "echo",
            "fable",
            "nova",
            "onyx",
            "sage",
            "shimmer",
            "verse",
            "marin",
            "cedar",
        ),
    }
)
OPENAI_RATE = 24_000
_OPENAI_KEYS = frozenset({"model", "input", "voice", "response_format", "speed", "instructions", "stream_format"})
_MAX_OPENAI = 4096
_MAX_ELEVENLABS = 40_000


class SpeechOverHttp:
    """The HTTP text-to-speech endpoints of both providers."""

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self._openai = OpenAiChat(context)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of ElevenLabs and OpenAI."""
        return [
            web.post("/elevenlabs/v1/text-to-speech/{voice}/stream", self._elevenlabs),
            web.post("/elevenlabs/v1/text-to-speech/{voice}", self._elevenlabs),
            web.post("/v1/audio/speech", self._speech),
        ]

    async def _elevenlabs(self, request: web.Request) -> web.StreamResponse:
        try:
            self._context.refuse("tts", "elevenlabs")
            elevenlabs.check_key(self._context, request)
            encoding, rate = elevenlabs.format_of(request.query.get("output_format"))
            body = await json_body(request)
            model, text = _elevenlabs_text(body)
            if (name := request.match_info["voice"]) not in self._context.settings.elevenlabs_voices:
                raise ApiError(404, "voice_not_found", f"A voice with the voice_id {name} was not found.")
        except ApiError as refused:
            refused.note(self._context.ledger, request.path)
            return elevenlabs.refusal(refused)
        entry = self._context.accept("elevenlabs", "tts", model, {**request.query, **body})
        voice = Voice(self._context, entry, "elevenlabs", encoding, rate)
        return await _give(request, entry, voice, text, wav=False)

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        try:
            self._context.refuse("tts", "openai")
            self._openai.check_key(request)
            body = await json_body(request)
            _check_speech(body)
        except ApiError as refused:
            refused.note(self._context.ledger, request.path)
            return self._openai.refusal(refused)
        entry = self._context.accept("openai", "tts", body["model"], body)
        voice = Voice(self._context, entry, "openai", "linear16", OPENAI_RATE)
        return await _give(request, entry, voice, body["input"], wav=body["response_format"] == "wav")


def _elevenlabs_text(body: Mapping[str, Any]) -> tuple[str, str]:
    model, text = body.get("model_id", "eleven_multilingual_v2"), body.get("text")
    if model not in elevenlabs.MODELS:
        raise ApiError(400, "model_not_found", f"Model {model} does not exist")
    if not isinstance(text, str) or not text.strip():
        raise ApiError(400, "input_text_empty", "The text is missing or empty.")
    if len(text) > _MAX_ELEVENLABS:
        raise ApiError(400, "max_character_limit_exceeded", f"The text is over {_MAX_ELEVENLABS} characters.")
    return model, text


def _check_speech(body: Mapping[str, Any]) -> None:
    """Validate a request. Raises ApiError, also for compressed formats, which the simulator does not produce."""
    for name in body.keys() - _OPENAI_KEYS:
        raise ApiError(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
    if body.get("model") not in OPENAI_MODELS:
        raise ApiError(404, "model_not_found", f"The model `{body.get('model')}` does not exist.", "model")
    if body.get("voice") not in OPENAI_VOICES:
        raise bad_request(f"Input should be one of {', '.join(sorted(OPENAI_VOICES))}", "voice")
    text = body.get("input")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("Input should have at least 1 character", "input")
    if len(text) > _MAX_OPENAI:
        raise bad_request(f"Input should have at most {_MAX_OPENAI} characters", "input")
    if body.get("response_format", "mp3") not in ("pcm", "wav"):
        raise bad_request("the simulator supports 'pcm' and 'wav' only", "response_format")
    if body.get("stream_format", "audio") != "audio":
        raise bad_request("the simulator supports 'audio' only", "stream_format")
    speed = body.get("speed", 1.0)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.25 <= speed <= 4:
        raise bad_request("speed must be from 0.25 to 4.0", "speed")
    if body.get("instructions") and body["model"].startswith("tts-1"):
        raise bad_request("instructions do not work with tts-1 or tts-1-hd", "instructions")


async def _give(request: web.Request, entry: ServiceEntry, voice: Voice, text: str, *, wav: bool) -> web.StreamResponse:
    """Stream the audio as the response body; a failure within it resets the connection."""
    clip = await voice.clip(text)
    kind = (
        "audio/wav" if wav else {"linear16": "audio/pcm", "mulaw": "audio/basic", "alaw": "audio/alaw"}[voice.encoding]
    )
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    try:
        if wav:
            length = len(encode_audio(clip, voice.encoding, voice.rate))
            await response.write(wav_header(voice.encoding, voice.rate, length))
        await voice.give(clip, response.write)
        await response.write_eof()
    except FailedError:
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        entry.dropped += 1
    finally:
        entry.closed = stamp()
    return response
