"""Shared parts of Deepgram's APIs: authentication, errors, audio formats, and endpoints that only check the key."""

from collections.abc import Collection

from aiohttp import web

from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.realtime.wire import new_id

ENCODINGS = frozenset(
    {
        *("linear16", "linear32", "flac", "alaw", "mulaw", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729"),
    }
)
HEARD = frozenset({"linear16", "mulaw", "alaw"})
"""The encodings that the simulator can decode."""
RATES = frozenset({8000, 16000, 24000, 32000, 48000})


def check_key(context: ProviderContext, request: web.Request) -> None:
    """Check the Authorization header: `Token KEY`, or `Bearer` with a temporary key. Raises ApiError 401."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or key != context.settings.deepgram_key:
        raise ApiError(401, "INVALID_AUTH", "Invalid credentials.")


def refusal(refused: ApiError) -> web.Response:
    """Return an error in Deepgram's format; handshakes also have it in headers."""
    code = {429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR"}.get(refused.status, refused.code)
    request_id = new_id("req")
    return web.json_response(
        {"err_code": code, "err_msg": refused.message, "request_id": request_id},
        status=refused.status,
        headers={"dg-error": refused.message, "dg-request-id": request_id, **refused.headers},
    )


def bad_query(message: str) -> ApiError:
    """Return an error for an invalid query, with status 400."""
    return ApiError(400, "INVALID_QUERY_PARAMETER", message)


def model_asked(context: ProviderContext, request: web.Request, known: Collection[str], models: Collection[str]) -> str:
    """Return the model of a query. Raises ApiError for the key, an unknown parameter or an unknown model."""
    check_key(context, request)
    for name in request.query.keys() - known:
        raise bad_query(f"Invalid query parameter: {name} is not known.")
    model = request.query.get("model", "")
    if model not in models:
        raise bad_query("Bad Request: No such model/language/tier combination found.")
    return model


def whole_number(request: web.Request, name: str, least: int, most: int) -> int | None:
    """Return an integer of the query, None if absent. Raises ApiError if it is not from `least` to `most`."""
    raw = request.query.get(name)
    if raw is None:
        return None
    if not raw.isdecimal() or not least <= int(raw) <= most:
        raise bad_query(f"Invalid query parameter: {name} must be a whole number from {least} to {most}.")
    return int(raw)


def flag(request: web.Request, name: str) -> bool:
    """Return a boolean of the query, False if absent. Raises ApiError."""
    raw = request.query.get(name, "false")
    if raw not in ("true", "false"):
        raise bad_query(f"Invalid query parameter: {name} must be true or false.")
    return raw == "true"


def encoding_of(request: web.Request, allowed: frozenset[str]) -> tuple[str | None, int]:
    """Return the encoding of the query, None if absent, and its sample rate. Raises ApiError."""
    encoding = request.query.get("encoding")
    if encoding is not None and encoding not in allowed:
        raise bad_query(f"Invalid query parameter: encoding {encoding!r} is not supported.")
    rate = whole_number(request, "sample_rate", 8000, 48000)
    if encoding is not None and rate is None:
        raise bad_query("Invalid query parameter: sample_rate is required when encoding is given.")
    if rate is not None and rate not in RATES:
        raise bad_query("Invalid query parameter: sample_rate is not supported.")
    return encoding, rate or 8000


def pages(context: ProviderContext) -> list[web.AbstractRouteDef]:
    """Return the routes that only check the key: the projects, and the token's details."""

    async def check(request: web.Request) -> web.Response:
        try:
            check_key(context, request)
        except ApiError as refused:
            refused.note(context.ledger, request.path)
            return refusal(refused)
        if request.path.endswith("/projects"):
            return web.json_response({"projects": [{"project_id": "simulated", "name": "Simulated"}]})
        return web.json_response({"api_key_id": "simulated", "scopes": ["usage:write"]})

    return [web.get(f"/deepgram/v1/{page}", check) for page in ("projects", "auth/token")]
