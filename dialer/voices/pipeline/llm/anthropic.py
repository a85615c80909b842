"""Claude by Anthropic's interface."""

from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from dialer.voices.pipeline.llm.agent import PydanticAiClient


def make(key: str, url: str, model: str) -> PydanticAiClient:
    """A model; `url` is the interface's base."""
    return PydanticAiClient(AnthropicModel(model, provider=AnthropicProvider(api_key=key, base_url=url)), model)
