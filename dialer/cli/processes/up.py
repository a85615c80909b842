"""`dialer up`: web, bridge and worker in one command, with their servers where none are given."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NoReturn

import click

from dialer.cli.context import with_servers
from dialer.cli.errors import CommandError
from dialer.cli.processes.first_account import make_first_account
from dialer.cli.processes.signals import TerminatedError
from dialer.embedded import Embedded
from dialer.isolated.parent import PARENT
from dialer.net.ports import bind
from dialer.settings import Settings, read_settings
from dialer.web.api.health import is_healthy
from dialer.wiring.secret_key import secret_key

PROCESSES = ("web", "bridge", "worker")
STOP_TIMEOUT_S = 40.0
READY_TIMEOUT_S = 60.0
RESTARTS_AFTER_S = 1.0


class Children:
    """The processes of one `dialer up`. One that dies is started again; all of them end together."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start processes; each is told its parent, and ends with it."""
        for name in names:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "dialer", name],
                env={**self._environment, PARENT: str(os.getpid())},
                start_new_session=True,  # Ctrl-C reaches this process alone, which then stops them in order
            )

    def dead(self) -> list[tuple[str, int]]:
        """Which have ended, with their exit status."""
        return [(name, code) for name, child in self._running.items() if (code := child.poll()) is not None]

    def kill(self) -> None:
        """End all at once, in the middle of calls: those of a simulated world, which nobody hears."""
        for child in self._running.values():
            if child.poll() is None:
                child.kill()

    def stop(self) -> None:
        """End all: SIGTERM, patience for calls that drain, then SIGKILL; at once where a signal ends the patience."""
        for child in self._running.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_TIMEOUT_S
        try:
            for child in self._running.values():
                with suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=max(0.1, until - time.monotonic()))
        finally:
            self.kill()
            for child in self._running.values():
                child.wait()


def child_environment(settings: Settings) -> dict[str, str]:
    """What the children are told beside this process's own environment: the addresses of the servers."""
    assert settings.dialer_database_url is not None
    assert settings.dialer_redis_url is not None
    return {
        **os.environ,
        "DIALER_DATABASE_URL": settings.dialer_database_url,
        "DIALER_REDIS_URL": settings.dialer_redis_url,
        "DIALER_SECRET_KEY": secret_key(settings),
    }


def _refuse_taken(name: str, host: str, port: int) -> None:
    """Somebody else's health check must not be taken for ours."""
    try:
        bind(host, port).close()
    except OSError as error:
        raise CommandError(f"port {port} is in use; end what uses it, or set {name} to a free one") from error


@contextmanager
def all_up(settings: Settings, environment: Mapping[str, str]) -> Iterator[Children]:
    """The three processes, ready for work, each with this environment.

    Raises:
        CommandError: one of them ended before it was ready; its own line is on stderr.
    """
    for name, host, port in (
        ("DIALER_WEB_PORT", settings.dialer_web_host, settings.dialer_web_port),
        ("DIALER_BRIDGE_PORT", settings.dialer_bridge_host, settings.dialer_bridge_port),
    ):
        _refuse_taken(name, host, port)
    children = Children(environment)
    try:
        # The first makes the schema where there is none; the others then find it.
        children.start(*PROCESSES)
        urls = {
            f"http://{settings.dialer_web_host}:{settings.dialer_web_port}/health",
            f"http://{settings.dialer_bridge_host}:{settings.dialer_bridge_port}/health",
        }
        until = time.monotonic() + READY_TIMEOUT_S
        while urls:
            if dead := children.dead():
                raise CommandError(f"the {dead[0][0]} process ended before it was ready; its line above says why")
            if time.monotonic() > until:
                raise CommandError(f"not ready after {READY_TIMEOUT_S:.0f} s: {', '.join(sorted(urls))}")
            urls = {url for url in urls if not is_healthy(url)}
            time.sleep(0.1)
        yield children
    finally:
        children.stop()


def up() -> None:
    told = read_settings()
    own = None if told.dialer_database_url and told.dialer_redis_url else Embedded(told.dialer_data_dir)
    with (
        suppress(TerminatedError),
        with_servers(told) as settings,
        all_up(settings, child_environment(settings)) as children,
    ):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it otherwise
        try:
            _run(settings, own, children)
        except (TerminatedError, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would cut calls that are ending
            click.echo("stopping: calls in progress finish first")


def _run(settings: Settings, own: Embedded | None, children: Children) -> NoReturn:
    """Start again whatever dies, until a signal comes."""
    first = make_first_account(settings)
    click.echo(f"ready: http://{settings.dialer_web_host}:{settings.dialer_web_port}  (Ctrl-C stops everything)")
    if first:
        click.echo(first)
    while True:
        for name in own.revive() if own else ():
            click.echo(f"dialer: {name} had ended; it was started again", err=True)
        for name, code in children.dead():
            click.echo(f"dialer: {name} ended with {code}; starting it again", err=True)
            time.sleep(RESTARTS_AFTER_S)
            children.start(name)
        time.sleep(0.2)
