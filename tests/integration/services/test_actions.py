"""Every action by every way: a page, the API and a command ask the same roles, refuse alike and leave the same audit entry."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import add_token
from dialer.services.actions import ACTIONS
from dialer.services.actor import Actor, ForbiddenError
from dialer.services.campaigns.create import create_campaign
from dialer.settings import Settings
from dialer.store.campaigns import campaigns, kill_switches, prices
from dialer.store.system import jobs
from dialer.store.tables import Account, AuditEntry, Counselor
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.pages import signed_in
from tests.support.people import enrol, phone_of
from tests.support.shell import Shell

KEYED = {"DIALER_SECRET_KEY": "k" * 40}
PRICE = {"model": "m", "kind": "text_in", "since": "2026-01-01"}
WEEK = {day: "09:00-17:00" if day == "mon" else "" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@dataclass(frozen=True, slots=True)
class Request:
    """A form of a page, or a request to the API; `{c}` stands for the campaign's id on a page and its name in the API."""

    path: str
    method: str = "POST"
    fields: dict[str, Any] = field(default_factory=dict)
    page: str = "/campaigns"
    """Where the form is shown."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How one action is reached. None: not by this way."""

    page: Request | None = None
    api: Request | None = None
    command: tuple[str, ...] | None = None
    elsewhere: bool = False
    """Its audit entry needs a live call, a file or a meeting: tested with those."""


def _page(path: str, page: str = "/campaigns", **fields: Any) -> Request:
    return Request(path, "POST", fields, page)


def _api(method: str, path: str, **fields: Any) -> Request:
    return Request(path, method, fields)


