"""Groups that load a command's file only when the command is asked for: `dialer web` never loads pandas."""

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click


class Lazy(click.Group):
    """`later` names, for each command that is not loaded yet, its module and its name there."""

    later: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are explained."""
        return [*self.later, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        module, name = self.later[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command
