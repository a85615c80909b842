"""Every route with every role: what is not open is shut, what is open answers, and nobody changes what they may not.

Generated from the application's own routes: one that is added is in here by itself.
"""

import re
from collections.abc import AsyncIterator
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.routes import HTTPRoute, WebSocketRoute
from pydantic import SecretStr
from sqlalchemy import select

from dialer.domain.access.roles import ADMINS, EVERYBODY, MEETING_MANAGERS, OPERATORS, READERS, Role, Scope
from dialer.services.accounts.manage import accept_invitation, add_token, invite
from dialer.services.actor import Actor, ForbiddenError
from dialer.services.do_not_call.remove import remove_number
from dialer.services.kill_switches import release_kill_switch
from dialer.settings import Settings
from dialer.store.campaigns import kill_switches
from dialer.store.leads import do_not_call
from dialer.store.tables import Account
from dialer.web.app import make_app
from dialer.web.auth.permissions import BROWSER, MAY
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.people import placed_call, sql
from tests.support.web import serving

OPEN = re.compile(
    r"/(health|carriers/.*|feeds/.*|static.*|sign-in|invitation/.*|meetings?/.*|calendars?/.*|booked/.*|met/.*|m/.*)"
)
"""What needs no account: carriers sign, feeds and meetings have their own secret address, a door is a door."""
KNOWN = {
    ADMINS | {Role.AUDITOR},
    ADMINS,
    EVERYBODY,
    MEETING_MANAGERS,
    READERS,
    OPERATORS,
    READERS | {Role.COUNSELOR},
    OPERATORS | {Role.COUNSELOR},
}
NOBODY = UUID(int=0)
PASSWORD = "seven green umbrellas sing"


@cache
def _routes() -> list[tuple[str, str, HTTPRouteHandler]]:
    app = _app()
    return sorted(
        (method, route.path, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} and not OPEN.fullmatch(route.path)
    )


@cache
def _app() -> Litestar:
    return make_app(Settings(_env_file=None))  # type: ignore[call-arg]


ROUTES = [(str(method), path) for method, path, _ in _routes()]
ROLES = {(str(method), path): handler.opt.get(MAY, ADMINS) for method, path, handler in _routes()}
BROWSER_ONLY = {(str(method), path) for method, path, handler in _routes() if handler.opt.get(BROWSER)}
SAME_ACTION = {
    ("POST", "/do-not-call/remove"): ("DELETE", "/api/do-not-call/{number:str}"),
    ("POST", "/settings/release"): ("DELETE", "/api/kill-switches/{carrier:str}"),
    ("POST", "/settings/kill"): ("PUT", "/api/kill-switches/{carrier:str}"),
    ("POST", "/settings/prices"): ("PUT", "/api/prices"),
    ("POST", "/settings/prices/remove"): ("DELETE", "/api/prices"),
    ("POST", "/settings/accounts/invite"): ("POST", "/api/accounts"),
    ("GET", "/settings/accounts"): ("GET", "/api/accounts"),
    ("GET", "/settings/audit"): ("GET", "/api/audit"),
    ("GET", "/leads"): ("GET", "/api/leads"),
    ("GET", "/reports"): ("GET", "/api/reports"),
    ("GET", "/scripts/{name:str}"): ("GET", "/api/scripts/{name:str}"),
}
"""What a page and the API both do: the same roles may, whichever way they ask (H4)."""


@pytest.fixture
async def tokens(store: Store) -> dict[Role, str]:
    """A token for each role that may do all that the role may."""
    made = {}
    async with store.sessions.begin() as session:
        for role in Role:
            counselor = 1 if role is Role.COUNSELOR else None
            guest = await invite(session, ADMIN, f"{role.value}@example.com", role, counselor_id=counselor)
            await accept_invitation(session, guest.key, PASSWORD)
            account = await session.scalar(select(Account.id).where(Account.email == guest.email))
            assert account is not None
            scopes = set(Scope) if role is Role.ADMIN else {Scope.READ, Scope.WRITE}
            made[role] = await add_token(session, account, "all", scopes, by="a test")
    return made


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[AsyncClient]:
    keyed = settings.model_copy(update={"dialer_secret_key": SecretStr("k" * 40)})
    async with serving(keyed) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        yield client


