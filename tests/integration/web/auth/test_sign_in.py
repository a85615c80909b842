"""Who is let in, and how far: passwords, locks, second factors, invitations, tokens, forms, other sites."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from httpx import AsyncClient
from litestar import Response
from litestar.connection import ASGIConnection
from pydantic import SecretStr
from sqlalchemy import func, select, update

from dialer.domain.access.rates import START
from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import (
    AccountError,
    accept_invitation,
    add_token,
    change_role,
    first_account,
    invite,
    revoke_token,
)
from dialer.services.accounts.sign_in import MAX_FAILURES, SignedIn, SignInRefused, sign_in
from dialer.services.accounts.totp import Sealer
from dialer.settings import Settings, WrongSettingError
from dialer.store.system import audit
from dialer.store.tables import Account, ApiToken, AuditEntry, SignIn, SignInFailure
from dialer.web.auth.account_pages import SIGNED_IN
from dialer.web.auth.identity import address_of
from dialer.web.auth.security_headers import headers_for
from dialer.wiring.operator_token import operator_token
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.people import sql
from tests.support.shell import Shell
from tests.support.web import serving

PASSWORD = "seven green umbrellas sing"
BROWSER = {"sec-fetch-site": "same-origin", "accept": "text/html", "origin": "http://127.0.0.1:8000"}


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    return settings.model_copy(update={"dialer_secret_key": SecretStr("k" * 40)})


@pytest.fixture
async def web(keyed: Settings) -> AsyncIterator[AsyncClient]:
    async with serving(keyed) as client:
        client.headers.update(BROWSER)
        yield client


async def _member(store: Store, email: str, role: Role, web: AsyncClient) -> None:
    """An account with the password, by an invitation that was taken."""
    async with store.sessions.begin() as session:
        counselor = 1 if role is Role.COUNSELOR else None
        invited = await invite(session, ADMIN, email, role, counselor_id=counselor)
    taken = await web.post(f"/invitation/{invited.key}", data={"password": PASSWORD, "again": PASSWORD})
    assert taken.status_code == 303, taken.text


async def _sign_in(web: AsyncClient, email: str, password: str = PASSWORD, **more: str) -> Any:
    return await web.post("/sign-in", data={"email": email, "password": password, **more})


def _csrf(page: str) -> str:
    return page.split('name="csrf" value="')[1].split('"')[0]


async def test_the_first_start_makes_one_administrator_whose_password_is_said_once(
    store: Store, web: AsyncClient
) -> None:
    async with store.sessions.begin() as session:
        password = await first_account(session)
    assert password is not None
    async with store.sessions.begin() as session:
        assert await first_account(session) is None
    assert (await _sign_in(web, "admin@localhost", password)).status_code == 303
    held = await web.get("/")
    assert (held.status_code, held.headers["location"]) == (303, "/account/password")
    page = await web.get("/account/password")
    both = {"password": PASSWORD, "again": PASSWORD, "csrf": _csrf(page.text)}
    assert (await web.post("/account/password", data=both)).status_code == 303
    assert (await web.get("/")).status_code == 200


async def test_who_is_not_signed_in_is_shown_the_door_and_comes_back_to_where_they_were_going(
    store: Store, web: AsyncClient
) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    shut = await web.get("/account?tab=1")
    assert (shut.status_code, shut.headers["location"]) == (303, "/sign-in?to=%2Faccount%3Ftab%3D1")
    program = await web.get("/api/transfers", headers={"accept": "application/json"})
    assert (program.status_code, program.headers["content-type"]) == (401, "application/problem+json")
    into = await _sign_in(web, "Mina@Example.com ", to="/account?tab=1")
    assert (into.status_code, into.headers["location"]) == (303, "/account?tab=1")
    assert "HttpOnly" in into.headers["set-cookie"]
    assert "SameSite=lax" in into.headers["set-cookie"]
    assert (await web.get("/account")).status_code == 200


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
async def test_nobody_is_sent_to_another_site_by_signing_in(store: Store, web: AsyncClient, to: str) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    assert (await _sign_in(web, "mina@example.com", to=to)).headers["location"] == "/"


async def test_each_sign_in_makes_a_new_key_whatever_the_browser_sent(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    chosen = {"cookie": "dialer=chosen-by-an-attacker"}
    assert (await web.get("/", headers=chosen)).status_code == 303
    credentials = {"email": "mina@example.com", "password": PASSWORD}
    await web.post("/sign-in", data=credentials, headers=chosen)
    first = web.cookies.get("dialer")
    assert first not in (None, "chosen-by-an-attacker")
    async with store.sessions() as session:
        assert first not in (await session.scalars(select(SignIn.key_hash))).all(), "only its hash is kept"
    await _sign_in(web, "mina@example.com")
    assert web.cookies.get("dialer") != first


async def test_wrong_passwords_slow_down_one_network_and_tell_nothing_of_accounts(
    store: Store, web: AsyncClient, keyed: Settings
) -> None:
    """M3: a lock-out is no weapon and no oracle."""
    await _member(store, "mina@example.com", Role.MARKETING, web)
    for email in ("mina@example.com", "nobody@example.com"):
        for _ in range(MAX_FAILURES):
            wrong = await _sign_in(web, email, "wrong")
            assert wrong.status_code == 401
            assert "Wrong email or password" in wrong.text
        assert "Too many failed attempts" in (await _sign_in(web, email)).text, "with or without an account"

    async def elsewhere(address: str) -> SignedIn | SignInRefused:
        async with store.sessions.begin() as session:
            return await sign_in(session, "mina@example.com", PASSWORD, "", Sealer("k" * 40), address=address)

    assert isinstance(await elsewhere("127.0.0.77"), SignInRefused), "the same network"
    assert isinstance(await elsewhere("203.0.113.5"), SignedIn), "a stranger locks nobody out"
    async with store.sessions.begin() as session:
        await session.execute(update(SignInFailure).values(blocked_until=func.now() - timedelta(seconds=1)))
    assert (await _sign_in(web, "mina@example.com")).status_code == 303


async def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(store: Store) -> None:
    waits = []
    for _ in range(MAX_FAILURES + 6):
        async with store.sessions.begin() as session:
            await session.execute(update(SignInFailure).values(blocked_until=None))
            await sign_in(session, "x@example.com", "wrong", "", Sealer(""), address="203.0.113.5")
        async with store.sessions() as session:
            row = (await session.scalars(select(SignInFailure))).one()
            if row.blocked_until is not None:
                waits.append(round((row.blocked_until - row.last_at).total_seconds() / 60))
    assert waits == [1, 2, 4, 8, 15, 15, 15]


async def test_a_lost_authenticator_is_replaced_by_a_recovery_code_once_or_taken_off_by_command(
    store: Store, web: AsyncClient, shell: Shell
) -> None:
    """M2."""
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    csrf = {"csrf": _csrf((await web.get("/account")).text)}
    offered = (await web.post("/account/second-factor", data=csrf)).text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", offered)
    sealed = re.search(r'name="sealed" value="([^"]+)"', offered)
    assert secret is not None
    assert sealed is not None
    form = {**csrf, "sealed": sealed[1], "code": pyotp.TOTP(secret[1]).now(), "present": PASSWORD}
    shown = (await web.post("/account/second-factor/on", data=form)).text
    codes = re.findall(r"<code>([0-9a-f]{6}-[0-9a-f]{8})</code>", shown)
    assert len(codes) == 8
    assert codes[0] not in (await web.get("/account")).text, "shown once"

    async def with_code(code: str) -> int:
        data = {"email": "mina@example.com", "password": PASSWORD, "code": code}
        return (await web.post("/sign-in", data=data)).status_code

    assert await with_code(codes[0]) == 303
    assert await with_code(codes[0]) == 401, "once"
    assert shell("account", "second-factor", "mina@example.com", "--off").status == 0
    assert (await _sign_in(web, "mina@example.com")).status_code == 303
    async with store.sessions() as session:
        entries = [entry.action for entry in await audit.list_newest(session, 20)]
    assert "account.second_factor_off" in entries
    assert "recovery code used" in entries


async def test_the_printed_password_of_the_first_administrator_expires(store: Store) -> None:
    """L4."""
    async with store.sessions.begin() as session:
        password = await first_account(session)
    assert password is not None
    await sql(store.sessions, "UPDATE account SET created_at = now() - interval '4 days'")
    async with store.sessions.begin() as session:
        refused = await sign_in(session, "admin@localhost", password, "", Sealer(""))
    assert isinstance(refused, SignInRefused)
    assert "has expired" in refused.says


@pytest.mark.parametrize(
    "password", ["password12345", "Welcome@12345", "123456789012", "qwertyqwerty", "OneWindow2026!"]
)
async def test_a_common_password_is_refused(store: Store, password: str) -> None:
    async with store.sessions.begin() as session:
        invited = await invite(session, ADMIN, "x@example.org", Role.MARKETING)
        with pytest.raises(AccountError, match="too easy to guess"):
            await accept_invitation(session, invited.key, password)


async def test_whoever_guesses_from_one_address_is_slowed_down(web: AsyncClient) -> None:
    said = [(await _sign_in(web, f"guess{n}@example.com", "x")).status_code for n in range(21)]
    assert said == [401] * 20 + [429]


@pytest.mark.parametrize(("column", "ago"), [("seen_at", 31), ("began_at", 12 * 60 + 1)])
async def test_a_session_ends_when_it_is_idle_or_old(store: Store, web: AsyncClient, column: str, ago: int) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    assert (await web.get("/account")).status_code == 200
    async with store.sessions.begin() as session:
        await session.execute(update(SignIn).values({column: func.now() - timedelta(minutes=ago)}))
    assert (await web.get("/account")).status_code == 303


async def test_who_signs_out_or_is_switched_off_is_out(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _member(store, "root@example.com", Role.ADMIN, web)
    await _sign_in(web, "mina@example.com")
    key = web.cookies["dialer"]
    token = _csrf((await web.get("/account")).text)
    assert (await web.post("/sign-out", data={"csrf": token})).status_code == 303
    web.cookies.clear()
    again = await web.get("/account", headers={"cookie": f"dialer={key}"})
    assert again.status_code == 303, "the key is no good any more"
    await _sign_in(web, "mina@example.com")
    async with store.sessions.begin() as session:
        mina = await session.scalar(select(Account.id).where(Account.email == "mina@example.com"))
        assert mina is not None
        await change_role(session, ADMIN, mina, None, active=False)
    assert (await web.get("/account")).status_code == 303
    assert (await _sign_in(web, "mina@example.com")).status_code == 401


async def test_the_last_administrator_stays(store: Store, web: AsyncClient) -> None:
    await _member(store, "root@example.com", Role.ADMIN, web)
    async with store.sessions.begin() as session:
        root = await session.scalar(select(Account.id))
        assert root is not None
        for role, active in ((Role.AUDITOR, True), (None, False)):
            with pytest.raises(AccountError, match="last administrator"):
                await change_role(session, ADMIN, root, role, active=active)


async def test_an_invitation_is_good_once_and_for_a_strong_password(store: Store, web: AsyncClient) -> None:
    async with store.sessions.begin() as session:
        old = await invite(session, ADMIN, "mina@example.com", Role.MARKETING)
        new = await invite(session, ADMIN, "mina@example.com", Role.MARKETING)
    assert (await web.get(f"/invitation/{old.key}")).status_code == 410, "a newer one took its place"
    for weak in ("short", "aaaaaaaaaaaaaa", "mina and the sea 1"):
        refused = await web.post(f"/invitation/{new.key}", data={"password": weak, "again": weak})
        assert refused.status_code == 422
    apart = await web.post(f"/invitation/{new.key}", data={"password": PASSWORD, "again": PASSWORD + "!"})
    assert apart.status_code == 422
    taken = await web.post(f"/invitation/{new.key}", data={"password": PASSWORD, "again": PASSWORD})
    assert taken.status_code == 303
    assert (await web.post(f"/invitation/{new.key}", data={"password": PASSWORD, "again": PASSWORD})).status_code == 410


async def test_after_an_invitation_the_sign_in_page_says_so_and_knows_the_email(store: Store, web: AsyncClient) -> None:
    async with store.sessions.begin() as session:
        guest = await invite(session, ADMIN, "mina+fair@example.com", Role.MARKETING)
    assert "Password saved" not in (await web.get("/sign-in")).text
    taken = await web.post(f"/invitation/{guest.key}", data={"password": PASSWORD, "again": PASSWORD})
    assert (taken.status_code, taken.headers["location"]) == (303, "/sign-in"), "no address in the URL"
    page = (await web.get("/sign-in")).text
    assert "Password saved. Sign in with it." in page
    assert 'value="mina+fair@example.com"' in page
    await _sign_in(web, "mina+fair@example.com")
    web.cookies.delete("dialer")
    assert "mina" not in (await web.get("/sign-in")).text, "once signed in, it is forgotten"


async def test_a_counselor_invited_without_a_choice_keeps_the_form_and_names_no_command(
    store: Store, web: AsyncClient
) -> None:
    await _member(store, "root@example.com", Role.ADMIN, web)
    await _sign_in(web, "root@example.com")
    csrf = {"csrf": _csrf((await web.get("/account")).text)}
    guest = {"email": "Ritu@example.com", "role": "counselor", "counselor": "0"}
    refused = await web.post("/settings/accounts/invite", data={**csrf, **guest})
    assert refused.status_code == 422
    assert "Choose which counselor this account is for." in refused.text
    assert "dialer counselor" not in refused.text
    assert 'value="Ritu@example.com"' in refused.text
    assert '<option value="counselor" selected>' in refused.text
    wrong = await web.post("/settings/accounts/invite", data={**csrf, "email": "ritu", "role": "auditor"})
    assert (wrong.status_code, "&#39;ritu&#39; is not an email address" in wrong.text) == (422, True)
    assert 'value="ritu"' in wrong.text


async def test_a_second_factor_is_asked_for_and_each_code_is_taken_once(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    csrf = {"csrf": _csrf((await web.get("/account")).text)}
    offered = (await web.post("/account/second-factor", data=csrf)).text
    secret = offered.split("by hand: <code>")[1].split("<")[0]
    sealed = offered.split('name="sealed" value="')[1].split('"')[0]
    totp = pyotp.TOTP(secret)
    form = {**csrf, "sealed": sealed, "code": totp.now(), "present": PASSWORD}
    for wrong in ({"code": "000000"}, {"present": ""}, {"present": "not my password"}):
        assert (await web.post("/account/second-factor/on", data={**form, **wrong})).status_code == 422
    assert (await web.post("/account/second-factor/on", data=form)).status_code == 200
    other = pyotp.random_base32()
    taken = {**form, "sealed": Sealer("k" * 40).seal(other), "code": pyotp.TOTP(other).now()}
    assert "already on" in (await web.post("/account/second-factor/on", data=taken)).text, "not replaced unseen"
    async with store.sessions() as session:
        stored = await session.scalar(select(Account.totp_secret))
        assert stored is not None
        assert secret not in stored
    web.cookies.clear()
    asked = await _sign_in(web, "mina@example.com")
    assert (asked.status_code, "Code from your authenticator app" in asked.text) == (401, True)
    again = await _sign_in(web, "mina@example.com", code=totp.now())
    assert "was used" in again.text
    async with store.sessions.begin() as session:
        await session.execute(update(Account).values(totp_used=0))
    assert (await _sign_in(web, "mina@example.com", code=totp.now())).status_code == 303


async def test_a_form_without_our_token_or_from_another_site_changes_nothing(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    both = {"present": PASSWORD, "password": PASSWORD + "!", "again": PASSWORD + "!"}
    for form in (both, {**both, "csrf": "0" * 64}):
        assert (await web.post("/account/password", data=form)).status_code == 403
    good = {**both, "csrf": _csrf((await web.get("/account")).text)}
    for marks in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        refused = await web.post("/account/password", data=good, headers=marks)
        assert refused.status_code == 403
    json = await web.post("/api/calls", json={"phone": "+15005550006"})
    assert json.status_code == 403, "a script of ours sends the header"
    ours = await web.post("/api/calls", json={"phone": "x"}, headers={"x-csrf": good["csrf"]})
    assert ours.status_code == 200
    assert (await web.post("/account/password", data=good)).status_code == 303


async def test_who_finds_a_browser_unattended_cannot_change_its_password(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    csrf = _csrf((await web.get("/account")).text)
    both = {"password": PASSWORD + "!", "again": PASSWORD + "!", "csrf": csrf}
    for present in ({}, {"present": ""}, {"present": PASSWORD + "!"}):
        refused = await web.post("/account/password", data={**both, **present})
        assert refused.status_code == 422
        assert "Your current password is wrong" in refused.text
    assert (await _sign_in(web, "mina@example.com")).status_code == 303, "it is the old one still"


async def test_who_starts_too_often_is_slowed_down_and_others_are_not(store: Store, web: AsyncClient) -> None:
    bearers = []
    for email in ("mina@example.com", "ravi@example.com"):
        await _member(store, email, Role.MARKETING, web)
        async with store.sessions.begin() as session:
            account = await session.scalar(select(Account.id).where(Account.email == email))
            assert account is not None
            token = await add_token(session, account, "all", [Scope.READ, Scope.WRITE], by="t")
        bearers.append({"authorization": f"Bearer {token}", "accept": "application/json"})
    mina, ravi = bearers
    said = [(await web.post("/api/campaigns/Nowhere/start", headers=mina)).status_code for _ in range(START.most + 1)]
    assert said == [404] * START.most + [429]
    assert (await web.post("/api/campaigns/Nowhere/start", headers=ravi)).status_code == 404


async def test_a_token_opens_what_its_scopes_and_its_owners_role_open(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    async with store.sessions.begin() as session:
        mina = await session.scalar(select(Account.id))
        assert mina is not None
        reads = await add_token(session, mina, "reads", [Scope.READ], by="mina")
        writes = await add_token(session, mina, "writes", [Scope.READ, Scope.WRITE], by="mina")
        with pytest.raises(AccountError, match="already"):
            await add_token(session, mina, "reads", [Scope.READ], by="mina")

    async def status(method: str, path: str, token: str, **more: Any) -> int:
        bearer = {"authorization": f"Bearer {token}", "accept": "application/json"}
        return (await web.request(method, path, headers=bearer, **more)).status_code

    assert await status("GET", "/api/transfers", reads) == 200
    assert await status("POST", "/api/calls", reads, json={"phone": "x"}) == 403
    assert await status("POST", "/api/calls", writes, json={"phone": "x"}) == 200
    assert await status("GET", "/settings/accounts", writes) == 403
    assert await status("GET", "/api/transfers", "dlr_unknown") == 401
    async with store.sessions.begin() as session:
        assert await revoke_token(session, mina, "reads", by="mina")
        assert not await revoke_token(session, mina, "reads", by="mina")
    assert await status("GET", "/api/transfers", reads) == 401


async def test_a_token_makes_no_token_and_changes_no_password_and_no_second_factor(
    store: Store, web: AsyncClient
) -> None:
    """H3: whoever got hold of a token has that token, and not the account."""
    await _member(store, "root@example.com", Role.ADMIN, web)
    async with store.sessions.begin() as session:
        root = await session.scalar(select(Account.id))
        assert root is not None
        token = await add_token(session, root, "all", list(Scope), by="root")
        before = (await session.get_one(Account, root)).password_hash
    bearer = {"authorization": f"Bearer {token}", "accept": "application/json"}
    routes = [path for method, path in account_routes() if method == "POST"]
    assert len(routes) >= 7
    form = {"name": "wider", "scope": "admin", "present": PASSWORD, "password": "x" * 20, "again": "x" * 20}
    for path in routes:
        assert (await web.post(path, data=form, headers=bearer)).status_code == 403, path
    owner = {"email": "root@example.com", "role": "admin"}
    assert (await web.post("/api/accounts", json=owner, headers=bearer)).status_code == 422, "a link to a password"
    assert (await web.post("/settings/accounts/invite", data=owner, headers=bearer)).status_code == 422
    async with store.sessions() as session:
        assert len((await session.scalars(select(ApiToken))).all()) == 1
        now = await session.get_one(Account, root)
        assert (now.password_hash, now.totp_secret) == (before, None)


def account_routes() -> list[tuple[str, str]]:
    """The account's own routes."""
    return [(method, path) for each in SIGNED_IN for path in each.paths for method in each.http_methods]


