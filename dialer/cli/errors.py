"""The failure that a command reports itself."""


class CommandError(Exception):
    """A command that cannot do what was asked; the message is the one line."""
