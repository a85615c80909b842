"""A talk with AVA in text against the simulated world's text models, and whether the database is as it was before."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import text

from dialer.ava.trial.models import TrialReply, TrialRequest
from dialer.ava.trial.text import TrialContext, take_turn
from dialer.settings import Settings
from dialer.simulator.world import World
from dialer.store.sessions import Sessions, rolled_back
from dialer.store.tables import Base
from dialer.wiring.llm import llm_of
from dialer.wiring.stores import Store
from tests.support.people import eleven
from tests.support.world import keys

MEETING = (
    "Yes, hello. My name is Priya, my cousin studied abroad and she inspired me.",
    "I want to study data science in Canada.",
    "Next year, and my budget is twenty lakh rupees.",
    "Yes, a meeting sounds good.",
    "The first one is fine for me.",
    "Yes, that is right, please book it.",
    "Great, thank you so much. Bye.",
)
"""What a student says who books a meeting, turn by turn."""


class Talking:
    """A trial of one script, turn after turn."""

    def __init__(self, house: TrialContext, name: str = "ava", **setup: Any) -> None:
        self.house, self.name, self.setup = house, name, setup
        self.told: TrialReply | None = None

    async def __call__(self, words: str = "") -> TrialReply:
        """Say something, or (nothing) let AVA open."""
        so_far = {"talk": self.told.talk, "offered": self.told.offered} if self.told else {}
        asked = TrialRequest.model_validate({**self.setup, **so_far, "words": words})
        self.told = await take_turn(self.house, self.name, asked)
        return self.told


@asynccontextmanager
async def trial_house(store: Store, world: World, voice: str = "openai_realtime") -> AsyncIterator[TrialContext]:
    """What turns are made with, at eleven on a Tuesday morning in Kolkata."""
    model = llm_of(Settings(_env_file=None, **keys(world)), voice, None)  # type: ignore[call-arg]
    loaded = await model.load()
    try:
        yield TrialContext(store.sessions, partial(rolled_back, store.engine), eleven, loaded, model.model)
    finally:
        await loaded.close()


async def rows(sessions: Sessions) -> dict[str, str]:
    """Every table with a digest of all its rows."""
    found = {}
    async with sessions() as session:
        for table in Base.metadata.sorted_tables:
            whole = text(
                f"SELECT coalesce(string_agg(each::text, E'\\n' ORDER BY each::text), '') FROM \"{table.name}\" AS each"
            )
            found[table.name] = hashlib.sha256((await session.scalar(whole)).encode()).hexdigest()
    return found


def tools_of(told: TrialReply) -> list[str]:
    """What AVA called in a turn."""
    return [used.name for said in told.said for used in said.calls]