def _filled(path: str) -> str:
    """The path with words in its places that name nothing."""
    return re.sub(
        r"\{\w+(?::(\w+))?\}", lambda found: {"uuid": str(NOBODY), "int": "999999"}.get(found[1], "nothing"), path
    )


def test_every_route_says_whom_it_is_for_and_there_are_some_for_each() -> None:
    assert len(ROUTES) > 30
    assert set(ROLES.values()) <= KNOWN, {path for path, roles in ROLES.items() if roles not in KNOWN}
    shut = [path for (method, path), roles in ROLES.items() if method == "GET" and roles == ADMINS]
    assert all(path.startswith(("/settings", "/api/accounts")) for path in shut), shut
    changing = [path for (method, path), roles in ROLES.items() if method != "GET" and Role.AUDITOR in roles]
    assert all(path.startswith(("/account", "/sign-out")) for path in changing), changing


def test_a_page_and_the_api_let_the_same_roles_do_the_same_thing() -> None:
    assert {page: ROLES[page] for page in SAME_ACTION} == {page: ROLES[api] for page, api in SAME_ACTION.items()}


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.ADMIN])
async def test_only_an_administrator_lifts_a_safeguard_however_they_ask(store: Store, role: Role) -> None:
    """H4: the check is in the service, so that no page, route or command can leave it out."""
    caller = Actor(1, "someone@example.com", role)
    async with store.sessions.begin() as session:
        await do_not_call.add(session, ["+919812000001"], scope="account", source="t", reason="", by="t")
        await kill_switches.activate(session, kill_switches.ALL, "fire", "t")
        with pytest.raises(ForbiddenError, match="role admin"):
            await remove_number(session, caller, "+919812000001")
        with pytest.raises(ForbiddenError, match="role admin"):
            await release_kill_switch(session, caller, kill_switches.ALL)
        assert (await do_not_call.reasons(session, "+919812000001"))["listed"]
        assert await kill_switches.active(session)


def test_every_socket_says_whom_it_is_for() -> None:
    sockets = [route.route_handler for route in _app().routes if isinstance(route, WebSocketRoute)]
    assert sockets
    assert all(isinstance(each, WebsocketRouteHandler) and each.opt.get(MAY) == READERS for each in sockets)


async def test_whoever_is_not_signed_in_gets_nowhere(web: AsyncClient) -> None:
    for method, path in ROUTES:
        answer = await web.request(method, _filled(path))
        assert answer.status_code == 401, (method, path, answer.text[:200])


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_is_let_in_where_it_may_and_nowhere_else(
    store: Store, web: AsyncClient, tokens: dict[Role, str], role: Role
) -> None:
    bearer = {"authorization": f"Bearer {tokens[role]}"}
    wrong: list[tuple[Any, ...]] = []
    for method, path in ROUTES:
        answer = await web.request(method, _filled(path), headers=bearer)
        allowed = role in ROLES[method, path] and (method, path) not in BROWSER_ONLY
        if (answer.status_code == 403) == allowed or answer.status_code in (401, 500):
            wrong.append((method, path, answer.status_code, answer.text[:120]))
    assert wrong == []


async def test_a_counselor_sees_the_leads_whom_they_meet_and_no_others(
    store: Store, web: AsyncClient, tokens: dict[Role, str]
) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    bearer = {"authorization": f"Bearer {tokens[Role.COUNSELOR]}"}
    paths = (f"/api/calls/{call.id}", f"/api/calls/{call.id}/recording", "/api/leads/1")
    for path in paths:
        assert (await web.get(path, headers=bearer)).status_code == 404, path
    reader = {"authorization": f"Bearer {tokens[Role.AUDITOR]}"}
    assert (await web.get(paths[0], headers=reader)).status_code == 200


