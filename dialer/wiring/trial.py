"""What a script is tried in text with: its text model, loaded, and the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from dialer.ava.trial.models import TrialRequest
from dialer.ava.trial.setup import voice_of
from dialer.ava.trial.text import TrialContext
from dialer.services.scripts import newest
from dialer.settings import Settings
from dialer.store.sessions import rolled_back
from dialer.wiring.llm import SIMULATED, NoLlmError, is_simulated, llm_of
from dialer.wiring.stores import Store

LOAD_ERRORS = (ImportError, RuntimeError, ValueError)
"""What a text model's library raises that cannot be loaded, or rejects its key, URL or model name."""


@asynccontextmanager
async def open_trial(settings: Settings, store: Store, name: str, request: TrialRequest) -> AsyncIterator[TrialContext]:
    """Load the script's text model for a trial.

    Raises:
        UnknownScriptError: there is no such script or version.
        NoLlmError: no text model has a key, or its library failed to load.
    """
    async with store.sessions() as session:
        voice, wanted = voice_of(await newest(session, name, request.version), request)
    config = llm_of(settings, voice, wanted)
    try:
        llm = await config.load()
    except LOAD_ERRORS as error:
        raise NoLlmError(f"the text model {config.model} failed to load: {error}") from error
    try:
        model = SIMULATED if is_simulated(settings) else config.model
        yield TrialContext(store.sessions, partial(rolled_back, store.engine), store.clock.now, llm, model)
    finally:
        await llm.close()
