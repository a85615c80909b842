"""Commands that load what they need when they run: `--help` loads no library but click, `dialer web` never loads pandas."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import click


class Implemented:
    """The callback of a command whose work is done elsewhere, named `module:function`."""

    def __init__(self, where: str, told: Callable[[], None]) -> None:
        self.where = where
        self.__name__, self.__doc__ = told.__name__, told.__doc__

    def load(self) -> Callable[..., Any]:
        """The function that does the work."""
        module, _, name = self.where.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    def __call__(self, **given: Any) -> Any:
        return self.load()(**given)


def implemented(where: str) -> Callable[[Callable[[], None]], Implemented]:
    """A command's name and help, whose work is done by `where`: loaded when it is called with the options."""
    return lambda told: Implemented(where, told)


class Later(NamedTuple):
    """A command that is not loaded yet: its module, its name there, and its help in one line (None hides it)."""

    module: str
    name: str
    help: str | None


class Lazy(click.Group):
    """A group that loads a command when it is asked for, and lists it without loading it."""

    later: ClassVar[Mapping[str, Later]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are explained."""
        return [*self.later, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(
            importlib.import_module(self.later[cmd_name].module), self.later[cmd_name].name
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every command with its help in one line, as click does, from the table where it is not loaded."""
        listed = {}
        for name in self.list_commands(ctx):
            if name in self.later:
                listed[name] = self.later[name].help
            elif (command := super().get_command(ctx, name)) is not None and not command.hidden:
                listed[name] = command.get_short_help_str(SHORT)
        rows = [(name, text) for name, text in listed.items() if text is not None]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


SHORT = 100
"""How long the help in one line may be, before click cuts it at a word."""