async def test_what_is_asked_twice_with_one_key_is_done_once(web: AsyncClient, tokens: dict[Role, str]) -> None:
    headers = {"authorization": f"Bearer {tokens[Role.MARKETING]}", "idempotency-key": "spring-1"}
    first = await web.post("/api/campaigns", json={"name": "Spring"}, headers=headers)
    again = await web.post("/api/campaigns", json={"name": "Spring"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await web.post("/api/campaigns", json={"name": "Summer"}, headers=headers)
    assert other.status_code == 422
    bare = {"authorization": headers["authorization"]}
    assert (await web.post("/api/campaigns", json={"name": "Spring"}, headers=bare)).status_code == 409
    failed = {**bare, "idempotency-key": "spring-2"}
    for _ in range(2):
        refused = await web.post("/api/campaigns/Spring/start", headers=failed)
        assert refused.status_code == 409, "what failed is tried again, not repeated from memory"
        assert "no leads yet" in refused.json()["detail"]


async def test_a_campaigns_life_over_the_api(store: Store, web: AsyncClient, tokens: dict[Role, str]) -> None:
    web.headers["authorization"] = f"Bearer {tokens[Role.ADMIN]}"
    made = await web.post("/api/campaigns", json={"name": "Spring", "concurrency": 3, "window_opens": "11:00"})
    assert (made.json()["concurrency"], made.json()["window_opens"], made.json()["state"]) == (3, "11:00", "draft")
    wrong = await web.patch("/api/campaigns/Spring", json={"window_closes": "10:00"})
    assert (wrong.status_code, "start before they end" in wrong.json()["detail"]) == (422, True)
    files = {"data": ("list.csv", b"Name,Phone,Consent\nAsha,+919812000001,Yes\n")}
    assert (await web.post("/api/campaigns/Spring/leads", files=files)).json()["imported"] == 1
    await sql(store.sessions, "UPDATE script SET business = ''")
    unnamed = await web.post("/api/campaigns/Spring/start")
    assert (unnamed.status_code, "has no business name" in unnamed.json()["detail"]) == (409, True)
    named = await web.post("/api/scripts/ava", json={"business": "Acme Study"})
    assert (named.status_code, named.json()["business"]) == (201, "Acme Study")
    await web.patch("/api/campaigns/Spring", json={"script": "ava"})
    assert (await web.post("/api/campaigns/Spring/start")).json()["state"] == "running"
    assert (await web.post("/api/campaigns/Spring/pause")).json()["state"] == "paused"
    page = (await web.get("/api/leads", params={"campaign": "Spring"})).json()
    assert [(each["phone"], each["state"]) for each in page["leads"]] == [("+919812000001", "ready")]
    lead = (await web.get(f"/api/leads/{page['leads'][0]['lead_id']}")).json()
    assert lead["row"]["Name"] == "Asha"
    assert (await web.post("/api/do-not-call", json={"phones": ["98120 00001", "x"]})).status_code == 422
    assert not (await web.get("/api/do-not-call/9812000001")).json()["listed"], "all or none"
    assert (await web.post("/api/do-not-call", json={"phones": ["98120 00001"]})).json()["added"] == 1
    assert (await web.get("/api/do-not-call/9812000001")).json()["listed"]
    assert (await web.delete("/api/do-not-call/9812000001")).json()["removed"] == 1
    assert (await web.post("/api/campaigns/Spring/stop", json={})).json()["live"] == 0
    version = await web.post("/api/scripts/ava", json={"voice": "gemini_live"})
    assert (version.status_code, version.json()["version"]) == (201, 3)
    assert (await web.post("/api/scripts/ava", json={"voice": "nobody"})).status_code == 422
    assert (await web.put("/api/kill-switches/all", json={"why": "fire"})).json()["on"]
    assert (await web.get("/api/kill-switches")).json() == {"all": "fire"}
    assert (await web.delete("/api/kill-switches/all")).json()["was_on"]
    trail = (await web.get("/api/audit")).json()["entries"]
    assert {"campaign.start", "campaign.pause", "kill_switch.on", "dnc.remove"} <= {each["did"] for each in trail}
    assert {each["who"] for each in trail if each["did"] == "campaign.start"} == {"admin@example.com"}
