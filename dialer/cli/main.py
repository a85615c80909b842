"""The command line: one group, each command in its own file, loaded when it is asked for.

Exit status 0 done, 1 refused or failed with one clear line on stderr, 2 wrong usage.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import ClassVar, NoReturn

import click

from dialer.cli.lazy import Later, Lazy
from dialer.cli.processes.signals import unwind_on_signals

COMMANDS = {
    "demo": Later(
        "dialer.cli.commands.rehearsal.demo",
        "demo",
        "Ring a sample list in the simulated world, from the upload to the spreadsheets.",
    ),
    "up": Later("dialer.cli.commands.processes.up", "up", "Run everything; Ctrl-C or SIGTERM stops it cleanly."),
    "web": Later("dialer.cli.commands.processes.web", "web", "Serve pages, the API and carriers' webhooks."),
    "bridge": Later(
        "dialer.cli.commands.processes.bridge",
        "bridge",
        "Carry the audio of calls; as many of these processes as wanted.",
    ),
    "worker": Later(
        "dialer.cli.commands.processes.worker",
        "worker",
        "Place calls and keep them in order; as many of these processes as wanted.",
    ),
    "world": Later("dialer.cli.commands.rehearsal.world", "world", None),
    "migrate": Later(
        "dialer.cli.commands.processes.migrate",
        "migrate",
        "Bring the database's schema to REVISION (head by default; base takes everything out).",
    ),
    "doctor": Later(
        "dialer.cli.commands.admin.doctor",
        "doctor",
        "Check settings, servers, carriers and voices; exit 1 if anything is wrong.",
    ),
    "call": Later("dialer.cli.commands.campaigns.call", "call", "Ring one number now, under every rule."),
    "leads": Later("dialer.cli.commands.leads.leads", "leads", "Bring lists in, take results out."),
    "script": Later("dialer.cli.commands.campaigns.script", "script", "What AVA says and how she sounds."),
    "campaign": Later(
        "dialer.cli.commands.campaigns.campaign",
        "campaign",
        "Make campaigns, rehearse them, start and stop them, see how they stand.",
    ),
    "calls": Later("dialer.cli.commands.leads.exports", "calls", "Every attempt."),
    "bookings": Later("dialer.cli.commands.leads.exports", "bookings", "Every meeting."),
    "dnc": Later("dialer.cli.commands.leads.dnc", "dnc", "Numbers that must not be called."),
    "kill": Later(
        "dialer.cli.commands.admin.kill",
        "kill",
        "The kill switch: while it is on, nothing is placed; calls in progress finish.",
    ),
    "prove": Later(
        "dialer.cli.commands.admin.prove",
        "prove_command",
        "Check that nobody was called twice, after an opt-out, or out of hours; exit 1 on any breach.",
    ),
    "explain": Later(
        "dialer.cli.commands.campaigns.explain",
        "explain",
        "Show each rule's answer, in order, and when the lead can be called next.",
    ),
    "prices": Later(
        "dialer.cli.commands.admin.prices",
        "prices",
        "Prices of voice models, and of a carrier's currency, in USD for a million of each kind.",
    ),
    "bench": Later(
        "dialer.cli.commands.admin.bench",
        "bench",
        "Measure bridge, import, export, claim, dial, webhook, cascade, slots, pages or start, with servers of its own; takes minutes.",
    ),
    "job": Later("dialer.cli.commands.processes.job", "job", None),
    "feed": Later(
        "dialer.cli.commands.leads.feeds",
        "feed",
        "Addresses that Google Sheets (IMPORTDATA) and Excel (From Web) refresh by themselves.",
    ),
    "schedule": Later("dialer.cli.commands.leads.feeds", "schedule", "Exports that a worker writes again and again."),
    "hook": Later(
        "dialer.cli.commands.admin.webhooks", "hook", "Tell other systems of bookings and outcomes (signed, retried)."
    ),
    "counselor": Later("dialer.cli.commands.admin.counselor", "counselor", "The people who meet leads."),
    "account": Later(
        "dialer.cli.commands.admin.account", "account", "People and programs that may use the pages and the API."
    ),
    "audit": Later(
        "dialer.cli.commands.admin.account", "audit", "Who did what: each row carries the hash of the one before."
    ),
}


class Commands(Lazy):
    """All of them."""

    later: ClassVar[Mapping[str, Later]] = COMMANDS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="one-window-dialer")
def cli() -> None:
    """One Window dialer: a list of leads in, calls made by AVA, meetings and a spreadsheet out."""


def main() -> NoReturn:
    """Run a command; a failure that is known ends in one line, any other in its traceback."""
    unwind_on_signals()
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Exception as error:
        # Loaded now: it knows the errors of libraries that most commands would otherwise not wait for.
        said = importlib.import_module("dialer.cli.error_messages").explain(error)
        if said is None:
            raise
        click.echo(f"dialer: {said}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