NOBODY = "00000000-0000-0000-0000-000000000000"
WAYS: dict[str, Ways] = {
    "campaign.create": Ways(
        _page("/campaigns/new", name="{c}", country="IN"),
        _api("POST", "/api/campaigns", name="{c}"),
        ("campaign", "create", "{c}"),
    ),
    "campaign.update": Ways(
        _page("/campaigns/{c}/set-up/numbers", concurrency="7", per_second="1"),
        _api("PATCH", "/api/campaigns/{c}", concurrency=7),
    ),
    "campaign.start": Ways(
        _page("/campaigns/{c}/start"), _api("POST", "/api/campaigns/{c}/start"), ("campaign", "start", "{c}")
    ),
    "campaign.pause": Ways(
        _page("/campaigns/{c}/pause"), _api("POST", "/api/campaigns/{c}/pause"), ("campaign", "pause", "{c}")
    ),
    "campaign.rehearse": Ways(
        _page("/campaigns/{c}/rehearse", leads="2"), _api("POST", "/api/campaigns/{c}/rehearse", leads=2)
    ),
    "campaign.stop": Ways(
        _page("/campaigns/{c}/stop"), _api("POST", "/api/campaigns/{c}/stop"), ("campaign", "stop", "{c}")
    ),
    "call.start": Ways(
        _page("/settings/ring", "/settings", phone="+919812000177"),
        _api("POST", "/api/calls", phone="+919812000177"),
        ("call", "+919812000177"),
    ),
    "call.whisper": Ways(api=_api("POST", f"/api/calls/{NOBODY}/note", words="hello"), elsewhere=True),
    "call.hang_up": Ways(api=_api("POST", f"/api/calls/{NOBODY}/hang-up"), elsewhere=True),
    "call.transfer": Ways(api=_api("POST", f"/api/calls/{NOBODY}/transfer"), elsewhere=True),
    "list.import": Ways(_page("/campaigns/{c}/lists"), None, elsewhere=True),
    "list.choose": Ways(
        _page("/imports/9/choices", rows="1", choice="update"),
        _api("POST", "/api/imports/9/choices", rows=[1], choice="update"),
        elsewhere=True,
    ),
    "list.commit": Ways(_page("/imports/9/commit"), _api("POST", "/api/imports/9/commit"), elsewhere=True),
    "list.undo": Ways(_page("/imports/9/undo"), _api("DELETE", "/api/imports/9"), elsewhere=True),
    "list.discard": Ways(_page("/imports/9/undo"), _api("DELETE", "/api/imports/9"), elsewhere=True),
    "dnc.add": Ways(
        _page("/do-not-call/add", "/do-not-call", numbers="+919812000178", reason="asked"),
        _api("POST", "/api/do-not-call", phones=["+919812000178"], reason="asked"),
        ("dnc", "add", "+919812000178", "--reason", "asked"),
    ),
    "dnc.import": Ways(_page("/do-not-call/import", "/do-not-call"), elsewhere=True),
    "dnc.remove": Ways(
        _page("/do-not-call/remove", "/do-not-call", number="+919812000178"),
        _api("DELETE", "/api/do-not-call/+919812000178"),
        ("dnc", "remove", "+919812000178"),
    ),
    "dnc.scrub": Ways(command=("dnc", "scrub", "{c}")),
    "kill_switch.on": Ways(
        _page("/settings/kill", "/settings", why="a drill"),
        _api("PUT", "/api/kill-switches/all", why="a drill"),
        ("kill", "on", "--why", "a drill"),
    ),
    "kill_switch.off": Ways(
        _page("/settings/release", "/settings"), _api("DELETE", "/api/kill-switches/all"), ("kill", "off")
    ),
    "limits.set": Ways(
        _page("/settings/limits", "/settings", calls_per_number_day="4", spend_day="900", single_calls_day="100"),
        _api("PUT", "/api/limits", calls_per_number_day=3),
        ("limits", "set", "--calls-per-number", "2"),
    ),
    "script.add": Ways(
        _page(
            "/scripts/ava",
            "/scripts/ava",
            name="ava-p",
            opening="Hello from {c}.",
            persona="p",
            business="b",
            voice="openai_realtime",
            speaker="marin",
            language="en",
            speed="1.0",
        ),
        _api("POST", "/api/scripts/ava", opening="Hello from {c}."),
        ("script", "add", "ava", "--opening", "Hello from {c}."),
    ),
    "price.set": Ways(
        _page("/settings/prices", "/settings", **PRICE, per_million="1.25", source="a list"),
        _api("PUT", "/api/prices", **PRICE, per_million="1.25", source="a list"),
        ("prices", "set", "m", "text_in", "1.25", "--since", "2026-01-01"),
    ),
    "price.remove": Ways(
        _page("/settings/prices/remove", "/settings", **PRICE),
        _api("DELETE", "/api/prices?model=m&kind=text_in&since=2026-01-01"),
        ("prices", "remove", "m", "text_in", "2026-01-01"),
    ),
    "counselor.add": Ways(
        _page("/counselors/new", "/counselors/new", name="{c}", zone="Asia/Kolkata", **WEEK),
        _api("POST", "/api/counselors", name="{c}", zone="Asia/Kolkata"),
        ("counselor", "add", "{c}", "--zone", "Asia/Kolkata"),
    ),
    "counselor.update": Ways(
        _page("/counselors/1/hours", "/counselors/1", **{**WEEK, "tue": "10:00-11:00"}),
        _api("PATCH", "/api/counselors/1", hours={"tue": "10:00-12:00"}),
        ("counselor", "set", "One Window desk", "--days", "tue", "--hours", "10:00-13:00"),
    ),
    "counselor.deactivate": Ways(
        _page("/counselors/1/leave", "/counselors/1"),
        _api("POST", "/api/counselors/1/leave"),
        ("counselor", "remove", "One Window desk"),
    ),
    "counselor.activate": Ways(
        _page("/counselors/1/back", "/counselors/1"),
        _api("POST", "/api/counselors/1/back"),
        ("counselor", "back", "One Window desk"),
    ),
    "time_off.add": Ways(
        _page("/counselors/1/off", "/counselors/1", first="2030-01-01", last="2030-01-02", why="rest", sure="yes"),
        _api("POST", "/api/counselors/1/days-off", first="2030-02-01", last="2030-02-02", why="rest"),
    ),
    "time_off.remove": Ways(
        _page("/counselors/1/off/back", "/counselors/1", number="1"), _api("DELETE", "/api/counselors/1/days-off/2")
    ),
    "calendar_feed.change": Ways(
        _page("/counselors/1/feed", "/counselors/1", do="make"), _api("POST", "/api/counselors/1/feed")
    ),
    "booking.move": Ways(
        _page(f"/bookings/{NOBODY}/move"),
        _api("POST", f"/api/bookings/{NOBODY}/move", counselor_id=1, starts="2030-01-01T10:00:00Z"),
        elsewhere=True,
    ),
    "booking.cancel": Ways(
        _page(f"/bookings/{NOBODY}/cancel"), _api("POST", f"/api/bookings/{NOBODY}/cancel"), elsewhere=True
    ),
    "booking.outcome": Ways(
        _page(f"/bookings/{NOBODY}/went"),
        _api("POST", f"/api/bookings/{NOBODY}/went", verdict="showed"),
        elsewhere=True,
    ),
    "booking.revoke_links": Ways(
        _page(f"/bookings/{NOBODY}/revoke-links"),
        _api("POST", f"/api/bookings/{NOBODY}/revoke-links"),
        elsewhere=True,
    ),
    "account.invite": Ways(
        _page("/settings/accounts/invite", "/settings/accounts", email="{c}@example.com", role="marketing"),
        _api("POST", "/api/accounts", email="{c}@example.com", role="marketing"),
        ("account", "add", "{c}@example.com", "--role", "marketing"),
    ),
    "account.update": Ways(
        _page("/settings/accounts/change", "/settings/accounts", account="{auditor}", role="marketing", active="true")
    ),
    "account.second_factor_off": Ways(command=("account", "second-factor", "{c}", "--off"), elsewhere=True),
    "webhook.add": Ways(command=("hook", "add", "https://hooks.example.com/{c}")),
    "webhook.remove": Ways(command=("hook", "remove", "1")),
    "feed.add": Ways(command=("feed", "add", "leads")),
    "feed.revoke": Ways(command=("feed", "revoke", "1")),
    "schedule.add": Ways(command=("schedule", "add", "leads", "--to", "{folder}", "--every", "1d")),
    "schedule.remove": Ways(command=("schedule", "remove", "1")),
    "export.start": Ways(api=_api("POST", "/api/exports", what="leads", form="csv")),
    "job.cancel": Ways(_page("/jobs/{job}/cancel"), _api("POST", "/api/jobs/{job}/cancel")),
}


