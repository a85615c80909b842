"""The providers' endpoints that list models; four providers share a path and are told apart by their keys."""

from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError, ProviderContext, bearer
from dialer.simulator.providers.llm.anthropic import Anthropic
from dialer.simulator.providers.llm.chat_completions import HuggingFaceChat, OpenAiChat
from dialer.simulator.providers.llm.cohere import Cohere
from dialer.simulator.providers.llm.gemini import Gemini
from dialer.simulator.providers.llm.text_model import LlmService

_DAY = "2026-01-01T00:00:00Z"


class Models:
    """`/v1/models` of Anthropic, OpenAI, Cohere and Gemini, Gemini's older path, and that of Hugging Face's router."""

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self._anthropic, self._openai = Anthropic(context), OpenAiChat(context)
        self._cohere, self._huggingface, self._gemini = Cohere(context), HuggingFaceChat(context), Gemini(context)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of lists and single models."""
        return [
            web.get("/v1/models", self._list),
            web.get("/v1/models/{model:.+}", self._one),
            web.get("/v1beta/models", self._list),
            web.get("/v1beta/models/{model}", self._one),
            web.get("/hf/v1/models", self._router),
        ]

    def _provider(self, request: web.Request) -> LlmService:
        """Return the provider a request is for: by headers (Anthropic, Gemini), by key or model (Cohere), else OpenAI."""
        if request.path.startswith("/v1beta") or "x-goog-api-key" in request.headers or "key" in request.query:
            return self._gemini
        if {"x-api-key", "anthropic-version"} & request.headers.keys():
            return self._anthropic
        cohere_models = self._context.settings.cohere_models
        if bearer(request) == self._context.settings.cohere_key or request.match_info.get("model") in cohere_models:
            return self._cohere
        return self._openai

    async def _one(self, request: web.Request) -> web.Response:
        name, provider = request.match_info["model"], self._provider(request)
        names = self._names(provider)
        try:
            provider.check_key(request)
            if name not in names:
                raise ApiError(404, "model_not_found", f"The model '{name}' does not exist", "model")
        except ApiError as refused:
            refused.note(self._context.ledger, request.path)
            return provider.refusal(refused)
        return web.json_response(_page(provider, name))

    async def _list(self, request: web.Request) -> web.Response:
        provider = self._provider(request)
        try:
            provider.check_key(request)
        except ApiError as refused:
            refused.note(self._context.ledger, request.path)
            return provider.refusal(refused)
        names = self._names(provider)
        pages = [_page(provider, name) for name in names]
        match provider:
            case Cohere():
                return web.json_response({"models": pages, "next_page_token": None})
            case Gemini():
                return web.json_response({"models": pages})
            case Anthropic():
                ends = {"first_id": names[0], "last_id": names[-1], "has_more": False}
                return web.json_response({"data": pages, **ends})
            case _:
                return web.json_response({"object": "list", "data": pages})

    async def _router(self, request: web.Request) -> web.Response:
        """List the models of Hugging Face's router; a token is optional, but a wrong one is refused."""
        try:
            if "Authorization" in request.headers:
                self._huggingface.check_key(request)
        except ApiError as refused:
            refused.note(self._context.ledger, request.path)
            return self._huggingface.refusal(refused)
        pages = [_page(self._huggingface, name) for name in self._context.settings.hf_models]
        return web.json_response({"object": "list", "data": pages})

    def _names(self, provider: LlmService) -> tuple[str, ...]:
        match provider:
            case Anthropic():
                return self._context.settings.anthropic_models
            case Cohere():
                return self._context.settings.cohere_models
            case Gemini():
                return self._context.settings.gemini_text_models
            case _:
                return self._context.settings.openai_models


def _page(provider: LlmService, name: str) -> dict[str, Any]:
    match provider:
        case Anthropic():
            return {"type": "model", "id": name, "display_name": name, "created_at": _DAY}
        case Cohere():
            return {
                "name": name,
                "is_deprecated": False,
                "endpoints": ["chat"],
                "finetuned": False,
                "context_length": 256000,
            }
        case Gemini():
            return {
                "name": f"models/{name}",
                "version": "001",
                "displayName": name,
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            }
        case HuggingFaceChat():
            live = [{"provider": "example", "status": "live", "supports_tools": True}]
            return {
                "id": name,
                "object": "model",
                "created": 1767225600,
                "owned_by": name.split("/")[0],
                "providers": live,
            }
        case _:
            return {"id": name, "object": "model", "created": 1767225600, "owned_by": "openai"}
