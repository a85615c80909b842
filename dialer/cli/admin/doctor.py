"""`dialer doctor`: what is configured, what responds, and what to do about the rest."""

import json

import click

from dialer.cli.context import with_servers
from dialer.cli.event_loop import run
from dialer.doctor.checks import run_checks_as_json
from dialer.settings import read_settings


def doctor(as_json: bool) -> None:
    with with_servers(read_settings()) as settings:
        findings = run(run_checks_as_json(settings))
    if as_json:
        click.echo(json.dumps(findings))
    else:
        for finding in findings:
            click.echo(f"{finding['state']:8} {finding['what']:20} {finding['says']}")
    if any(finding["state"] == "wrong" for finding in findings):
        raise click.exceptions.Exit(1)
