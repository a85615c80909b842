"""`dialer leads preview|imports|rows|choose|commit|undo`: a list looked at, chosen about, brought in, taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dialer.cli.lazy import implemented
from dialer.domain.leads.import_result import CHOICES, NOTES, ROW_RESULTS

Decorated = Callable[..., Any]
MAPPED = click.option(
    "--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="say which column is which, e.g. phone='Cell 2'"
)

JSON = click.option("--json", "as_json", is_flag=True)


def FORMAT(command: Decorated) -> Decorated:  # noqa: N802 - a decorator like the others here
    """Options that overrule what was detected of a file."""
    for option in (
        click.option("--sheet", help="the workbook's sheet [the first with anything on it]"),
        click.option("--header-line", type=click.IntRange(0, 1000), help="the line that names the columns; 0: none"),
        click.option("--separator", help="what parts the cells, such as ';' or tab"),
        click.option("--encoding", help="such as utf-8, utf-16 or cp1252"),
    ):
        command = option(command)
    return command


@click.command("preview")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--country", default="IN", show_default=True, help="where numbers without a country code are from")
@MAPPED
@FORMAT
@JSON
@implemented("dialer.cli.leads.imports:preview_command")
def preview_command() -> None:
    """Show the first rows of a list as they will be read; nothing is stored."""


@click.command("imports")
@click.option("--campaign", help="of this campaign only")
@JSON
@implemented("dialer.cli.leads.imports:imports_command")
def imports_command() -> None:
    """The lists that came: number, file, state, counts."""


@click.command("rows")
@click.argument("import_id", type=int)
@click.option("--which", type=click.Choice([*ROW_RESULTS, *NOTES]), help="of this count only")
@click.option("--after", type=int, default=0, help="rows behind this one")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True)
@JSON
@implemented("dialer.cli.leads.imports:rows_command")
def rows_command() -> None:
    """The rows behind a count of an import."""


@click.command("choose")
@click.argument("import_id", type=int)
@click.argument("choice", type=click.Choice(CHOICES))
@click.argument("rows", type=int, nargs=-1, required=True)
@implemented("dialer.cli.leads.imports:choose_command")
def choose_command() -> None:
    """Choose for single duplicates of a list that is not in yet; ROWS as `dialer leads rows` numbers them."""


@click.command("commit")
@click.argument("import_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="one JSON object instead of a line")
@implemented("dialer.cli.leads.imports:commit_command")
def commit_command() -> None:
    """Import a list that a dry run kept. Importing calls nobody."""


@click.command("undo")
@click.argument("import_id", type=int)
@JSON
@implemented("dialer.cli.leads.imports:undo_command")
def undo_command() -> None:
    """Undo an import, as long as none of its leads has been called."""
