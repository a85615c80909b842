"""What a stranger may send: every route without an account reads a small body at most, and none before a look at its head."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from dialer.domain.calling.call import State
from dialer.settings import Settings
from dialer.web.app import MAX_PUBLIC_BODY
from dialer.web.auth.permissions import guard
from dialer.web.carriers import twilio
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.exotel import ScriptedExotel, exotel_settings
from tests.support.people import call_row, placed_call, row_counts
from tests.support.twilio import SEQUENCES, call_back, twilio_settings
from tests.support.web import application, serving

CHUNK = 16 * 1024
SIGNED = "A" * 27 + "="
FORM = "application/x-www-form-urlencoded"


def _public_posts() -> list[str]:
    """The paths of public routes that take a body, from the application's own routes."""
    with application(Settings(_env_file=None)) as app:  # type: ignore[call-arg]
        return sorted(
            route.path
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for method, (handler, _) in route.route_handler_map.items()
            if method in {"POST", "PUT", "PATCH", "DELETE"} and guard not in handler.resolve_guards()
        )


PUBLIC_POSTS = _public_posts()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    async with serving(exotel_settings(settings)) as web:
        yield web._transport.app  # type: ignore[attr-defined]  # the application below the client


async def _send(app: Litestar, path: str, *, declared: int | None = None, **headers: str) -> tuple[int, int]:
    """POST a body without end; the answer's status, and how many bytes were read before it."""
    read, status = 0, 0
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw += [(b"host", b"127.0.0.1:8000"), (b"content-type", FORM.encode())]
    raw += [(b"content-length", str(declared).encode())] if declared is not None else []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += CHUNK
        assert read < 10 * MAX_PUBLIC_BODY, "it goes on reading"
        return {"type": "http.request", "body": b"k=v&" * (CHUNK // 4), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": raw,
        "client": ("203.0.113.9", 5000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        "app": app,
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    return status, read


def _filled(path: str) -> str:
    return re.sub(r"\{\w+(?::\w+)?\}", "x" * 22, path)


def test_the_public_routes_that_take_a_body_are_known() -> None:
    expected = {"/sign-in", "/invitation/{key:str}", "/carriers/twilio/status", "/carriers/exotel/status/{token:str}"}
    assert expected <= set(PUBLIC_POSTS)


@pytest.mark.parametrize("declared", [10_000_000, None], ids=["declared", "chunked"])
async def test_a_strangers_body_is_read_up_to_the_limit_and_refused(app: Litestar, declared: int | None) -> None:
    """H2: a 10 MB form no longer reaches a parser, whatever route it is posted to."""
    for path in PUBLIC_POSTS:
        status, read = await _send(app, _filled(path), declared=declared, x_twilio_signature=SIGNED)
        assert status in (400, 403, 404, 410, 413), path
        assert read <= (CHUNK if declared else MAX_PUBLIC_BODY + CHUNK), (path, read)


@pytest.mark.parametrize("headers", [{}, {"x_twilio_signature": "AAAA"}, {"x_twilio_signature": "é" * 28}])
async def test_a_webhook_without_the_shape_of_a_signature_is_refused_unread(
    app: Litestar, headers: dict[str, str]
) -> None:
    for path in (each for each in PUBLIC_POSTS if each.startswith("/carriers/twilio/")):
        assert await _send(app, path, **headers) == (403, 0), path


@pytest.mark.parametrize("token", ["x" * 22, "short", "x" * 500])
async def test_exotels_body_is_unread_where_its_token_is_not_a_calls(app: Litestar, store: Store, token: str) -> None:
    await placed_call(store.sessions, ScriptedExotel())
    before = await row_counts(store.sessions)
    assert await _send(app, f"/carriers/exotel/status/{token}") == (403, 0)
    assert await row_counts(store.sessions) == before


async def test_a_webhook_of_too_many_fields_is_refused_although_it_is_signed(store: Store, settings: Settings) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    fields = {**SEQUENCES["busy"][1], "CallSid": call.carrier_sid or ""}
    many = {f"k{n}": "" for n in range(twilio.MAX_FIELDS)}
    async with serving(settings) as web:
        ours = twilio_settings(settings, dialer_public_url=str(web.base_url))
        assert await call_back(web, ours, {**fields, **many}) == 403
        assert (await call_row(store.sessions, call.id)).state is State.PLACED
        assert len(urlencode(many)) < MAX_PUBLIC_BODY, "refused for its fields, not for its size"
        assert await call_back(web, ours, fields) == 204
