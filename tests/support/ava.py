"""AVA in one answered call: a tool by name, its result as an object."""

import json
from typing import Any

from sqlalchemy import select

from dialer.ava.tools import Tools
from dialer.services.calls.close_conversation import CallMetrics, close_conversation
from dialer.services.calls.context import CallContext
from dialer.store.tables import Call
from dialer.wiring.stores import Store
from tests.support.people import TUESDAY_11, call_row, eleven


class Ava:
    """AVA in one call."""

    def __init__(self, store: Store, talk: CallContext) -> None:
        self.talk = talk
        self.tools = Tools(store.sessions, talk, eleven)
        self.items = 0

    async def __call__(self, name: str, /, item: str | None = None, **arguments: Any) -> dict[str, Any]:
        self.items += 1
        answered = await self.tools.run(item or f"item_{self.items}", name, json.dumps(arguments))
        return dict(json.loads(answered.output))


async def all_of(store: Store, table: Any) -> list[Any]:
    """Every row of a table."""
    async with store.sessions() as session:
        return list((await session.scalars(select(table))).all())


async def end(store: Store, talk: CallContext) -> Call:
    """End the call as the bridge does; its row."""
    async with store.sessions.begin() as session:
        await close_conversation(
            session, talk.call_id, CallMetrics({}, (), "", "", None, []), ours=None, now=TUESDAY_11
        )
    return await call_row(store.sessions, talk.call_id)
