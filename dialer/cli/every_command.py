"""Every command there is, for what looks at the whole command line: its help, its start, its tests."""

from collections.abc import Iterator

import click

from dialer.cli.main import cli


def every_command(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every group and command with the words that reach it, from the top down."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        elif command is not None:
            yield (*path, name), command
