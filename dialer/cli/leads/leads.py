"""`dialer leads import` and `dialer leads export`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.leads.imports import format_of, mapping_of
from dialer.cli.operator import operator
from dialer.cli.progress import progress_bar
from dialer.domain.leads.import_result import Choice
from dialer.isolated.lists import no_phone_message
from dialer.services.leads.import_file import ImportReport, NoCampaignError, import_file
from dialer.services.leads.map_columns import NoPhoneError
from dialer.services.leads.read_file import UnreadableListError
from dialer.settings import Settings
from dialer.wiring.stores import Store


def _dry_run_lines(done: ImportReport) -> list[str]:
    """A dry run in words: how the file was read, what is to be known, and how it goes on."""
    counts = done.imported.counts
    mapped = ", ".join(f"{field} = {column!r}" for field, column in done.imported.columns.items())
    notes = ", ".join(f"{name.replace('_', ' ')} {many}" for name, many in sorted(counts.notes.items()))
    lines = [f"  read as: {done.detected}", f"  columns: {mapped}", f"  of them: {notes or 'nothing to note'}"]
    if counts.campaigns:
        known = ", ".join(f"{name!r} {many}" for name, many in counts.campaigns.most_common())
        lines.append(f"  known from: {known}")
    number = done.imported.import_id
    lines.append(f"  nobody is in yet: dialer leads rows {number} --which rejected; dialer leads commit {number}")
    return lines


def import_command(
    file: Path,
    campaign: str,
    mapped: tuple[str, ...],
    dry_run: bool,
    duplicates: Choice,
    as_json: bool,
    **said: Any,
) -> None:
    mapping = mapping_of(mapped)

    async def work(settings: Settings, store: Store) -> ImportReport:
        with progress_bar(file) as watched:
            options = replace(watched, dry=dry_run, duplicates=duplicates)
            try:
                return await import_file(
                    store.sessions,
                    operator(),
                    file,
                    campaign,
                    data_dir=settings.dialer_data_dir,
                    mapping=mapping,
                    said=format_of(said),
                    options=options,
                )
            except NoPhoneError as error:
                raise CommandError(no_phone_message(error)) from error
            except (NoCampaignError, UnreadableListError) as error:
                raise CommandError(str(error)) from error

    done = with_store(work)
    if as_json:
        click.echo(json.dumps(done.in_full() if dry_run else done.as_dict(), ensure_ascii=False))
        return
    click.echo(done.line())
    if dry_run:
        for line in _dry_run_lines(done):
            click.echo(line)
