"""Claude by Anthropic's interface."""

from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from dialer.voices.pipeline.llm.agent import PydanticText


def make(key: str, url: str, model: str) -> PydanticText:
    """A model; `url` is the interface's base."""
    return PydanticText(AnthropicModel(model, provider=AnthropicProvider(api_key=key, base_url=url)), model)
