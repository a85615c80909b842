"""The task that takes one turn of a script tried in text. It loads a text model's library, which the web process must not."""

from typing import Any

from dialer.ava.trial.setup import TrialError
from dialer.ava.trial.text import take_turn
from dialer.isolated.runner import TaskError
from dialer.isolated.tasks import TrialTurnRequest
from dialer.services.scripts import UnknownScriptError
from dialer.settings import Settings
from dialer.wiring.llm import NoLlmError
from dialer.wiring.stores import open_store
from dialer.wiring.trial import open_trial


async def take_trial_turn(settings: Settings, request: TrialTurnRequest) -> Any:
    """Take one turn; return a TrialReply as JSON."""
    try:
        async with (
            open_store(settings, pool_size=2) as store,
            open_trial(settings, store, request.script, request.turn) as context,
        ):
            reply = await take_turn(context, request.script, request.turn)
    except (NoLlmError, TrialError, UnknownScriptError) as error:
        raise TaskError(str(error)) from error
    return reply.model_dump(mode="json")