async def test_a_token_is_made_with_the_password_and_not_wider_than_the_role(store: Store, web: AsyncClient) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    await _sign_in(web, "mina@example.com")
    form = {"csrf": _csrf((await web.get("/account")).text), "name": "export", "present": PASSWORD, "scope": "read"}
    for wrong in ({"present": ""}, {"scope": "admin"}):
        assert (await web.post("/account/tokens", data={**form, **wrong})).status_code == 422
    assert "dlr_" in (await web.post("/account/tokens", data=form)).text


@pytest.mark.parametrize("how", ["changed", "chosen by a new link"])
async def test_a_new_password_revokes_every_token_and_says_how_many(store: Store, web: AsyncClient, how: str) -> None:
    await _member(store, "mina@example.com", Role.MARKETING, web)
    async with store.sessions.begin() as session:
        mina = await session.scalar(select(Account.id))
        assert mina is not None
        token = await add_token(session, mina, "old", [Scope.READ], by="mina")
    both = {"password": PASSWORD + "!", "again": PASSWORD + "!"}
    if how == "changed":
        await _sign_in(web, "mina@example.com")
        form = {**both, "present": PASSWORD, "csrf": _csrf((await web.get("/account")).text)}
        done = await web.post("/account/password", data=form)
        assert "1 API token was revoked" in (await web.get(done.headers["location"])).text
    else:
        async with store.sessions.begin() as session:
            guest = await invite(session, ADMIN, "mina@example.com", Role.MARKETING)
        assert (await web.post(f"/invitation/{guest.key}", data=both)).status_code == 303
    bearer = {"authorization": f"Bearer {token}", "accept": "application/json"}
    assert (await web.get("/api/transfers", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:8000"},
        {"authorization": "Bearer dlo_no"},
        {"authorization": "Bearer dlr_no"},
        {"authorization": "Bearer "},
        {"x-api-key": "dlo_no"},
    ],
)
async def test_coming_from_loopback_is_no_credential(keyed: Settings, headers: dict[str, str]) -> None:
    """H1: a forwarder on the same machine brings the internet to a loopback address."""
    async with serving(keyed) as client:
        client.auth = None
        assert (await client.get("/api/transfers", headers=headers)).status_code == 401
        assert (await client.get("/health", headers=headers)).status_code == 200


