"""`dialer feed add|list|revoke` and `dialer schedule add|list|remove`: sheets that keep themselves fresh."""

import json
import re
from datetime import timedelta
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.exports import manage
from dialer.services.exports.feeds import token_of
from dialer.services.exports.manage import NoSuchExportError
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.system import feeds
from dialer.wiring.stores import Store

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


async def _campaign_id(session: Any, name: str | None) -> int | None:
    if name is None:
        return None
    found = await campaigns.named(session, name)
    if found is None:
        raise CommandError(f"there is no campaign {name!r}; see: dialer campaign status")
    return found.id


def _say(found: Any, as_json: bool, line: str) -> None:
    for each in [found] if isinstance(found, dict) and not as_json else [] if as_json else found:
        click.echo(line.format(**each))
    if as_json:
        click.echo(json.dumps(found, default=str))


def add_feed(what: str, campaign: str | None, days: int, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        if settings.dialer_secret_key is None:
            raise CommandError(
                "DIALER_SECRET_KEY is not set: addresses are signed with it; set it to a long random text"
            )
        async with store.sessions.begin() as session:
            of = await _campaign_id(session, campaign)
            made = await manage.add_feed(session, operator(), what, of, timedelta(days=days))
            token = token_of(made.id, settings.dialer_secret_key.get_secret_value())
            url = f"{settings.public_url}/feeds/{token}.csv"
            return {"feed_id": made.id, "url": url, "expires_at": made.expires_at}

    _say(with_store(work), as_json, 'feed {feed_id}, until {expires_at:%Y-%m-%d}: =IMPORTDATA("{url}")')


def list_feeds(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {
                    "feed_id": each.id,
                    "what": each.kind,
                    "expires_at": each.expires_at,
                    "read_at": each.read_at,
                    "revoked_at": each.revoked_at,
                }
                for each in await feeds.list_all(session)
            ]

    _say(with_store(work), as_json, "{feed_id:>4}  {what}  expires {expires_at}  read {read_at}  revoked {revoked_at}")


def revoke_feed(feed_id: int) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await manage.revoke_feed(session, operator(), feed_id)

    try:
        with_store(work)
    except NoSuchExportError as error:
        raise CommandError(f"{error} See: dialer feed list") from error
    click.echo(f"feed {feed_id} revoked")


def _every(said: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})([mhd])", said.strip())
    if not found or not int(found[1]):
        raise click.UsageError(f"--every needs a duration such as 15m, 6h or 1d, not {said!r}")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def add_schedule(what: str, address: str, every: str, form: str, campaign: str | None, as_json: bool) -> None:
    span = _every(every)

    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            of = await _campaign_id(session, campaign)
            made = await manage.add_schedule(session, operator(), what, form, of, address, span)
            return {"schedule_id": made.id, "file": f"{address.rstrip('/')}/{what}-{made.id}.{form}"}

    _say(with_store(work), as_json, "schedule {schedule_id}: {file}")


def list_schedules(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        names = ("every", "next_at", "last_at")
        async with store.sessions() as session:
            return [
                {
                    "schedule_id": each.id,
                    "what": each.kind,
                    "form": each.format,
                    "address": each.recipient,
                    **{name: getattr(each, name) for name in names},
                    "last_says": each.last_error,
                }
                for each in await feeds.list_schedules(session)
            ]

    _say(with_store(work), as_json, "{schedule_id:>4}  {what} {form} every {every} to {address}; last: {last_says}")


def remove_schedule(schedule_id: int) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await manage.remove_schedule(session, operator(), schedule_id)

    try:
        with_store(work)
    except NoSuchExportError as error:
        raise CommandError(f"{error} See: dialer schedule list") from error
    click.echo(f"schedule {schedule_id} removed")
