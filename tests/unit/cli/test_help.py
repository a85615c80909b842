"""`--help` answers at once: what a command does is loaded when it runs, and nothing is said of it that is not so."""

import importlib
import inspect
import json
import subprocess
import sys
from typing import get_args

import click
import pytest

from dialer.cli.commands import options
from dialer.cli.every_command import every_command
from dialer.cli.lazy import Implemented, Lazy
from dialer.domain.meetings.counselor_input import LIMITS
from dialer.services.campaigns.rehearsal import MAX_LEADS
from dialer.services.exports.results import Format
from dialer.services.scripts import SHIPPED
from dialer.store.tables import NOISE_REDUCTIONS, SHEETS, VAD_EAGERNESS, VAD_KINDS, VOICEMAIL_CHOICES
from dialer.wiring.accounts import CAPABILITIES
from dialer.wiring.voices import NAMES

HEAVY = (
    "asyncio",
    *("aiohttp", "arq", "litestar", "numpy", "pandas", "phonenumbers", "pydantic", "pydantic_ai", "redis", "rich"),
    *("sqlalchemy", "twilio", "uvicorn", "uvloop"),
)
EVERY = {" ".join(path) or "dialer": command for path, command in every_command()}
LEAVES = {path: command for path, command in EVERY.items() if not isinstance(command, click.Group)}
# Asks for help of everything in one process, and prints what that loaded after each.
ASK = """
import contextlib, io, json, sys
from dialer.cli.main import cli
loaded = {}
for words in json.loads(sys.argv[1]):
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        cli.main([*words, "--help"], standalone_mode=False)
    assert said.getvalue().startswith("Usage:")
    loaded[" ".join(words)] = sorted(set(sys.modules) - before)
print(json.dumps([loaded, sorted(sys.modules)]))
"""


def ask(*paths: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The modules that `--help` of each of these loaded, and all that are loaded then."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(paths)], capture_output=True, text=True, timeout=60, check=True
    )
    each, everything = json.loads(done.stdout)
    return each, everything


def test_help_at_every_level_loads_no_library_but_click() -> None:
    each, everything = ask(*([] if path == "dialer" else path.split() for path in EVERY))
    assert len(each) == len(EVERY) > 60
    assert {name.split(".")[0] for name in everything}.isdisjoint(HEAVY)


def test_a_group_is_listed_without_loading_its_commands() -> None:
    _, everything = ask([])
    assert [name for name in everything if name.startswith("dialer.cli.commands")] == []
    _, everything = ask(["campaign"])
    assert "dialer.cli.commands.rehearsal.rehearse" not in everything


@pytest.mark.parametrize("path", [path for path, command in EVERY.items() if isinstance(command, Lazy)])
def test_the_table_says_of_a_command_what_the_command_says_of_itself(path: str) -> None:
    group = EVERY[path]
    assert isinstance(group, Lazy)
    for name, later in group.later.items():
        command = getattr(importlib.import_module(later.module), later.name)
        assert later.help == (None if command.hidden else command.get_short_help_str(1000)), name


def test_a_group_is_listed_as_click_lists_it() -> None:
    for group in (EVERY["dialer"], EVERY["campaign"], EVERY["leads"]):
        assert isinstance(group, click.Group)
        context = click.Context(group, info_name="dialer", max_content_width=2000, terminal_width=2000)
        ours, clicks = context.make_formatter(), context.make_formatter()
        group.format_commands(context, ours)
        click.Group.format_commands(group, context, clicks)
        assert ours.getvalue() == clicks.getvalue()


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_hands_its_options_to_a_function_that_takes_them(path: str) -> None:
    command = LEAVES[path]
    assert isinstance(command.callback, Implemented)
    given = {each.name: None for each in command.params if each.expose_value}
    inspect.signature(command.callback.load()).bind(**given)


def test_what_options_may_be_is_what_the_program_knows() -> None:
    assert tuple(CAPABILITIES) == options.CARRIERS
    assert NAMES == options.VOICES
    assert SHEETS == options.SHEETS
    assert get_args(Format) == options.FORMATS
    assert (NOISE_REDUCTIONS, VAD_KINDS, VAD_EAGERNESS) == (
        options.NOISE_REDUCTIONS,
        options.VAD_KINDS,
        options.VAD_EAGERNESS,
    )
    assert VOICEMAIL_CHOICES == options.MACHINE_CHOICES
    assert (MAX_LEADS, SHIPPED) == (options.MAX_LEADS, options.SHIPPED)
    assert LIMITS == options.LIMITS
