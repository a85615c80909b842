"""The voices that are put together from parts, made from the settings: a text model each, one transcriber and one speaker.

`cascade_<text model>` exists where the keys of all three do.
"""

from collections.abc import Callable
from functools import partial

from dialer.settings import Settings
from dialer.voices.pipeline.llm.loading import load, warm
from dialer.voices.pipeline.provider_socket import Closing
from dialer.voices.pipeline.session import PipelineFactory, PipelineSession
from dialer.voices.pipeline.shared_resources import SharedResources
from dialer.voices.pipeline.stt import deepgram as stt_deepgram
from dialer.voices.pipeline.stt import elevenlabs as stt_elevenlabs
from dialer.voices.pipeline.stt import flux as stt_flux
from dialer.voices.pipeline.stt import openai as stt_openai
from dialer.voices.pipeline.tts import deepgram as tts_deepgram
from dialer.voices.pipeline.tts import elevenlabs as tts_elevenlabs
from dialer.voices.pipeline.tts.base import Gone, Say, SocketTextToSpeech, TextToSpeech
from dialer.voices.pipeline.tts.openai import OpenAITextToSpeech
from dialer.voices.pipeline.user_turn import UserTurn, UserTurnListener
from dialer.voices.port import SessionConfig
from dialer.voices.session import Capabilities, PipelineVoice
from dialer.wiring.llm import LlmConfig, llm_configs

CAPABILITIES = Capabilities(audio="µ-law, 8 kHz", truncates=True, cancels=True, transcribes="both", tools=True)
OPENAIS = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"})
AURA = "aura-"

MakeListening = Callable[[SessionConfig, UserTurnListener, Closing], UserTurn]
MakeMouth = Callable[[SessionConfig, Say, Gone, Closing], TextToSpeech]


def make_pipelines(settings: Settings) -> dict[str, PipelineVoice]:
    """Every pipeline whose three keys are there, by the name that scripts use."""
    listening, mouth = _listening(settings), _mouth(settings)
    if listening is None or mouth is None:
        return {}
    return {name: _cascade(name, each, listening, mouth) for name, each in llm_configs(settings).items() if each.key}


def _cascade(name: str, text: LlmConfig, listening: MakeListening, mouth: MakeMouth) -> PipelineVoice:
    assert text.key is not None
    house = SharedResources(partial(load, text.provider, text.key.get_secret_value(), text.url))
    kit = PipelineFactory(
        text=house.llm,
        listening=lambda setup, hearer: listening(setup, hearer, house.leave),
        mouth=lambda setup, say, gone: mouth(setup, say, gone, house.leave),
        http=house.http,
        leave=house.leave,
    )
    return PipelineVoice(
        name=name,
        model=text.model,
        session=lambda talks, model: PipelineSession(kit, talks, model),
        capabilities=CAPABILITIES,
        preload=partial(warm, text.provider),
        close=house.close,
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

    def make(setup: SessionConfig, hearer: UserTurnListener, leave: Closing) -> UserTurn:
        match name:
            case "deepgram":
                model = settings.deepgram_model
                address = stt_deepgram.endpoint(settings.deepgram_url, key, model, setup)
                return UserTurn("Deepgram", stt_deepgram.Deepgram(model), address, setup, hearer, leave)
            case "flux":
                model = settings.deepgram_flux_model
                address = stt_flux.endpoint(settings.deepgram_url, key, model, setup)
                return UserTurn("Deepgram Flux", stt_flux.Flux(model), address, setup, hearer, leave)
            case "elevenlabs":
                model = settings.elevenlabs_stt_model
                address = stt_elevenlabs.endpoint(settings.elevenlabs_url, key, model, setup)
                return UserTurn("ElevenLabs", stt_elevenlabs.ElevenLabs(model), address, setup, hearer, leave)
            case "openai":
                address = stt_openai.endpoint(settings.openai_url, key)
                return UserTurn("OpenAI", stt_openai.OpenAI(setup), address, setup, hearer, leave)

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

    def make(setup: SessionConfig, say: Say, gone: Gone, leave: Closing) -> TextToSpeech:
        who = setup.voice_id
        match name:
            case "deepgram":
                voice = who if who.startswith(AURA) else settings.deepgram_voice
                speaker = tts_deepgram.Deepgram(voice)
                address = tts_deepgram.endpoint(settings.deepgram_url, key, voice)
                return SocketTextToSpeech("Deepgram", speaker, address, say, gone, leave)
            case "elevenlabs":
                voice = settings.elevenlabs_voice if who in OPENAIS or who.startswith(AURA) else who
                model = settings.elevenlabs_model
                address = tts_elevenlabs.endpoint(settings.elevenlabs_url, key, voice, model)
                talker = tts_elevenlabs.ElevenLabs(model, setup.speed)
                return SocketTextToSpeech("ElevenLabs", talker, address, say, gone, leave)
            case "openai":
                voice = who if who in OPENAIS else settings.openai_speech_voice
                model = settings.openai_speech_model
                return OpenAITextToSpeech(settings.openai_url, key, model, voice, setup.speed, say, gone, leave)

    return make
