"""`dialer script try`: talk to AVA in text at the terminal; nothing of it is saved, booked or called.

Its hidden form takes one turn for a page or the API, so that the web process need not load the text models' libraries.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from dialer.ava.trial.models import TrialReply, TrialRequest, TrialTurn, validation_message
from dialer.ava.trial.setup import TrialError, voice_of
from dialer.ava.trial.text import TrialContext, take_turn
from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.services.scripts import newest
from dialer.settings import Settings
from dialer.store.sessions import rolled_back
from dialer.wiring.llm import SIMULATED, NoLlmError, is_simulated, llm_of
from dialer.wiring.stores import Store

NOTHING = "Nothing of this was saved, booked or rung."
BROKEN = (ImportError, RuntimeError, ValueError)
"""What a text model's library raises that cannot be loaded, or does not take its key, address or name."""
GREY = "bright_black"


def try_script(name: str, turn: Path | None, **chosen: Any) -> None:
    asked = _asked(turn.read_bytes() if turn else {key: value for key, value in chosen.items() if value is not None})

    async def work(settings: Settings, store: Store) -> TrialReply:
        async with _context(settings, store, name, asked) as house:
            told = await _turn(house, name, asked)
            if turn is None:
                told = await _talk(house, name, asked, told)
            return told

    told = with_store(work)
    if turn is not None:
        click.echo(told.model_dump_json())
        return
    click.echo(f"\n{NOTHING} A call would have left:")
    for what, value in told.kept.lines(told.zone) or [("nothing", "")]:
        click.echo(f"  {what:18} {value}".rstrip())
    click.secho(f"{told.tokens_in:,} tokens in, {told.tokens_out:,} out, by {told.model}", fg=GREY)


async def _talk(house: TrialContext, name: str, asked: TrialRequest, told: TrialReply) -> TrialReply:
    """Talk at the terminal until one of the two ends it; what the last turn told."""
    click.secho(f"{told.script}, version {told.version}, by {told.model}. {NOTHING[:-1]} (empty line: end)", fg=GREY)
    _show(told.said)
    while not told.ended:
        try:
            words = click.prompt("you", default="", show_default=False).strip()
        except click.Abort:  # Ctrl-D
            break
        if not words:
            break
        setup = asked.model_dump(exclude_unset=True, exclude={"talk", "offered", "words"})
        try:
            again = TrialRequest.model_validate({**setup, "talk": told.talk, "offered": told.offered, "words": words})
            told = await take_turn(house, name, again)
        except ValidationError as error:
            click.echo(validation_message(error), err=True)
        except TrialError as error:
            click.echo(str(error), err=True)
        else:
            _show(told.said)
    return told


def _show(said: list[TrialTurn]) -> None:
    for each in said:
        if each.words:
            click.echo(f"AVA: {each.words}")
        for used in each.calls:
            click.secho(f"     {used.name} {used.arguments}\n     → {used.result}", fg=GREY)


def _asked(given: bytes | dict[str, Any]) -> TrialRequest:
    try:
        return (
            TrialRequest.model_validate_json(given) if isinstance(given, bytes) else TrialRequest.model_validate(given)
        )
    except ValidationError as error:
        raise CommandError(validation_message(error)) from error


async def _turn(house: TrialContext, name: str, asked: TrialRequest) -> TrialReply:
    try:
        return await take_turn(house, name, asked)
    except TrialError as error:
        raise CommandError(str(error)) from error


@asynccontextmanager
async def _context(settings: Settings, store: Store, name: str, asked: TrialRequest) -> AsyncIterator[TrialContext]:
    """What turns are made with: the script's text model, loaded, and the database. Raises CommandError."""
    async with store.sessions() as session:
        voice, wanted = voice_of(await newest(session, name, asked.version), asked)
    try:
        model = llm_of(settings, voice, wanted)
        text = await model.load()
    except NoLlmError as error:
        raise CommandError(str(error)) from error
    except BROKEN as error:
        raise CommandError(f"the text model {model.model} cannot be had: {error}") from error
    try:
        told = SIMULATED if is_simulated(settings) else model.model
        yield TrialContext(store.sessions, partial(rolled_back, store.engine), store.clock.now, text, told)
    finally:
        await text.close()
