"""Creates the pipeline voices (STT → LLM → TTS) from the settings.

There is one voice per text model, `cascade_<text model>`, all with the configured STT and TTS. A voice exists if the
settings have the keys of all three.
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

MakeUserTurn = Callable[[SessionConfig, UserTurnListener, Closing], UserTurn]
MakeTextToSpeech = Callable[[SessionConfig, Say, Gone, Closing], TextToSpeech]


def make_pipelines(settings: Settings) -> dict[str, PipelineVoice]:
    """Create every pipeline whose three keys are set, by the name that scripts use."""
    stt, tts = _stt_factory(settings), _tts_factory(settings)
    if stt is None or tts is None:
        return {}
    return {name: _pipeline(name, llm, stt, tts) for name, llm in llm_configs(settings).items() if llm.key}


def _pipeline(name: str, llm: LlmConfig, stt: MakeUserTurn, tts: MakeTextToSpeech) -> PipelineVoice:
    assert llm.key is not None
    shared = SharedResources(partial(load, llm.provider, llm.key.get_secret_value(), llm.url))
    factory = PipelineFactory(
        text=shared.llm,
        listening=lambda config, listener: stt(config, listener, shared.leave),
        mouth=lambda config, say, gone: tts(config, say, gone, shared.leave),
        http=shared.http,
        leave=shared.leave,
    )
    return PipelineVoice(
        name=name,
        model=llm.model,
        session=lambda listener, model: PipelineSession(factory, listener, model),
        capabilities=CAPABILITIES,
        preload=partial(warm, llm.provider),
        close=shared.close,
    )


def _stt_factory(settings: Settings) -> MakeUserTurn | None:
    """Return the factory of the configured STT; None without its key."""
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

    def make(config: SessionConfig, listener: UserTurnListener, leave: Closing) -> UserTurn:
        match name:
            case "deepgram":
                model = settings.deepgram_model
                endpoint = stt_deepgram.endpoint(settings.deepgram_url, key, model, config)
                return UserTurn("Deepgram", stt_deepgram.Deepgram(model), endpoint, config, listener, leave)
            case "flux":
                model = settings.deepgram_flux_model
                endpoint = stt_flux.endpoint(settings.deepgram_url, key, model, config)
                return UserTurn("Deepgram Flux", stt_flux.Flux(model), endpoint, config, listener, leave)
            case "elevenlabs":
                model = settings.elevenlabs_stt_model
                endpoint = stt_elevenlabs.endpoint(settings.elevenlabs_url, key, model, config)
                return UserTurn("ElevenLabs", stt_elevenlabs.ElevenLabs(model), endpoint, config, listener, leave)
            case "openai":
                endpoint = stt_openai.endpoint(settings.openai_url, key)
                return UserTurn("OpenAI", stt_openai.OpenAI(config), endpoint, config, listener, leave)

    return make


def _tts_factory(settings: Settings) -> MakeTextToSpeech | None:
    """Return the factory of the configured TTS; None without its key."""
    name = settings.dialer_cascade_tts
    secret = {
        "deepgram": settings.deepgram_api_key,
        "elevenlabs": settings.elevenlabs_api_key,
        "openai": settings.openai_api_key,
    }[name]
    if secret is None:
        return None
    key = secret.get_secret_value()

    def make(config: SessionConfig, say: Say, gone: Gone, leave: Closing) -> TextToSpeech:
        # A script's voice id may belong to another provider than the configured TTS.
        voice_id = config.voice_id
        match name:
            case "deepgram":
                voice = voice_id if voice_id.startswith(AURA) else settings.deepgram_voice
                endpoint = tts_deepgram.endpoint(settings.deepgram_url, key, voice)
                return SocketTextToSpeech("Deepgram", tts_deepgram.Deepgram(voice), endpoint, say, gone, leave)
            case "elevenlabs":
                is_foreign = voice_id in OPENAIS or voice_id.startswith(AURA)
                voice = settings.elevenlabs_voice if is_foreign else voice_id
                model = settings.elevenlabs_model
                endpoint = tts_elevenlabs.endpoint(settings.elevenlabs_url, key, voice, model)
                protocol = tts_elevenlabs.ElevenLabs(model, config.speed)
                return SocketTextToSpeech("ElevenLabs", protocol, endpoint, say, gone, leave)
            case "openai":
                voice = voice_id if voice_id in OPENAIS else settings.openai_speech_voice
                model = settings.openai_speech_model
                return OpenAITextToSpeech(settings.openai_url, key, model, voice, config.speed, say, gone, leave)

    return make