async def test_the_operators_token_is_in_a_file_that_only_its_owner_reads(keyed: Settings) -> None:
    async with serving(keyed, public="https://dialer.example") as client:
        client.auth = None
        path = keyed.dialer_data_dir / "operator.token"
        assert path.stat().st_mode & 0o777 == 0o600
        headers = {"authorization": f"Bearer {path.read_text().strip()}"}
        assert (await client.get("/api/transfers", headers=headers)).status_code == 200
        assert (await client.get("/api/transfers", headers={"x-api-key": path.read_text().strip()})).status_code == 200
        assert (await client.get("/account", headers=headers)).status_code == 403, "it has no account"


def test_an_operators_token_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    first = operator_token(tmp_path)
    assert operator_token(tmp_path) == first
    (tmp_path / "operator.token").chmod(0o644)
    assert operator_token(tmp_path) != first
    (tmp_path / "operator.token").write_text("dlo_short")
    assert len(operator_token(tmp_path)) > 40


@pytest.mark.parametrize(
    ("lines", "proxies", "address"),
    [
        (["198.51.100.7"], 0, "127.0.0.1"),
        (["198.51.100.7, 203.0.113.9"], 1, "203.0.113.9"),
        (["198.51.100.7", "203.0.113.9"], 1, "203.0.113.9"),
        (["198.51.100.7", "203.0.113.9, 10.0.0.2"], 2, "203.0.113.9"),
        ([], 1, ""),
    ],
)
async def test_the_clients_address_is_what_our_proxies_saw(
    keyed: Settings, lines: list[str], proxies: int, address: str
) -> None:
    """M1: HAProxy adds a line of its own behind the one that a client wrote."""
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 9),
        "headers": [(b"x-forwarded-for", line.encode()) for line in lines],
    }
    connection = ASGIConnection[Any, Any, Any, Any](scope)  # type: ignore[arg-type]
    assert address_of(connection, keyed.model_copy(update={"dialer_proxies": proxies})) == address


