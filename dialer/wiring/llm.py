"""The text models of the pipelines, made from the settings; and which of them a script is tried with."""

from dataclasses import dataclass

from pydantic import SecretStr

from dialer.settings import Settings, is_loopback
from dialer.voices.pipeline.llm.loading import load
from dialer.voices.pipeline.port import LlmClient

SIMULATED = "a simulated model"
"""What the text model of the simulated world is called."""


class NoLlmError(Exception):
    """No text model has a key; the message is one line that says which keys would do."""


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """A text model's provider: `text/<provider>.py`."""

    provider: str
    key_name: str
    """The variable that its key is read from."""
    key: SecretStr | None
    url: str
    model: str

    async def load(self) -> LlmClient:
        """Have it; that takes seconds the first time."""
        assert self.key is not None
        return await load(self.provider, self.key.get_secret_value(), self.url, self.model)


def llm_configs(settings: Settings) -> dict[str, LlmConfig]:
    """All of them, with a key or without, by the name of their pipeline."""
    return {
        "cascade_anthropic": LlmConfig(
            "anthropic",
            "ANTHROPIC_API_KEY",
            settings.anthropic_api_key,
            settings.anthropic_url,
            settings.anthropic_model,
        ),
        "cascade_gemini": LlmConfig(
            "google", "GEMINI_API_KEY", settings.gemini_api_key, settings.gemini_url, settings.gemini_model
        ),
        "cascade_cohere": LlmConfig("cohere", "CO_API_KEY", settings.co_api_key, settings.co_url, settings.co_model),
        "cascade_huggingface": LlmConfig(
            "huggingface", "HF_TOKEN", settings.hf_token, settings.hf_url, settings.hf_model
        ),
        "cascade_openai": LlmConfig(
            "openai", "OPENAI_API_KEY", settings.openai_api_key, settings.openai_url, settings.openai_model
        ),
    }


def llm_of(settings: Settings, voice: str, model: str | None) -> LlmConfig:
    """What a script is tried with: its own text model where its voice is a pipeline, else the first one with a key.

    `model` is the script's own choice of one for its voice. Raises NoLlmError.
    """
    known = llm_configs(settings)
    if own := known.get(voice):
        if own.key is None:
            raise NoLlmError(f"{voice} has no key: set {own.key_name}, or try the script with another voice")
        return own if not model else LlmConfig(own.provider, own.key_name, own.key, own.url, model)
    found = next((each for each in known.values() if each.key), None)
    if found is None:
        names = " or ".join(each.key_name for each in known.values())
        raise NoLlmError(f"no text model has a key to try a script with: set {names}")
    return found


def is_simulated(settings: Settings) -> bool:
    """Whether the text models are those of a demo's simulated world: they and the carriers are on this machine."""
    urls = [each.url for each in llm_configs(settings).values() if each.key]
    return bool(urls) and all(is_loopback(url) for url in (settings.twilio_api_url, *urls))
