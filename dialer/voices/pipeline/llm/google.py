"""Gemini by Google's interface."""

from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from dialer.voices.pipeline.llm.agent import PydanticAiClient


def make(key: str, url: str, model: str) -> PydanticAiClient:
    """A model; `url` is the interface's base."""
    return PydanticAiClient(GoogleModel(model, provider=GoogleProvider(api_key=key, base_url=url)), model)
