"""The command line: one group, each command in its own file, loaded when it is asked for.

Exit status 0 done, 1 refused or failed with one clear line on stderr, 2 wrong usage.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import ClassVar, NoReturn

import click

from dialer.cli.ending import end_by_unwinding
from dialer.cli.lazy import Lazy

COMMANDS = {
    "demo": ("dialer.cli.demo", "demo"),
    "up": ("dialer.cli.up", "up"),
    "web": ("dialer.cli.web", "web"),
    "bridge": ("dialer.cli.bridge", "bridge"),
    "worker": ("dialer.cli.worker", "worker"),
    "world": ("dialer.cli.world", "world"),
    "migrate": ("dialer.cli.migrate", "migrate"),
    "doctor": ("dialer.cli.doctor", "doctor"),
    "call": ("dialer.cli.call", "call"),
    "leads": ("dialer.cli.leads", "leads"),
    "script": ("dialer.cli.script", "script"),
    "campaign": ("dialer.cli.campaign", "campaign"),
    "calls": ("dialer.cli.exports", "calls"),
    "bookings": ("dialer.cli.exports", "bookings"),
    "dnc": ("dialer.cli.dnc", "dnc"),
    "kill": ("dialer.cli.kill", "kill"),
    "prove": ("dialer.cli.prove", "prove_command"),
    "explain": ("dialer.cli.explain", "explain"),
    "prices": ("dialer.cli.prices", "prices"),
    "bench": ("dialer.cli.bench", "bench"),
    "job": ("dialer.cli.job", "job"),
    "feed": ("dialer.cli.feeds", "feed"),
    "schedule": ("dialer.cli.feeds", "schedule"),
    "hook": ("dialer.cli.hooks", "hook"),
    "counselor": ("dialer.cli.counselor", "counselor"),
    "account": ("dialer.cli.account", "account"),
    "audit": ("dialer.cli.account", "audit"),
}


class Commands(Lazy):
    """All of them."""

    later: ClassVar[Mapping[str, tuple[str, str]]] = COMMANDS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="one-window-dialer")
def cli() -> None:
    """One Window dialer: a list of leads in, calls made by AVA, meetings and a spreadsheet out."""


def main() -> NoReturn:
    """Run a command; a failure that is known ends in one line, any other in its traceback."""
    end_by_unwinding()
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Exception as error:
        # Loaded now: it knows the errors of libraries that most commands would otherwise not wait for.
        said = importlib.import_module("dialer.cli.failing").explain(error)
        if said is None:
            raise
        click.echo(f"dialer: {said}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
