"""`dialer script try`: talk to AVA in text at the terminal; nothing of it is saved, booked or called."""

from typing import Any

import click
from pydantic import ValidationError

from dialer.ava.trial.models import TrialReply, TrialRequest, TrialTurn, validation_message
from dialer.ava.trial.setup import TrialError
from dialer.ava.trial.text import TrialContext, take_turn
from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.settings import Settings
from dialer.wiring.llm import NoLlmError
from dialer.wiring.stores import Store
from dialer.wiring.trial import open_trial

NOTHING = "Nothing of this was saved, booked or called."
GREY = "bright_black"


def try_script(name: str, **chosen: Any) -> None:
    asked = _asked({key: value for key, value in chosen.items() if value is not None})

    async def work(settings: Settings, store: Store) -> TrialReply:
        try:
            async with open_trial(settings, store, name, asked) as context:
                return await _talk(context, name, asked, await _turn(context, name, asked))
        except NoLlmError as error:
            raise CommandError(str(error)) from error

    told = with_store(work)
    click.echo(f"\n{NOTHING} A call would have left:")
    for what, value in told.kept.lines(told.zone) or [("nothing", "")]:
        click.echo(f"  {what:18} {value}".rstrip())
    click.secho(f"{told.tokens_in:,} tokens in, {told.tokens_out:,} out, by {told.model}", fg=GREY)


async def _talk(context: TrialContext, name: str, asked: TrialRequest, told: TrialReply) -> TrialReply:
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
            told = await take_turn(context, name, again)
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


def _asked(given: dict[str, Any]) -> TrialRequest:
    try:
        return TrialRequest.model_validate(given)
    except ValidationError as error:
        raise CommandError(validation_message(error)) from error


async def _turn(context: TrialContext, name: str, asked: TrialRequest) -> TrialReply:
    try:
        return await take_turn(context, name, asked)
    except TrialError as error:
        raise CommandError(str(error)) from error