def test_every_action_is_in_the_table_and_is_reached_somehow() -> None:
    assert sorted(WAYS) == sorted(ACTIONS)
    assert all(ways.page or ways.api or ways.command for ways in WAYS.values())


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_a_service_refuses_the_roles_and_scopes_that_the_guard_refuses(action: Any) -> None:
    for role in Role:
        actor = Actor(1, "someone@example.com", role)
        if role in action.roles:
            actor.require(action)
            with pytest.raises(ForbiddenError, match="lacks the scope"):
                Actor(1, "a token", role, scopes=frozenset({Scope.READ})).require(action)
        else:
            with pytest.raises(ForbiddenError, match=re.escape(f"You cannot {action.verb} as {role.value}.")):
                actor.require(action)


@pytest.fixture
async def clients(settings: Settings, store: Store) -> AsyncIterator[dict[Role, tuple[AsyncClient, dict[str, str]]]]:
    """A browser and a token's header for each role."""
    async with AsyncExitStack() as stack:
        made = {}
        for role in Role:
            browser = await stack.enter_async_context(signed_in(settings, store, role))
            async with store.sessions.begin() as session:
                account = await session.scalar(select(Account.id).where(Account.email == f"{role.value}@example.com"))
                assert account is not None
                scopes = set(Scope) if role is Role.ADMIN else {Scope.READ, Scope.WRITE}
                token = await add_token(session, account, "all", scopes, by="a test")
            made[role] = (browser, {"authorization": f"Bearer {token}"})
        yield made


