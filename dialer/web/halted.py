"""The kill switches that are on, for the banner of every page: asked once a second and process at most."""

from collections.abc import Sequence

from dialer.store.system import action_items
from dialer.store.tables import KillSwitch
from dialer.web.app_state import AppState

HALTED = "halted"


async def active_kill_switches(app_state: AppState) -> Sequence[KillSwitch]:
    """The switches that are on."""

    async def make() -> Sequence[KillSwitch]:
        async with app_state.sessions() as session:
            return await action_items.switches(session)

    return await app_state.stats_cache.get(HALTED, make)
