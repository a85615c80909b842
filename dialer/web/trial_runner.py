"""A turn of a script tried in text, taken by a process of its own: the text models' libraries are loaded there only."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from litestar.exceptions import HTTPException, NotFoundException

from dialer.ava.trial.models import TrialReply, TrialRequest
from dialer.ava.trial.setup import voice_of
from dialer.services.scripts import UnknownScriptError, newest
from dialer.web.app_state import AppState
from dialer.web.upload_runner import run_command
from dialer.wiring.llm import NoLlmError, llm_of

TIMEOUT_S = 120.0
"""More than a turn may take, and its process to start."""
MAX_CONCURRENT = 4
"""Turns that this process has taken at the same time: each is a process of some 150 MB."""


class _Seats:
    """How many are being taken."""

    def __init__(self) -> None:
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """A seat for one turn. Raises HTTPException where there is none."""
        if self.taken >= MAX_CONCURRENT:
            raise HTTPException(
                f"{MAX_CONCURRENT} script tests are running right now. Try again in a moment.", status_code=409
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


_seats = _Seats()


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
    with _seats.one(), TemporaryDirectory(prefix="trial-") as folder:
        turn = Path(folder) / "turn.json"
        await asyncio.to_thread(turn.write_text, asked.model_dump_json(exclude_unset=True), "utf-8")
        words = ("script", "try", "--turn", str(turn), "--", name)
        try:
            code, out, says = await run_command(app_state, *words, within_s=TIMEOUT_S)
        except TimeoutError as error:
            raise HTTPException("AVA did not answer in time. Send your message again.", status_code=409) from error
    if code:
        raise HTTPException(says, status_code=409)
    return TrialReply.model_validate_json(out)
