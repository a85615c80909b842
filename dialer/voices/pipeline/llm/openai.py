"""GPT by OpenAI's chat completions, which compatible servers speak too."""

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from dialer.voices.pipeline.llm.agent import PydanticAiClient


def make(key: str, url: str, model: str) -> PydanticAiClient:
    """A model; `url` is the interface's base, such as https://api.openai.com/v1."""
    return PydanticAiClient(OpenAIChatModel(model, provider=OpenAIProvider(api_key=key, base_url=url)), model)
