"""`dialer leads preview|imports|rows|choose|commit|undo`: a list looked at, chosen about, imported, taken back."""

import json
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.cli.progress import progress_bar
from dialer.domain.leads.import_result import NOTES, ROW_RESULTS
from dialer.services.leads.import_list import commit_import
from dialer.services.leads.map_columns import guess_mapping, known_columns
from dialer.services.leads.preview import preview
from dialer.services.leads.read_file import Format, UnreadableListError, read_list
from dialer.services.leads.review import NotInReviewError, choose_rows
from dialer.services.leads.undo import AlreadyCalled, Undone, undo_import
from dialer.settings import Settings
from dialer.store.leads import imports
from dialer.store.system import database_clock
from dialer.wiring.stores import Store


def format_of(options: dict[str, Any]) -> Format:
    """Read the options that say how a file is written."""
    try:
        return Format.parse(**options)
    except UnreadableListError as error:
        raise click.UsageError(str(error)) from error


def mapping_of(mapped: tuple[str, ...]) -> dict[str, str]:
    """`--map FIELD=COLUMN`, read."""
    mapping: dict[str, str] = {}
    for each in mapped:
        field, equals, column = each.partition("=")
        if not equals:
            raise click.UsageError(f"--map needs FIELD=COLUMN, not {each!r}")
        mapping[field.strip()] = column.strip()
    return mapping


def preview_command(file: Path, country: str, mapped: tuple[str, ...], as_json: bool, **said: Any) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        try:
            reading = read_list(file, format_of(said))
            async with store.sessions() as session:
                known = await known_columns(session, reading)
                today = await database_clock.today(session)
            columns = guess_mapping(reading, known, mapping_of(mapped), country.upper())
            return preview(reading, columns, country.upper(), today)
        except UnreadableListError as error:
            raise CommandError(str(error)) from error

    shown = with_store(work)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    click.echo(f"read as: {shown['detected']}")
    for field, column in shown["columns"].items():
        click.echo(f"  {field:15} {column}")
    click.echo(f"  kept as they are: {', '.join(shown['unmapped']) or 'none'}")
    if "phone" not in shown["columns"]:
        click.echo("  no column looks like a phone number; name it with --map phone=COLUMN")
        return
    for row in shown["rows"]:
        read = row.get("problem") or "  ".join(
            str(part) for part in (row["phone"], row["name"] or "", *row["reads"].values(), *row["repaired"]) if part
        )
        click.echo(f"  {row['n']:>6}  {read}")


def imports_command(campaign: str | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [imports.described(each, name) for each, name in await imports.list_all(session, campaign)]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        counts = ", ".join(f"{name} {each['counts'].get(name, 0)}" for name in ("rows", *ROW_RESULTS))
        click.echo(f"{each['import_id']:>6}  {each['campaign']}  {each['file']}  {each['state']}  {counts}")


def rows_command(import_id: int, which: str | None, after: int, most: int, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            if await imports.campaign_of(session, import_id) is None:
                raise CommandError(f"there is no import {import_id}; see: dialer leads imports")
            fate, flag = (which, 0) if which in ROW_RESULTS else (None, NOTES[which].value if which else 0)
            rows = await imports.rows_of(session, import_id, fate=fate, flag=flag, after=after, most=most)
            return [imports.described_row(row) for row in rows]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        click.echo(f"{row['n']:>7}  {row['fate']:18} {' | '.join(row['cells'])}  {row['says'] or ''}")


def choose_command(import_id: int, choice: str, rows: tuple[int, ...]) -> None:
    async def work(settings: Settings, store: Store) -> int:
        try:
            async with store.sessions.begin() as session:
                return await choose_rows(session, operator(), import_id, list(rows), choice)
        except NotInReviewError as error:
            raise CommandError(f"{error} See: dialer leads imports") from error

    click.echo(f"{with_store(work)} of {len(set(rows))} rows: {choice}")


def commit_command(import_id: int, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        try:
            with progress_bar(None) as asked:
                async with store.sessions.begin() as session:
                    done = await commit_import(session, import_id, asked, by=f"cli:{getuser()}")
        except UnreadableListError as error:
            raise CommandError(str(error)) from error
        return {**done.counts.as_dict(), "import_id": import_id, "notes": dict(done.counts.notes)}

    counts = with_store(work)
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    click.echo(", ".join(f"{name} {many}" for name, many in counts.items() if isinstance(many, int)))


def undo_command(import_id: int, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> Undone | AlreadyCalled:
        try:
            async with store.sessions.begin() as session:
                return await undo_import(session, operator(), import_id)
        except UnreadableListError as error:
            raise CommandError(str(error)) from error

    match with_store(work):
        case Undone(leads):
            said = {"import_id": import_id, "leads": leads}
            click.echo(
                json.dumps(said) if as_json else f"import {import_id} is taken back: {leads} leads are out again"
            )
        case AlreadyCalled(many, phones):
            more = f" and {many - len(phones)} more" if many > len(phones) else ""
            raise CommandError(
                f"import {import_id} cannot be undone: {many} leads were called ({', '.join(phones)}{more})"
            )
