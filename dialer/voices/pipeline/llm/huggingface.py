"""Any chat model by Hugging Face's router."""

from huggingface_hub import AsyncInferenceClient
from pydantic_ai.models.huggingface import HuggingFaceModel
from pydantic_ai.providers.huggingface import HuggingFaceProvider
from pydantic_ai.settings import ModelSettings

from dialer.voices.pipeline.llm.agent import RESPONSE_TIMEOUT_S, PydanticAiClient


class _Client(PydanticAiClient):
    """A model whose client is ours. It never tries again by itself, and cannot be told not to think."""

    def __init__(self, client: AsyncInferenceClient, key: str, model: str) -> None:
        provider = HuggingFaceProvider(hf_client=client, api_key=key)
        super().__init__(HuggingFaceModel(model, provider=provider), model, ModelSettings())
        self._client = client

    async def close(self) -> None:
        """Let the client's connections go."""
        await self._client.close()  # type: ignore[no-untyped-call]  # untyped there


def make(key: str, url: str, model: str) -> PydanticAiClient:
    """A model; `url` is the router's base, such as https://router.huggingface.co/v1."""
    return _Client(AsyncInferenceClient(base_url=url, api_key=key, timeout=RESPONSE_TIMEOUT_S), key, model)
