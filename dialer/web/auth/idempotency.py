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
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from dialer.services.accounts.sign_in import Caller
from dialer.store.tables import GivenAnswer
from dialer.web.app_state import Parts

KEPT = timedelta(days=1)
LONGEST = 200
HEADER = "idempotency-key"
Asked: TypeAlias = Request[Caller, Any, State]
Json: TypeAlias = dict[str, Any]


async def once(request: Asked, parts: Parts, do: Callable[[], Awaitable[Json]], *, status: int = 200) -> Response[Json]:
    """Do it, or answer as it was answered. What fails is not kept: it may be tried again with the same key.

    Raises:
        HTTPException: 409 while the first of them is being answered, 422 for a key that was used for something else.
    """
    key = request.headers.get(HEADER, "").strip()[:LONGEST]
    if not key:
        return Response(await do(), status_code=status)
    who = request.user.email
    body = await request.body()
    told = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
    mine = (GivenAnswer.who == who, GivenAnswer.key == key)
    async with parts.sessions.begin() as session:
        await session.execute(delete(GivenAnswer).where(GivenAnswer.at < func.now() - KEPT))
        wish = insert(GivenAnswer).values(who=who, key=key, request_hash=told).on_conflict_do_nothing()
        first = (await session.execute(wish.returning(GivenAnswer.key))).first() is not None
        known = None if first else (await session.scalars(select(GivenAnswer).where(*mine))).one()
    if known is not None:
        if known.request_hash != told:
            raise HTTPException("this idempotency key was used for another request", status_code=422)
        if known.status is None:
            raise HTTPException("the first request with this key is still being answered", status_code=409)
        return Response(known.body or {}, status_code=known.status, headers={"Idempotency-Replayed": "true"})
    try:
        answer = await do()
    except BaseException:
        async with parts.sessions.begin() as session:
            await session.execute(delete(GivenAnswer).where(*mine))
        raise
    async with parts.sessions.begin() as session:
        await session.execute(update(GivenAnswer).where(*mine).values(status=status, body=answer))
    return Response(answer, status_code=status)
