"""The text models of the pipelines, from the settings, and the one used to try a script."""

from dataclasses import dataclass

from pydantic import SecretStr

from dialer.settings import Settings, is_loopback
from dialer.voices.pipeline.llm.loading import load
from dialer.voices.pipeline.port import LlmClient

SIMULATED = "a simulated model"
"""The display name of the simulator's text model."""


class NoLlmError(Exception):
    """No text model has a key; the message says which keys can be set."""


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """The configuration of a text model. `provider` is its module in `dialer.voices.pipeline.llm`."""

    provider: str
    key_name: str
    """The environment variable of its key."""
    key: SecretStr | None
    url: str
    model: str

    async def load(self) -> LlmClient:
        """Load the client; the first import of a provider takes seconds."""
        assert self.key is not None
        return await load(self.provider, self.key.get_secret_value(), self.url, self.model)


def llm_configs(settings: Settings) -> dict[str, LlmConfig]:
    """Return all text models, with or without a key, by the name of their pipeline."""
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
    """Return the text model to try a script with: its pipeline's if its voice is one, else the first with a key.

    `model` overrides the model of the script's own pipeline. Raises NoLlmError.
    """
    configs = llm_configs(settings)
    if own := configs.get(voice):
        if own.key is None:
            raise NoLlmError(f"{voice} has no key: set {own.key_name}, or try the script with another voice")
        return own if not model else LlmConfig(own.provider, own.key_name, own.key, own.url, model)
    first = next((config for config in configs.values() if config.key), None)
    if first is None:
        names = " or ".join(config.key_name for config in configs.values())
        raise NoLlmError(f"no text model has a key to try a script with: set {names}")
    return first


def is_simulated(settings: Settings) -> bool:
    """Whether the text models are the simulator's, as in a demo: they and Twilio are on loopback."""
    urls = [config.url for config in llm_configs(settings).values() if config.key]
    return bool(urls) and all(is_loopback(url) for url in (settings.twilio_api_url, *urls))
