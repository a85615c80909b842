"""The voices that are put together from parts, made from the settings: a text model each, one transcriber and one speaker.

`cascade_<text model>` exists where the keys of all three do.
"""

from collections.abc import Callable
from functools import partial

from dialer.settings import Settings
from dialer.voices.pipeline.llm.loading import load, warm
from dialer.voices.pipeline.provider_socket import Leave
from dialer.voices.pipeline.session import CascadeLeg, Kit
from dialer.voices.pipeline.shared_resources import House
from dialer.voices.pipeline.stt import deepgram as stt_deepgram
from dialer.voices.pipeline.stt import elevenlabs as stt_elevenlabs
from dialer.voices.pipeline.stt import flux as stt_flux
from dialer.voices.pipeline.stt import openai as stt_openai
from dialer.voices.pipeline.tts import deepgram as tts_deepgram
from dialer.voices.pipeline.tts import elevenlabs as tts_elevenlabs
from dialer.voices.pipeline.tts.base import Gone, Mouth, Say, SocketMouth
from dialer.voices.pipeline.tts.openai import OpenAIMouth
from dialer.voices.pipeline.user_turn import Hearer, Listening
from dialer.voices.port import Setup
from dialer.voices.session import Composed, Profile
from dialer.wiring.llm import TextModel, text_models

PROFILE = Profile(audio="µ-law, 8 kHz", truncates=True, cancels=True, transcribes="both", tools=True)
OPENAIS = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"})
AURA = "aura-"

MakeListening = Callable[[Setup, Hearer, Leave], Listening]
MakeMouth = Callable[[Setup, Say, Gone, Leave], Mouth]


def make_cascades(settings: Settings) -> dict[str, Composed]:
    """Every cascade whose three keys are there, by the name that scripts use."""
    listening, mouth = _listening(settings), _mouth(settings)
    if listening is None or mouth is None:
        return {}
    return {name: _cascade(name, each, listening, mouth) for name, each in text_models(settings).items() if each.key}


def _cascade(name: str, text: TextModel, listening: MakeListening, mouth: MakeMouth) -> Composed:
    assert text.key is not None
    house = House(partial(load, text.provider, text.key.get_secret_value(), text.url))
    kit = Kit(
        text=house.text,
        listening=lambda setup, hearer: listening(setup, hearer, house.leave),
        mouth=lambda setup, say, gone: mouth(setup, say, gone, house.leave),
        http=house.http,
        leave=house.leave,
    )
    return Composed(
        name=name,
        model=text.model,
        leg=lambda talks, model: CascadeLeg(kit, talks, model),
        profile=PROFILE,
        warm=partial(warm, text.provider),
        shut=house.shut,
    )


def _listening(settings: Settings) -> MakeListening | None:
    """The transcriber that the settings name; None without its key."""
    name = settings.dialer_cascade_stt
    secret = {
        "deepgram": settings.deepgram_api_key,
        "flux": settings.deepgram_api_key,
        "elevenlabs": settings.elevenlabs_api_key,
        "openai": settings.openai_api_key,
    }[name]
    if secret is None:
        return None
    key = secret.get_secret_value()

    def make(setup: Setup, hearer: Hearer, leave: Leave) -> Listening:
        match name:
            case "deepgram":
                model = settings.deepgram_model
                address = stt_deepgram.address(settings.deepgram_url, key, model, setup)
                return Listening("Deepgram", stt_deepgram.Deepgram(model), address, setup, hearer, leave)
            case "flux":
                model = settings.deepgram_flux_model
                address = stt_flux.address(settings.deepgram_url, key, model, setup)
                return Listening("Deepgram Flux", stt_flux.Flux(model), address, setup, hearer, leave)
            case "elevenlabs":
                model = settings.elevenlabs_stt_model
                address = stt_elevenlabs.address(settings.elevenlabs_url, key, model, setup)
                return Listening("ElevenLabs", stt_elevenlabs.ElevenLabs(model), address, setup, hearer, leave)
            case "openai":
                address = stt_openai.address(settings.openai_url, key)
                return Listening("OpenAI", stt_openai.OpenAI(setup), address, setup, hearer, leave)

    return make


def _mouth(settings: Settings) -> MakeMouth | None:
    """The speaker that the settings name; None without its key."""
    name = settings.dialer_cascade_tts
    secret = {
        "deepgram": settings.deepgram_api_key,
        "elevenlabs": settings.elevenlabs_api_key,
        "openai": settings.openai_api_key,
    }[name]
    if secret is None:
        return None
    key = secret.get_secret_value()

    def make(setup: Setup, say: Say, gone: Gone, leave: Leave) -> Mouth:
        who = setup.speaker
        match name:
            case "deepgram":
                voice = who if who.startswith(AURA) else settings.deepgram_voice
                speaker = tts_deepgram.Deepgram(voice)
                address = tts_deepgram.address(settings.deepgram_url, key, voice)
                return SocketMouth("Deepgram", speaker, address, say, gone, leave)
            case "elevenlabs":
                voice = settings.elevenlabs_voice if who in OPENAIS or who.startswith(AURA) else who
                model = settings.elevenlabs_model
                address = tts_elevenlabs.address(settings.elevenlabs_url, key, voice, model)
                talker = tts_elevenlabs.ElevenLabs(model, setup.speed)
                return SocketMouth("ElevenLabs", talker, address, say, gone, leave)
            case "openai":
                voice = who if who in OPENAIS else settings.openai_speech_voice
                model = settings.openai_speech_model
                return OpenAIMouth(settings.openai_url, key, model, voice, setup.speed, say, gone, leave)

    return make
