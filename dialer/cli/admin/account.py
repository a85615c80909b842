"""`dialer account add|list|password|off|on|token`: who may use the pages and the API. `dialer audit`: who did what."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import (
    AccountError,
    NoCounselorError,
    add_token,
    change_role,
    invite,
    remove_second_factor,
    revoke_token,
)
from dialer.settings import Settings
from dialer.store.meetings import counselors
from dialer.store.sessions import Session
from dialer.store.system import access_log, accounts
from dialer.store.system import audit as trail
from dialer.store.tables import AccessEntry, Account, AuditEntry
from dialer.wiring.audit_anchors import read_anchors
from dialer.wiring.stores import Store

HERE = "this machine"


def add(email: str, role: str, counselor: str | None, as_json: bool) -> None:
    _invite(email, role, counselor, as_json=as_json)


def password(email: str, as_json: bool) -> None:
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
                    found = await counselors.named(session, counselor) if counselor is not None else None
                    person = found.id if found is not None else None
                made = await invite(session, operator(), email, wanted, counselor_id=person)
        except NoCounselorError as error:
            raise CommandError("name the counselor with --counselor NAME; see: dialer counselor list") from error
        except AccountError as error:
            raise CommandError(str(error)) from error
        link = f"{settings.public_url}/invitation/{made.key}"
        return {"email": made.email, "role": wanted.value, "link": link, "until": made.expires_at.isoformat()}

    made = with_store(work)
    click.echo(
        json.dumps(made) if as_json else f"{made['email']} ({made['role']}) chooses a password at {made['link']}"
    )


def list_all(as_json: bool) -> None:
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
                for each in await accounts.list_all(session)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        state = "off" if not each["active"] else "invited" if each["invited"] else "in"
        click.echo(f"{each['email']:40} {each['role']:10} {state}")


def deactivate(email: str) -> None:
    _switch(email, active=False)
    click.echo(f"{email} is off")


def activate(email: str, role: str | None) -> None:
    _switch(email, active=True, role=role)
    click.echo(f"{email} is on")


def _switch(email: str, *, active: bool, role: str | None = None) -> None:
    async def work(settings: Settings, store: Store) -> None:
        try:
            async with store.sessions.begin() as session:
                known = await _named(session, email)
                await change_role(session, operator(), known.id, Role(role) if role else None, active=active)
        except AccountError as error:
            raise CommandError(str(error)) from error

    with_store(work)


def second_factor_off(email: str, off: bool) -> None:
    async def work(settings: Settings, store: Store) -> None:
        try:
            async with store.sessions.begin() as session:
                await remove_second_factor(session, operator(), (await _named(session, email)).id)
        except AccountError as error:
            raise CommandError(str(error)) from error

    with_store(work)
    click.echo(f"two-factor authentication is off for {email}; their browsers are signed out")


def token(email: str, name: str, scopes: tuple[str, ...], days: int | None, revoke: bool, as_json: bool) -> None:
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


def show(most: int, as_json: bool) -> None:
    _list(trail.list_newest, most, as_json)


def accesses(most: int, as_json: bool) -> None:
    _list(access_log.list_newest, most, as_json)


def _list(
    newest: Callable[[Session, int], Awaitable[Sequence[AuditEntry | AccessEntry]]], most: int, as_json: bool
) -> None:
    """Print the newest entries of a log, newest last."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {"at": entry.at.isoformat(), "who": entry.actor, "did": entry.action, "what": entry.details}
                for entry in await newest(session, most)
            ][::-1]

    entries = with_store(work)
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    for entry in entries:
        click.echo(f"{entry['at']}  {entry['who']}  {entry['did']}  {json.dumps(entry['what'], ensure_ascii=False)}")


def verify() -> None:
    async def work(settings: Settings, store: Store) -> bool:
        anchors = read_anchors(settings.dialer_data_dir)
        async with store.sessions() as session:
            return await trail.verify(session, anchors)

    if not with_store(work):
        raise CommandError("the audit log is damaged: an entry was changed or removed; compare it with a backup")
    click.echo("the audit log is complete and unchanged")


async def _named(session: Session, email: str) -> Account:
    found = await accounts.find_by_email(session, email.strip().lower())
    if found is None:
        raise CommandError(f"there is no account {email!r}; see: dialer account list")
    return found
