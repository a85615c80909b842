"""`dialer leads import` and `dialer leads export`."""

import json
import re
from dataclasses import dataclass, replace
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.leads.imports import format_of, mapping_of
from dialer.cli.progress import progress_bar
from dialer.domain.leads.import_result import Choice
from dialer.services.leads.detect_reimport import without_ours
from dialer.services.leads.error_report import ErrorReport
from dialer.services.leads.import_list import DEFAULT_OPTIONS, Imported, ImportOptions, import_leads
from dialer.services.leads.map_columns import NoPhoneError
from dialer.services.leads.read_file import DETECT_ALL, Format, UnreadableListError, file_hash, read_list
from dialer.services.leads.validate import ValidatedRow
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.wiring.stores import Store


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What `leads import` reports."""

    imported: Imported
    fix_file: Path | None
    detected: str = ""
    rejected: tuple[ValidatedRow, ...] = ()
    """The first rows that need a person."""

    def as_dict(self) -> dict[str, Any]:
        """For --json: what is promised."""
        fix = str(self.fix_file) if self.fix_file else None
        return {**self.imported.counts.as_dict(), "columns": dict(self.imported.columns), "fix_file": fix}

    def in_full(self) -> dict[str, Any]:
        """For --json of a dry run, and for the API."""
        counts = self.imported.counts
        return {
            **self.as_dict(),
            "import_id": self.imported.import_id,
            "detected": self.detected,
            "notes": dict(counts.notes),
            "campaigns": dict(counts.campaigns),
        }

    def line(self) -> str:
        """The one line of exact counts."""
        counts = self.imported.counts.as_dict()
        reasons = counts.pop("rejected_by_reason")
        said = ", ".join(f"{name} {number}" for name, number in counts.items())
        why = f" ({', '.join(f'{reason} {number}' for reason, number in sorted(reasons.items()))})" if reasons else ""
        fix = f"; to fix and import again: {self.fix_file}" if self.fix_file else ""
        return f"{said}{why}{fix}"


async def import_file(
    settings: Settings,
    store: Store,
    file: Path,
    campaign_name: str,
    mapping: dict[str, str],
    said: Format = DETECT_ALL,
    asked: ImportOptions = DEFAULT_OPTIONS,
) -> ImportReport:
    """Import a list in one transaction, or (`asked.dry`) see what would become of it.

    Raises:
        NoPhoneError: no column of the list is known to be the phone.
        CommandError: there is no such campaign, or the file is no list.
    """
    fix: ErrorReport | None = None
    try:
        sha256 = file_hash(file)
        reading = read_list(file, said)
        stem = re.sub(r"[^\w-]+", "-", f"{campaign_name}-{file.stem}").strip("-")
        fix = ErrorReport(settings.dialer_data_dir / "fix" / f"{stem}-{sha256[:8]}.csv", without_ours(reading.header))
        async with store.sessions.begin() as session:
            campaign = await campaigns.named(session, campaign_name)
            if campaign is None:
                raise CommandError(
                    f"there is no campaign {campaign_name!r}; make it: dialer campaign create {campaign_name!r}"
                )
            imported = await import_leads(
                session,
                campaign,
                reading,
                file=file.name,
                sha256=sha256,
                by=f"cli:{getuser()}",
                mapping=mapping,
                asked=replace(asked, rejected=fix.add),
            )
        return ImportReport(imported, fix.keep(), reading.detected.line(), tuple(fix.first))
    except NoPhoneError:
        raise
    except UnreadableListError as error:
        raise CommandError(str(error)) from error
    finally:
        if fix is not None:
            fix.drop()


def to_json(done: ImportReport) -> list[str]:
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
        with progress_bar(file) as asked:
            asked = replace(asked, dry=dry_run, duplicates=duplicates)
            try:
                return await import_file(settings, store, file, campaign, mapping, format_of(said), asked)
            except NoPhoneError as error:
                found = ", ".join(error.header)
                raise CommandError(
                    f"no column looks like a phone number (found: {found}); name it with --map phone=COLUMN"
                ) from error

    done = with_store(work)
    if as_json:
        click.echo(json.dumps(done.in_full() if dry_run else done.as_dict(), ensure_ascii=False))
        return
    click.echo(done.line())
    if dry_run:
        for line in to_json(done):
            click.echo(line)
