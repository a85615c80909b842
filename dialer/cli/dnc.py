"""`dialer dnc add|import|check|remove`: the do-not-call list."""

import json
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.domain.headers import NoPhoneColumn, guess_columns
from dialer.domain.phone import BadPhone, parse_phone
from dialer.flows.opt_out import list_number
from dialer.flows.read_list import UnreadableListError, read_list
from dialer.settings import Settings
from dialer.store import campaigns, do_not_call
from dialer.wiring.stores import Store

COUNTRY = click.option(
    "--country", default="IN", show_default=True, help="where numbers without a country code are from"
)


@click.group()
def dnc() -> None:
    """Numbers that must not be rung."""


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


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("--reason", default="")
@click.option("--campaign", help="in this campaign only")
@COUNTRY
def add(numbers: tuple[str, ...], reason: str, campaign: str | None, country: str) -> None:
    """List numbers; what was about to ring them is taken back."""
    phones = [_phone(number, country) for number in numbers]

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions.begin() as session:
            scope = await _scope(session, campaign)
            by, now = f"cli:{getuser()}", store.clock.now()
            return await list_number(session, phones, scope=scope, source="by hand", reason=reason, by=by, now=now)

    click.echo(f"{with_store(work)} added, {len(set(phones))} given")


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="whose list it is")
@click.option("--registry", help="it is a public registry's list, such as NCPR; its age counts from now")
@click.option("--campaign", help="in this campaign only")
@COUNTRY
def import_list(file: Path, source: str, registry: str | None, campaign: str | None, country: str) -> None:
    """List every number of a file (.csv, .xlsx)."""
    try:
        reading = read_list(file)
        columns = guess_columns(reading.header)
        # A list without a header is taken from its first column.
        column = reading.header[0] if isinstance(columns, NoPhoneColumn) else columns["phone"]
        place = reading.header.index(column)
        cells = [row.cells[place] for row in reading.rows]
        if isinstance(columns, NoPhoneColumn):
            cells.insert(0, column)
    except UnreadableListError as error:
        raise CommandError(str(error)) from error
    parsed = [parse_phone(cell, country.upper()) for cell in cells]
    phones = [phone.e164 for phone in parsed if not isinstance(phone, BadPhone)]
    if not phones:
        raise CommandError(f"{file} holds no phone number")

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions.begin() as session:
            scope, added = await _scope(session, campaign), 0
            if registry is not None:
                # A registry binds only those who did not agree to be called: the gate asks it, nothing is taken back.
                for start in range(0, len(phones), 5_000):
                    added += await do_not_call.add(
                        session,
                        phones[start : start + 5_000],
                        scope=do_not_call.registry_scope(registry),
                        source=source or file.name,
                        reason="public registry",
                        by=f"cli:{getuser()}",
                    )
                await do_not_call.note_registry(session, registry, len(phones), store.clock.now())
                return added
            for start in range(0, len(phones), 5_000):
                added += await list_number(
                    session,
                    phones[start : start + 5_000],
                    scope=scope,
                    source=source or file.name,
                    reason="imported list",
                    by=f"cli:{getuser()}",
                    now=store.clock.now(),
                )
            return added

    click.echo(f"{with_store(work)} added, {len(phones)} numbers in the file, {len(cells) - len(phones)} not readable")


@dnc.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True)
@COUNTRY
def check(number: str, as_json: bool, country: str) -> None:
    """Whether a number is listed, since when and why."""
    phone = _phone(number, country)

    async def work(settings: Settings, store: Store) -> list[dict[str, str]]:
        async with store.sessions() as session:
            return [
                {
                    "scope": entry.scope,
                    "source": entry.source,
                    "reason": entry.reason,
                    "by": entry.added_by,
                    "at": entry.added_at.isoformat(),
                }
                for entry in await do_not_call.entries(session, phone)
            ]

    entries = with_store(work)
    if as_json:
        click.echo(json.dumps({"phone": phone, "listed": bool(entries), "entries": entries}, ensure_ascii=False))
        return
    click.echo(f"{phone} is {'listed' if entries else 'not listed'}")
    for entry in entries:
        click.echo(
            f"  {entry['scope']}: {entry['reason'] or 'no reason given'} ({entry['source']}, {entry['by']}, {entry['at']})"
        )


@dnc.command()
@click.argument("number")
@COUNTRY
def remove(number: str, country: str) -> None:
    """Take a number off every list."""
    phone = _phone(number, country)

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions.begin() as session:
            return await do_not_call.remove(session, phone)

    click.echo(f"{phone}: {with_store(work)} entries removed")
