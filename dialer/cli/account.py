"""`dialer account add|list|password|off|on|token`: who may use the pages and the API. `dialer audit`: who did what."""

import json
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.domain.roles import Role, Scope
from dialer.flows.keep_accounts import AccountError, add_token, change_role, invite, revoke_token
from dialer.settings import Settings
from dialer.store import audit as trail
from dialer.store.tables import Account, AuditEntry, Counselor
from dialer.wiring.stores import Store

HERE = "this machine"
ROLES = click.Choice([each.value for each in Role])
SCOPES = click.Choice([each.value for each in Scope])


@click.group()
def account() -> None:
    """People and programs that may use the pages and the API."""


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, default=Role.MARKETING.value, show_default=True)
@click.option("--counselor", metavar="NAME", help="which counselor this is; for that role")
@click.option("--json", "as_json", is_flag=True)
def add(email: str, role: str, counselor: str | None, as_json: bool) -> None:
    """Invite somebody: prints the link by which they choose a password, good once, for three days."""
    _invite(email, role, counselor, as_json=as_json)


@account.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True)
def password(email: str, as_json: bool) -> None:
    """A new way in for somebody who lost their password: prints a link as `add` does."""
    _invite(email, None, None, as_json=as_json)


def _invite(email: str, role: str | None, counselor: str | None, *, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        try:
            async with store.sessions.begin() as session:
                if role is None:
                    known = await _named(session, email)
                    wanted, person = Role(known.role), known.counselor_id
                else:
                    wanted = Role(role)
                    person = await session.scalar(select(Counselor.id).where(Counselor.name == counselor))
                made = await invite(session, email, wanted, by=HERE, counselor_id=person)
        except AccountError as error:
            raise CommandError(str(error)) from error
        link = f"{settings.public_url}/invitation/{made.key}"
        return {"email": made.email, "role": wanted.value, "link": link, "until": made.expires_at.isoformat()}

    made = with_store(work)
    click.echo(
        json.dumps(made) if as_json else f"{made['email']} ({made['role']}) chooses a password at {made['link']}"
    )


@account.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """Everybody."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {
                    "email": each.email,
                    "role": each.role,
                    "active": each.active,
                    "invited": each.password_hash is None,
                    "second_factor": each.totp_secret is not None,
                }
                for each in await session.scalars(select(Account).order_by(Account.email))
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        state = "off" if not each["active"] else "invited" if each["invited"] else "in"
        click.echo(f"{each['email']:40} {each['role']:10} {state}")


@account.command()
@click.argument("email")
def off(email: str) -> None:
    """Switch an account off: its browsers and tokens are out at once."""
    _switch(email, active=False)
    click.echo(f"{email} is off")


@account.command()
@click.argument("email")
@click.option("--role", type=ROLES, help="with another role")
def on(email: str, role: str | None) -> None:
    """Switch an account on again, or give it another role."""
    _switch(email, active=True, role=role)
    click.echo(f"{email} is on")


def _switch(email: str, *, active: bool, role: str | None = None) -> None:
    async def work(settings: Settings, store: Store) -> None:
        try:
            async with store.sessions.begin() as session:
                known = await _named(session, email)
                await change_role(session, known.id, Role(role) if role else None, active=active, by=HERE)
        except AccountError as error:
            raise CommandError(str(error)) from error

    with_store(work)


@account.command()
@click.argument("email")
@click.argument("name")
@click.option("--scope", "scopes", type=SCOPES, multiple=True, default=[Scope.READ.value], show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), help="how long it is good [for ever]")
@click.option("--revoke", is_flag=True, help="take the token of that name back")
@click.option("--json", "as_json", is_flag=True)
def token(email: str, name: str, scopes: tuple[str, ...], days: int | None, revoke: bool, as_json: bool) -> None:
    """Make a token for a program, with the role of EMAIL as far as its scopes go; it is printed this once."""

    async def work(settings: Settings, store: Store) -> str | None:
        try:
            async with store.sessions.begin() as session:
                known = await _named(session, email)
                if not revoke:
                    wanted = [Scope(each) for each in scopes]
                    return await add_token(session, known.id, name, wanted, by=HERE, days=days)
                if not await revoke_token(session, known.id, name, by=HERE):
                    raise CommandError(f"{email} has no token {name!r}")
                return None
        except AccountError as error:
            raise CommandError(str(error)) from error

    made = with_store(work)
    if as_json:
        click.echo(json.dumps({"token": made}))
    else:
        click.echo(made or f"{name} is revoked")


@click.group()
def audit() -> None:
    """Who did what: each row carries the hash of the one before."""


@audit.command("list")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def show(most: int, as_json: bool) -> None:
    """The newest entries, the newest last."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            newest = await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(most))
            return [
                {"at": each.at.isoformat(), "who": each.who, "did": each.did, "what": each.what} for each in newest
            ][::-1]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each['at']}  {each['who']}  {each['did']}  {json.dumps(each['what'], ensure_ascii=False)}")


@audit.command()
def verify() -> None:
    """Whether the chain is whole; exit 1 where a row was changed or taken out."""

    async def work(settings: Settings, store: Store) -> bool:
        async with store.sessions() as session:
            return await trail.is_whole(session)

    if not with_store(work):
        raise CommandError("the audit trail is broken: a row was changed or taken out; compare it with a backup")
    click.echo("the audit trail is whole")


async def _named(session: AsyncSession, email: str) -> Account:
    found = (await session.scalars(select(Account).where(Account.email == email.strip().lower()))).one_or_none()
    if found is None:
        raise CommandError(f"there is no account {email!r}; see: dialer account list")
    return found
