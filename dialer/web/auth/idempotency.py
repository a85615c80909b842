"""Idempotency keys: a request that is sent again, because its answer was lost, is answered as it was and done once.

A program sends `Idempotency-Key`, a word of its own for each thing that it wants. The answer is kept for a day.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from dialer.services.actor import Actor
from dialer.store.system import idempotency_keys
from dialer.web.app_state import AppState

KEY_TTL = timedelta(days=1)
MAX_KEY_CHARS = 200
HEADER = "idempotency-key"
Asked: TypeAlias = Request[Actor, Any, State]
Json: TypeAlias = dict[str, Any]


async def run_once(
    request: Asked, app_state: AppState, do: Callable[[], Awaitable[Json]], *, status: int = 200
) -> Response[Json]:
    """Do it, or answer as it was answered. What fails is not kept: it may be tried again with the same key.

    Raises:
        HTTPException: 409 while the first of them is being answered, 422 for a key that was used for something else.
    """
    key = request.headers.get(HEADER, "").strip()[:MAX_KEY_CHARS]
    if not key:
        return Response(await do(), status_code=status)
    who = request.user.email
    body = await request.body()
    told = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
    async with app_state.sessions.begin() as session:
        known = await idempotency_keys.claim(session, who, key, told, keep_for=KEY_TTL)
    if known is not None:
        if known.request_hash != told:
            raise HTTPException("This idempotency key was used for another request.", status_code=422)
        if known.status is None:
            raise HTTPException("The first request with this key is still in progress.", status_code=409)
        return Response(known.body or {}, status_code=known.status, headers={"Idempotency-Replayed": "true"})
    try:
        answer = await do()
    except BaseException:
        async with app_state.sessions.begin() as session:
            await idempotency_keys.release(session, who, key)
        raise
    async with app_state.sessions.begin() as session:
        await idempotency_keys.record_answer(session, who, key, status, answer)
    return Response(answer, status_code=status)