async def test_what_was_done_with_accounts_is_in_the_trail_and_no_password_is(store: Store, web: AsyncClient) -> None:
    await _member(store, "root@example.com", Role.ADMIN, web)
    await _sign_in(web, "root@example.com")
    csrf = {"csrf": _csrf((await web.get("/account")).text)}
    page = await web.post("/settings/accounts/invite", data={**csrf, "email": "new@example.com", "role": "auditor"})
    assert "/invitation/" in page.text
    trail = await web.get("/settings/audit")
    assert "Audit log verified" in trail.text
    assert "Invited someone" in trail.text
    async with store.sessions() as session:
        assert await audit.verify(session)
        said = " ".join(str(each.details) for each in await session.scalars(select(AuditEntry)))
    assert PASSWORD not in said
    assert page.text.split("/invitation/")[1].split("<")[0] not in said


async def test_every_answer_forbids_what_a_page_of_ours_never_needs(web: AsyncClient) -> None:
    for path in ("/sign-in", "/", "/static/style.css", "/nowhere", "/health"):
        answer = await web.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"], path
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == ("max-age=300, public" if "/static/" in path else "no-store")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("public", "sent"), [("https://dialer.example", True), ("http://127.0.0.1:8000", False)])
async def test_browsers_are_told_to_use_tls_where_there_is_any(public: str, sent: bool) -> None:
    """M12."""
    response = await headers_for(public)(Response(""))
    assert ("Strict-Transport-Security" in response.headers) is sent
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_role_that_needs_a_second_factor_sets_it_up_before_anything_else(store: Store, keyed: Settings) -> None:
    """M11."""
    demanding = keyed.model_copy(update={"dialer_second_factor_roles": "admin, marketing"})
    async with serving(demanding) as web:
        web.headers.update(BROWSER)
        await _member(store, "mina@example.com", Role.MARKETING, web)
        await _sign_in(web, "mina@example.com")
        answer = await web.get("/campaigns")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        shown = (await web.get("/account")).text
        offered = (await web.post("/account/second-factor", data={"csrf": _csrf(shown)})).text
        secret, sealed = (
            re.search(r"<code>([A-Z2-7]{32})</code>", offered),
            re.search(r'sealed" value="([^"]+)"', offered),
        )
        assert secret is not None
        assert sealed is not None
        code = pyotp.TOTP(secret[1]).now()
        form = {"csrf": _csrf(shown), "sealed": sealed[1], "code": code, "present": PASSWORD}
        assert (await web.post("/account/second-factor/on", data=form)).status_code == 200
        assert (await web.get("/campaigns")).status_code == 200


def test_a_role_that_does_not_exist_is_refused_at_the_start(keyed: Settings) -> None:
    with pytest.raises(WrongSettingError, match="DIALER_SECOND_FACTOR_ROLES"):
        assert keyed.model_copy(update={"dialer_second_factor_roles": "boss"}).second_factor_roles
