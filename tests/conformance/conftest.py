"""The simulated services, twenty times as quick as in life, and a client without manners."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from dialer.simulator.world import World, WorldSettings, simulated_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20, generation_rate=20)) as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made