def _filled(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, given in places.items():
            value = value.replace(f"{{{name}}}", given)
        return value
    if isinstance(value, dict):
        return {key: _filled(each, places) for key, each in value.items()}
    return [_filled(each, places) for each in value] if isinstance(value, list) else value


async def _by_page(browser: AsyncClient, asked: Request, places: dict[str, str]) -> Response:
    if "csrf" not in browser.headers:
        shown = (await browser.get("/account")).text
        found = re.search(r'name="csrf" (?:value|content)="([^"]*)"', shown)
        assert found is not None, shown
        browser.headers["csrf"] = found[1]
    fields = {"csrf": browser.headers["csrf"], **_filled(asked.fields, places)}
    return await browser.post(_filled(asked.path, places), data=fields)


async def _by_api(browser: AsyncClient, token: dict[str, str], asked: Request, places: dict[str, str]) -> Response:
    headers = {**token, "accept": "application/json", "cookie": ""}
    body = None if asked.method == "DELETE" else _filled(asked.fields, places)
    return await browser.request(asked.method, _filled(asked.path, places), json=body, headers=headers)


OWN_ONLY = {("dnc.add", Role.COUNSELOR)}
"""Actions that a role may do to what is its own only, which these requests do not name (see do_not_call/test_add.py)."""


async def test_a_page_and_the_api_let_the_same_roles_do_each_action(
    clients: dict[Role, tuple[AsyncClient, dict[str, str]]],
) -> None:
    places = {"c": "999999", "job": "999999", "auditor": "999999", "folder": "/tmp"}
    for name, ways in WAYS.items():
        for role, (browser, token) in clients.items():
            answers = {}
            if ways.page is not None:
                answers["page"] = (await _by_page(browser, ways.page, places)).status_code
            if ways.api is not None:
                answers["api"] = (await _by_api(browser, token, ways.api, places)).status_code
            allowed = role in ACTIONS[name].roles and (name, role) not in OWN_ONLY
            assert all((status != 403) == allowed for status in answers.values()), (name, role, answers)
            assert not any(status >= 500 for status in answers.values()), (name, role, answers)


async def _prepare(session: AsyncSession, name: str) -> None:
    """What an action undoes is there each time."""
    match name:
        case "kill_switch.off":
            await kill_switches.activate(session, kill_switches.ALL, "a drill", "a test")
        case "price.remove":
            await prices.set_price(session, "m", "text_in", Decimal(1), date(2026, 1, 1), "a test")
        case "counselor.activate" | "counselor.deactivate":
            (await session.get_one(Counselor, 1)).active = name == "counselor.deactivate"


async def test_each_way_leaves_the_same_entry_in_the_audit_log(
    clients: dict[Role, tuple[AsyncClient, dict[str, str]]], store: Store, shell: Shell, tmp_path: Path
) -> None:
    browser, token = clients[Role.ADMIN]
    ids = {}
    told: dict[str, dict[str, set[str]]] = {}
    for name, ways in WAYS.items():
        if ways.elsewhere:
            continue
        for way in ("page", "api", "command"):
            if (asked := getattr(ways, way)) is None:
                continue
            campaign = f"by-{way}"
            places = {"c": campaign, "folder": str(tmp_path)}
            async with store.sessions.begin() as session:
                found = await campaigns.named(session, campaign)
                if found is not None and campaign not in ids:
                    ids[campaign] = found.id
                places["auditor"] = str(
                    await session.scalar(select(Account.id).where(Account.email == "auditor@example.com"))
                )
                await _prepare(session, name)
                if name == "job.cancel":
                    places["job"] = str(await jobs.enqueue(session, "export", {}, "a test"))
            if name == "campaign.start":
                await enrol(store.sessions, ids[campaign], [phone_of(len(ids) * 10 + ord(way[0]) % 9)])
            if way == "page" and name.startswith("campaign.") and name != "campaign.create":
                places["c"] = str(ids[campaign])
            if way == "command":
                said = await asyncio.to_thread(partial(shell, *(_filled(word, places) for word in asked), **KEYED))
                assert said.status == 0 or name == "call.start", (name, said)
                who = f"cli:{getuser()}"
            else:
                answer = (
                    await _by_page(browser, asked, places)
                    if way == "page"
                    else await _by_api(browser, token, asked, places)
                )
                assert answer.status_code < 400 or name == "call.start", (name, way, answer.text)
                who = "admin@example.com"
            async with store.sessions() as session:
                entry = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))).one()
            assert (entry.action, entry.actor) == (name, who), way
            told.setdefault(name, {})[way] = set(entry.details)
    assert len(told) > 25
    unlike = {name: by_way for name, by_way in told.items() if len(set(map(frozenset, by_way.values()))) > 1}
    assert not unlike


async def test_each_way_refuses_with_the_same_words(
    clients: dict[Role, tuple[AsyncClient, dict[str, str]]], store: Store, shell: Shell
) -> None:
    browser, token = clients[Role.ADMIN]
    async with store.sessions.begin() as session:
        empty = await create_campaign(session, ADMIN, "Empty")
    refused = {
        "campaign.start": ("The campaign has no leads yet. Import a list first.", {"c": "Empty"}),
        "campaign.pause": ("This campaign is draft and cannot be paused.", {"c": "Empty"}),
        "price.remove": ("There is no price of m, text_in, from 2026-01-01.", {}),
    }
    for name, (words, places) in refused.items():
        ways = WAYS[name]
        assert ways.page is not None
        assert ways.api is not None
        assert ways.command is not None
        page = await _by_page(browser, ways.page, {**places, "c": str(empty.id)})
        api = await _by_api(browser, token, ways.api, places)
        command = await asyncio.to_thread(shell, *(_filled(word, places) for word in ways.command))
        assert page.status_code in (409, 422), (name, page.text)
        assert words in html.unescape(page.text), name
        assert words in api.json()["detail"], (name, api.text)
        assert command.status == 1, (name, command)
        assert words in command.err, (name, command)
        async with store.sessions() as session:
            assert await session.scalar(select(AuditEntry.id).where(AuditEntry.action == name)) is None
