"""`dialer dnc add|import|check|remove`: the do-not-call list."""

import json
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services.do_not_call import scrub
from dialer.services.do_not_call.add import add_numbers
from dialer.services.do_not_call.import_numbers import ImportedNumbers, import_numbers
from dialer.services.do_not_call.remove import ReasonNeededError, remove_number
from dialer.services.exports.results import export_for
from dialer.services.leads.read_file import UnreadableListError, read_list
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.leads import do_not_call
from dialer.store.leads.do_not_call import ListOptions
from dialer.wiring.stores import Store


def _phone(number: str, country: str) -> str:
    phone = parse_phone(number, country.upper())
    if isinstance(phone, BadPhone):
        raise CommandError(f"{number!r}: {phone.says}")
    return phone.e164


async def _scope(session: Any, campaign: str | None) -> str:
    if campaign is None:
        return do_not_call.ACCOUNT
    found = await campaigns.named(session, campaign)
    if found is None:
        raise CommandError(f"there is no campaign {campaign!r}; see: dialer campaign status")
    return do_not_call.campaign_scope(found.id)


def add(numbers: tuple[str, ...], reason: str, campaign: str | None, country: str) -> None:
    phones = [_phone(number, country) for number in numbers]

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions.begin() as session:
            scope = await _scope(session, campaign)
            done = await add_numbers(session, operator(), phones, store.clock.now(), reason=reason, scope=scope)
            return done.added

    click.echo(f"{with_store(work)} added, {len(set(phones))} given")


def import_list(
    file: Path, source: str, registry: str | None, campaign: str | None, replace: bool, country: str
) -> None:
    if replace and not registry:
        raise click.UsageError("--replace needs --registry: a file cannot remove people's own do-not-call requests")

    async def work(settings: Settings, store: Store) -> ImportedNumbers:
        try:
            async with store.sessions.begin() as session:
                reading = read_list(file)
                scope = do_not_call.registry_scope(registry) if registry else await _scope(session, campaign)
                reason = "public registry" if registry else "imported list"
                listing = ListOptions(scope, source or file.name, reason, f"cli:{getuser()}")
                return await import_numbers(
                    session,
                    operator(),
                    reading,
                    country.upper(),
                    listing,
                    store.clock.now(),
                    registry=registry,
                    replace=replace,
                )
        except UnreadableListError as error:
            raise CommandError(str(error)) from error

    done = with_store(work)
    click.echo(f"{done.added} added, {done.numbers} numbers in the file, {done.unreadable} could not be read")


def export_list(output: Path) -> None:
    async def work(settings: Settings, store: Store) -> int:
        return await export_for(store.sessions, operator(), "dnc", output, form="csv", campaign=None)

    click.echo(f"{with_store(work)} rows written to {output}")


def show_lists(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {
                    "scope": each.scope,
                    "source": each.source,
                    "numbers": each.numbers,
                    "since": each.since.isoformat(timespec="seconds"),
                    "newest": each.newest.isoformat(timespec="seconds"),
                    "age_days": (datetime.now(UTC) - each.newest).days,
                }
                for each in await do_not_call.age_of(session)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each['scope']:24} {each['numbers']:>9}  {each['source']}, {each['age_days']} days old")


def scrub_campaign(campaign: str, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, int]:
        async with store.sessions.begin() as session:
            found = await campaigns.named(session, campaign)
            if found is None:
                raise CommandError(f"there is no campaign {campaign!r}; see: dialer campaign status")
            return await scrub.scrub_campaign(session, operator(), found)

    gone = with_store(work)
    if as_json:
        click.echo(json.dumps({"campaign": campaign, "out": sum(gone.values()), "by_list": gone}))
        return
    lists = "".join(f"; {scope} {many}" for scope, many in gone.items())
    click.echo(f"{sum(gone.values())} leads removed from {campaign!r}{lists}")


def check(number: str, as_json: bool, country: str) -> None:
    phone = _phone(number, country)

    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions() as session:
            return await do_not_call.reasons(session, phone)

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{phone} is {'listed' if found['listed'] else 'not listed'}")
    for entry in found["entries"]:
        click.echo(
            f"  {entry['scope']}: {entry['reason'] or 'no reason given'} ({entry['source']}, {entry['by']}, {entry['at']})"
        )


def remove(number: str, reason: str, country: str) -> None:
    phone = _phone(number, country)

    async def work(settings: Settings, store: Store) -> int:
        try:
            async with store.sessions.begin() as session:
                return await remove_number(session, operator(), phone, reason)
        except ReasonNeededError as error:
            raise CommandError(f"{error} Give it with --reason.") from error

    click.echo(f"{phone}: {with_store(work)} entries removed")
