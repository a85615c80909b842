"""`dialer leads import` and `dialer leads export`."""

import json
import re
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from dialer.cli.beside import with_store
from dialer.cli.exports import export_command
from dialer.cli.failing import CommandError
from dialer.flows.import_leads import Imported, file_hash, import_leads, write_fix_file
from dialer.flows.read_list import UnreadableListError, read_list
from dialer.settings import Settings
from dialer.store import campaigns
from dialer.wiring.stores import Store


@dataclass(frozen=True, slots=True)
class Done:
    """What `leads import` reports."""

    imported: Imported
    fix_file: Path | None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        fix = str(self.fix_file) if self.fix_file else None
        return {**self.imported.counts.as_dict(), "columns": dict(self.imported.columns), "fix_file": fix}

    def line(self) -> str:
        """The one line of exact counts."""
        counts = self.imported.counts.as_dict()
        reasons = counts.pop("rejected_by_reason")
        said = ", ".join(f"{name} {number}" for name, number in counts.items())
        why = f" ({', '.join(f'{reason} {number}' for reason, number in sorted(reasons.items()))})" if reasons else ""
        fix = f"; mend and upload: {self.fix_file}" if self.fix_file else ""
        return f"{said}{why}{fix}"


async def import_file(
    settings: Settings, store: Store, file: Path, campaign_name: str, mapping: dict[str, str]
) -> Done:
    """Import a list in one transaction.

    Raises:
        CommandError: there is no such campaign, or the file is no list with a phone column.
    """
    try:
        sha256 = file_hash(file)
        reading = read_list(file)
        async with store.sessions.begin() as session:
            campaign = await campaigns.named(session, campaign_name)
            if campaign is None:
                raise CommandError(
                    f"there is no campaign {campaign_name!r}; make it: dialer campaign create {campaign_name!r}"
                )
            imported = await import_leads(
                session, campaign, reading, file=file.name, sha256=sha256, by=f"cli:{getuser()}", mapping=mapping
            )
    except UnreadableListError as error:
        raise CommandError(str(error)) from error
    if not imported.rejected:
        return Done(imported, None)
    stem = re.sub(r"[^\w-]+", "-", f"{campaign_name}-{file.stem}").strip("-")
    fix_file = settings.dialer_data_dir / "fix" / f"{stem}-{sha256[:8]}.csv"
    write_fix_file(fix_file, imported)
    return Done(imported, fix_file)


@click.group()
def leads() -> None:
    """Bring lists in, take results out."""


@leads.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--campaign", required=True, help="the campaign that rings them")
@click.option(
    "--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="say which column is which, e.g. phone='Cell 2'"
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object instead of a line")
def import_command(file: Path, campaign: str, mapped: tuple[str, ...], as_json: bool) -> None:
    """Import a list (.csv, .xlsx) into a campaign. Nobody is rung by it; the same list again changes nothing."""
    mapping: dict[str, str] = {}
    for each in mapped:
        field, equals, column = each.partition("=")
        if not equals:
            raise click.UsageError(f"--map wants FIELD=COLUMN, not {each!r}")
        mapping[field.strip()] = column.strip()

    async def work(settings: Settings, store: Store) -> Done:
        return await import_file(settings, store, file, campaign, mapping)

    done = with_store(work)
    click.echo(json.dumps(done.as_dict(), ensure_ascii=False) if as_json else done.line())


leads.add_command(export_command("leads"), "export")
