"""`dialer web`: pages, API and webhooks."""

import os

import click
import uvicorn

from dialer.cli.context import with_servers
from dialer.cli.logs import log_as
from dialer.cli.processes.first_account import make_first_account
from dialer.cli.processes.startup import check_servers
from dialer.isolated.parent import PARENT, end_with_parent
from dialer.net.ports import bind
from dialer.web.app import make_app


def web() -> None:
    log_as("web")
    end_with_parent()
    with with_servers() as settings:
        check_servers(settings)
        if PARENT not in os.environ and (first := make_first_account(settings)):  # `dialer up` says it itself
            click.echo(first)
        config = uvicorn.Config(
            make_app(settings),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            ws="websockets-sansio",
        )
        with bind(settings.dialer_web_host, settings.dialer_web_port) as listener:
            uvicorn.Server(config).run(sockets=[listener])
