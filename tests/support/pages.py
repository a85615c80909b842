"""A browser's view of the pages without a browser: signed in, with forms that carry their token."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx import AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import select

from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import accept_invitation, add_token, invite
from dialer.services.accounts.sign_in import SignedIn, sign_in
from dialer.services.accounts.totp import Sealer
from dialer.settings import Settings
from dialer.store.tables import Account
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.web import serving

PASSWORD = "seven green umbrellas sing"
BROWSER = {"sec-fetch-site": "same-origin", "accept": "text/html", "origin": "http://127.0.0.1:8000"}
EMPTY_PAGES = (
    *("/", "/live", "/campaigns", "/campaigns/new", "/leads", "/calls", "/bookings", "/bookings/all", "/counselors"),
    *("/counselors/new", "/counselors/1"),
    *("/scripts", "/scripts/ava", "/scripts/ava/try", "/do-not-call", "/reports", "/settings"),
)
"""Pages that are there before anything is."""
FULL_PAGES = (
    *("/campaigns/1", "/campaigns/2", "/leads/1", "/leads/1/why", "/imports/2?which=rejected", "/imports/3"),
    *(f"/campaigns/3/set-up/{step}" for step in ("leads", "script", "schedule", "numbers", "rehearse", "launch")),
    *("/campaigns/1/set-up/launch", "/do-not-call?q=%2B919812000199", "/bookings/all?when=past"),
)
"""Pages of a house that tests.browser.filled filled."""


@asynccontextmanager
async def signed_in(settings: Settings, store: Store, role: Role = Role.ADMIN) -> AsyncIterator[AsyncClient]:
    """A client that carries somebody's session."""
    keyed = settings.model_copy(update={"dialer_secret_key": SecretStr("k" * 40)})
    async with serving(keyed) as client:
        client.headers.update(BROWSER)
        email = f"{role.value}@example.com"
        client.cookies.set("dialer", await key_of(store, email, role))
        yield client


async def bearer(store: Store, role: Role) -> dict[str, str]:
    """The header of a program with a new account's token; a counselor's is the desk's."""
    email = f"{role.value}@example.com"
    await _account(store, email, role)
    async with store.sessions.begin() as session:
        account = await session.scalar(select(Account.id).where(Account.email == email))
        assert account is not None
        scopes = set(Scope) if role is Role.ADMIN else {Scope.READ, Scope.WRITE}
        return {"authorization": f"Bearer {await add_token(session, account, 'all', scopes, by='a test')}"}


async def _account(store: Store, email: str, role: Role) -> None:
    counselor_id = 1 if role is Role.COUNSELOR else None
    async with store.sessions.begin() as session:
        invited = await invite(session, ADMIN, email, role, counselor_id=counselor_id)
        await accept_invitation(session, invited.key, PASSWORD)


async def key_of(store: Store, email: str, role: Role) -> str:
    """A new account's session: what its browser's cookie holds. Not by the form, which counts who comes from one address."""
    await _account(store, email, role)
    async with store.sessions.begin() as session:
        found = await sign_in(session, email, PASSWORD, "", Sealer(""), address="127.0.0.1", browser="a test")
    assert isinstance(found, SignedIn), found
    return found.key


async def send(client: AsyncClient, path: str, page: str = "/campaigns", **fields: Any) -> Response:
    """Send a form as the page at `page` would, with its token."""
    shown = await client.get(page)
    token = re.search(r'name="csrf" (?:value|content)="([^"]*)"', shown.text)
    assert token is not None, shown.text
    files = fields.pop("files", None)
    return await client.post(path, data={"csrf": token[1], **fields}, files=files)
