"""The command line: one group, each command in its own file, loaded when it is asked for.

Exit status 0 done, 1 refused or failed with one clear line on stderr, 2 wrong usage.
"""

import importlib
import os
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
        "Call a sample list in a simulation, from upload to spreadsheet.",
    ),
    "up": Later(
        "dialer.cli.commands.processes.up",
        "up",
        "Run web, bridge and worker together; Ctrl-C or SIGTERM stops them cleanly.",
    ),
    "web": Later("dialer.cli.commands.processes.web", "web", "Serve the pages, the API and carrier webhooks."),
    "bridge": Later(
        "dialer.cli.commands.processes.bridge",
        "bridge",
        "Stream call audio; run as many of these as you need.",
    ),
    "worker": Later(
        "dialer.cli.commands.processes.worker",
        "worker",
        "Claim and place calls, and run jobs; run as many of these as you need.",
    ),
    "world": Later("dialer.cli.commands.rehearsal.world", "world", None),
    "migrate": Later(
        "dialer.cli.commands.processes.migrate",
        "migrate",
        "Migrate the database to REVISION (default: head; base drops everything).",
    ),
    "doctor": Later(
        "dialer.cli.commands.admin.doctor",
        "doctor",
        "Check settings, servers, carriers and voices; exit 1 if anything is wrong.",
    ),
    "call": Later("dialer.cli.commands.campaigns.call", "call", "Call one number now, if every rule allows it."),
    "leads": Later("dialer.cli.commands.leads.leads", "leads", "Import lists and export results."),
    "script": Later(
        "dialer.cli.commands.campaigns.script", "script", "Manage scripts: what AVA says and how she sounds."
    ),
    "campaign": Later(
        "dialer.cli.commands.campaigns.campaign",
        "campaign",
        "Create, rehearse, start, pause and stop campaigns, and see their status.",
    ),
    "calls": Later("dialer.cli.commands.leads.exports", "calls", "Export calls."),
    "bookings": Later("dialer.cli.commands.leads.exports", "bookings", "Export bookings."),
    "dnc": Later("dialer.cli.commands.leads.dnc", "dnc", "Manage the do-not-call list."),
    "kill": Later(
        "dialer.cli.commands.admin.kill",
        "kill",
        "Stop all new calls or allow them again; calls in progress finish.",
    ),
    "limits": Later(
        "dialer.cli.commands.admin.limits",
        "limits",
        "Show or change the limits of the whole installation in 24 hours.",
    ),
    "prove": Later(
        "dialer.cli.commands.admin.prove",
        "prove_command",
        "Check that nobody was called twice, after an opt-out or outside calling hours; exit 1 on any violation.",
    ),
    "explain": Later(
        "dialer.cli.commands.campaigns.explain",
        "explain",
        "Show whether a number can be called now, rule by rule, and when it can be next.",
    ),
    "prices": Later(
        "dialer.cli.commands.admin.prices",
        "prices",
        "Manage prices of voice models and currencies, in USD per million units.",
    ),
    "bench": Later(
        "dialer.cli.commands.admin.bench",
        "bench",
        "Measure bridge, import, export, claim, dial, webhook, cascade, slots, pages or start on its own servers; takes minutes.",
    ),
    "job": Later("dialer.cli.commands.processes.job", "job", None),
    "feed": Later(
        "dialer.cli.commands.leads.feeds",
        "feed",
        "Manage feeds: CSV URLs that Google Sheets (IMPORTDATA) and Excel (From Web) refresh.",
    ),
    "schedule": Later("dialer.cli.commands.leads.feeds", "schedule", "Manage scheduled exports."),
    "hook": Later(
        "dialer.cli.commands.admin.webhooks",
        "hook",
        "Manage outgoing webhooks for bookings and outcomes (signed, retried).",
    ),
    "counselor": Later(
        "dialer.cli.commands.admin.counselor", "counselor", "Manage counselors, their hours and time off."
    ),
    "account": Later("dialer.cli.commands.admin.account", "account", "Manage accounts and API tokens."),
    "audit": Later("dialer.cli.commands.admin.account", "audit", "Read and verify the audit log."),
}


class Commands(Lazy):
    """All of them."""

    later: ClassVar[Mapping[str, Later]] = COMMANDS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="one-window-dialer")
def cli() -> None:
    """One Window dialer: import a list of leads, let AVA call them, get meetings and a spreadsheet."""


def main() -> NoReturn:
    """Run a command; a failure that is known ends in one line, any other in its traceback."""
    os.umask(0o077)  # what the dialer writes holds personal data: other users of the machine read none of it
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
