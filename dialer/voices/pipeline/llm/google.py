"""Gemini by Google's interface."""

from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from dialer.voices.pipeline.llm.agent import PydanticText


def make(key: str, url: str, model: str) -> PydanticText:
    """A model; `url` is the interface's base."""
    return PydanticText(GoogleModel(model, provider=GoogleProvider(api_key=key, base_url=url)), model)
