"""Command by Cohere's interface."""

from cohere import AsyncClientV2
from pydantic_ai.models.cohere import CohereModel
from pydantic_ai.providers.cohere import CohereProvider

from dialer.voices.pipeline.llm.agent import RESPONSE_TIMEOUT_S, PydanticAiClient


class _Client(PydanticAiClient):
    """A model whose client is ours: its provider does not take an address."""

    def __init__(self, client: AsyncClientV2, model: str) -> None:
        super().__init__(CohereModel(model, provider=CohereProvider(cohere_client=client)), model)
        self._client = client

    async def close(self) -> None:
        """Let the client's connections go."""
        await self._client.__aexit__(None, None, None)  # type: ignore[no-untyped-call]  # untyped there


def make(key: str, url: str, model: str) -> PydanticAiClient:
    """A model; `url` is the interface's base."""
    return _Client(AsyncClientV2(key, base_url=url, timeout=RESPONSE_TIMEOUT_S, max_retries=0), model)
