"""Take a turn of a script tried in text, in a process of its own: only it loads the text models' libraries."""

from litestar.exceptions import HTTPException, NotFoundException

from dialer.ava.trial.models import TrialReply, TrialRequest
from dialer.ava.trial.setup import voice_of
from dialer.isolated.runner import TaskError, TaskTimeoutError, run_isolated
from dialer.isolated.tasks import TRIAL_TURN, TrialTurnRequest
from dialer.services.scripts import UnknownScriptError, newest
from dialer.web.app_state import AppState
from dialer.wiring.llm import NoLlmError, llm_of


async def try_turn(app_state: AppState, name: str, asked: TrialRequest) -> TrialReply:
    """Take one turn.

    Raises:
        NotFoundException: there is no such script or version.
        HTTPException: 409, with the line that says why the turn was not had.
    """
    try:
        async with app_state.sessions() as session:
            script = await newest(session, name, asked.version)
        llm_of(app_state.settings, *voice_of(script, asked))
    except UnknownScriptError as error:
        raise NotFoundException(str(error)) from error
    except NoLlmError as error:
        raise HTTPException(str(error), status_code=409) from error
    try:
        reply = await run_isolated(TRIAL_TURN, TrialTurnRequest(script=name, turn=asked), app_state.settings)
    except TaskTimeoutError as error:
        raise HTTPException("AVA did not answer in time. Send your message again.", status_code=409) from error
    except TaskError as error:
        raise HTTPException(str(error), status_code=409) from error
    return TrialReply.model_validate(reply)
