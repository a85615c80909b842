"""The kill switches that are on, for the banner of every page: asked once a second and process at most."""

from collections.abc import Sequence

from dialer.store import attention
from dialer.store.tables import KillSwitch
from dialer.web.parts import Parts

HALTED = "halted"


async def halted(parts: Parts) -> Sequence[KillSwitch]:
    """The switches that are on."""

    async def make() -> Sequence[KillSwitch]:
        async with parts.sessions() as session:
            return await attention.switches(session)

    return await parts.kept.get(HALTED, make)
