"""What all of Deepgram's services share: the key, refusals, formats, and the pages that need only the key (speech.md)."""

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
"""The encodings that this world can make sense of."""
RATES = frozenset({8000, 16000, 24000, 32000, 48000})


def check_key(desk: ProviderContext, request: web.Request) -> None:
    """Raise unless the header is `Token KEY`, or `Bearer` for a temporary one."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or key != desk.settings.deepgram_key:
        raise ApiError(401, "INVALID_AUTH", "Invalid credentials.")


def refusal(refused: ApiError) -> web.Response:
    """Deepgram's shape of an error; the handshake tells it in headers too."""
    code = {429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR"}.get(refused.status, refused.code)
    request_id = new_id("req")
    return web.json_response(
        {"err_code": code, "err_msg": refused.says, "request_id": request_id},
        status=refused.status,
        headers={"dg-error": refused.says, "dg-request-id": request_id, **refused.headers},
    )


def bad_query(says: str) -> ApiError:
    """400: the query is wrong."""
    return ApiError(400, "INVALID_QUERY_PARAMETER", says)


def model_asked(desk: ProviderContext, request: web.Request, known: Collection[str], models: Collection[str]) -> str:
    """The transcriber that a query names; raises for the key, for a name in it that is not known, for another model."""
    check_key(desk, request)
    for name in request.query.keys() - known:
        raise bad_query(f"Invalid query parameter: {name} is not known.")
    model = request.query.get("model", "")
    if model not in models:
        raise bad_query("Bad Request: No such model/language/tier combination found.")
    return model


def whole_number(request: web.Request, name: str, least: int, most: int) -> int | None:
    """A number of the query; None where it is not given. Raises for anything else."""
    raw = request.query.get(name)
    if raw is None:
        return None
    if not raw.isdecimal() or not least <= int(raw) <= most:
        raise bad_query(f"Invalid query parameter: {name} must be a whole number from {least} to {most}.")
    return int(raw)


def flag(request: web.Request, name: str) -> bool:
    """A `true` or `false` of the query; false where it is not given."""
    raw = request.query.get(name, "false")
    if raw not in ("true", "false"):
        raise bad_query(f"Invalid query parameter: {name} must be true or false.")
    return raw == "true"


def encoding_of(request: web.Request, allowed: frozenset[str]) -> tuple[str | None, int]:
    """The encoding, None where none is named, and the rate that goes with it."""
    encoding = request.query.get("encoding")
    if encoding is not None and encoding not in allowed:
        raise bad_query(f"Invalid query parameter: encoding {encoding!r} is not supported.")
    rate = whole_number(request, "sample_rate", 8000, 48000)
    if encoding is not None and rate is None:
        raise bad_query("Invalid query parameter: sample_rate is required when encoding is given.")
    if rate is not None and rate not in RATES:
        raise bad_query("Invalid query parameter: sample_rate is not supported.")
    return encoding, rate or 8000


def pages(desk: ProviderContext) -> list[web.AbstractRouteDef]:
    """What tells whether a key is good, without a word heard or spoken: the projects, and the token's own page."""

    async def told(request: web.Request) -> web.Response:
        try:
            check_key(desk, request)
        except ApiError as refused:
            refused.note(desk.ledger, request.path)
            return refusal(refused)
        if request.path.endswith("/projects"):
            return web.json_response({"projects": [{"project_id": "simulated", "name": "Simulated"}]})
        return web.json_response({"api_key_id": "simulated", "scopes": ["usage:write"]})

    return [web.get(f"/deepgram/v1/{page}", told) for page in ("projects", "auth/token")]
