"""`dialer leads preview|imports|rows|choose|commit|undo`: a list looked at, chosen about, brought in, taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dialer.cli.lazy import implemented
from dialer.domain.leads.import_result import CHOICES, NOTES, ROW_RESULTS

Decorated = Callable[..., Any]
MAPPED = click.option(
    "--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="map a column, such as phone='Cell 2'"
)

JSON = click.option("--json", "as_json", is_flag=True)


def FORMAT(command: Decorated) -> Decorated:  # noqa: N802 - a decorator like the others here
    """Options that overrule what was detected of a file."""
    for option in (
        click.option("--sheet", help="worksheet [default: first with data]"),
        click.option("--header-line", type=click.IntRange(0, 1000), help="header line; 0: no header"),
        click.option("--separator", help="separator, such as ';' or tab"),
        click.option("--encoding", help="such as utf-8, utf-16 or cp1252"),
    ):
        command = option(command)
    return command


@click.command("preview")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--country", default="IN", show_default=True, help="default country code")
@MAPPED
@FORMAT
@JSON
@implemented("dialer.cli.leads.imports:preview_command")
def preview_command() -> None:
    """Preview the first rows of a list. Nothing is stored."""


@click.command("imports")
@click.option("--campaign", help="only this campaign")
@JSON
@implemented("dialer.cli.leads.imports:imports_command")
def imports_command() -> None:
    """List imports with file, state and counts."""


@click.command("rows")
@click.argument("import_id", type=int)
@click.option("--which", type=click.Choice([*ROW_RESULTS, *NOTES]), help="only rows with this result or note")
@click.option("--after", type=int, default=0, help="rows after this number")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True)
@JSON
@implemented("dialer.cli.leads.imports:rows_command")
def rows_command() -> None:
    """Show rows of an import."""


@click.command("choose")
@click.argument("import_id", type=int)
@click.argument("choice", type=click.Choice(CHOICES))
@click.argument("rows", type=int, nargs=-1, required=True)
@implemented("dialer.cli.leads.imports:choose_command")
def choose_command() -> None:
    """Choose what to do with single duplicates of a list in review; ROWS as `dialer leads rows` numbers them."""


@click.command("commit")
@click.argument("import_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@implemented("dialer.cli.leads.imports:commit_command")
def commit_command() -> None:
    """Import a list in review. Importing doesn't call anyone."""


@click.command("undo")
@click.argument("import_id", type=int)
@JSON
@implemented("dialer.cli.leads.imports:undo_command")
def undo_command() -> None:
    """Undo an import, if none of its leads was called yet."""
