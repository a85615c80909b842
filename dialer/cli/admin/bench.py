"""`dialer bench NAME`: what things cost on this machine, beside a yardstick measured in the same run."""

import importlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from dialer.bench.harness import CannotMeasureError
from dialer.cli.event_loop import run
from dialer.cli.every_command import every_command

MODULES = {"import": "importing", "export": "exporting", "start": "starting", "cascade": "pipeline"}
WITH_A_LONG_FORM = frozenset({"bridge"})


def bench(name: str, as_json: bool, full: bool) -> None:
    module = importlib.import_module(f"dialer.bench.{MODULES.get(name, name)}")
    more: dict[str, Any] = {"full": full} if name in WITH_A_LONG_FORM else {}
    if name == "start":
        more["commands"] = [path for path, _ in every_command()]
    try:
        with _stdout_kept_for_the_result():
            result = run(module.measure(lambda line: click.echo(line, err=True), **more))
    except CannotMeasureError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(result.as_dict()))
        return
    click.echo(f"{name}, on {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}")
    for title, values in (("ours", result.figures), ("yardstick", result.yardsticks), ("ratio", result.ratios)):
        for key, value in values.items():
            click.echo(f"  {title:10} {key:34} {value:12.4g}")


@contextmanager
def _stdout_kept_for_the_result() -> Iterator[None]:
    """What the processes of a bench print goes to stderr: on stdout, a script would read it as the result."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
