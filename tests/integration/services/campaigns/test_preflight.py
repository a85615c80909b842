"""Nobody is rung by a campaign whose voice cannot speak: what is wrong is found first, and stands on the campaign."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from dialer.doctor.voices import examine, what_is_missing
from dialer.services.dialing.sweep import Patience
from dialer.services.scripts import add_script
from dialer.settings import Settings
from dialer.simulator.faults import Fault
from dialer.simulator.world import World, WorldSettings, simulated_world
from dialer.store.tables import Campaign
from dialer.wiring.stores import Store
from dialer.wiring.voices import NAMES, make_sockets, make_voices
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.people import ADDRESSES, TUESDAY_11, enrol, phone_of, running_campaign
from tests.support.world import keys as keys_of
from workers import jobs
from workers.jobs import WorkerContext
from workers.voices import PreflightVoices

CLOSED = "ws://127.0.0.1:9/v1/realtime"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20)) as made:
        yield made


@pytest.fixture
def keys(settings: Settings, world: World) -> Settings:
    """Settings with a key of the world for every voice."""
    return Settings(_env_file=None, **settings.model_dump(exclude={"public_url", "media_url"}) | keys_of(world))


class Redis:
    """A Redis in which nobody asked for a call; what is put to work is kept."""

    def __init__(self) -> None:
        self.work: list[tuple[Any, ...]] = []

    async def lpop(self, _: str) -> None:
        """Nothing."""

    async def enqueue_job(self, *words: Any, **_: Any) -> None:
        """Keep it."""
        self.work.append(words)


class Shop:
    """A worker without its arq: ticks, and the trials that they ask for. A voice is shut after each of them."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.carrier = ScriptedCarrier()
        self.ctx: Any = {
            "redis": Redis(),
            "parts": WorkerContext(
                store.sessions,
                {"twilio": self.carrier},
                ADDRESSES,
                lambda: TUESDAY_11,
                Patience(),
                PreflightVoices(make_voices(settings), make_sockets(settings)),
            ),
        }

    async def tick(self) -> int:
        """One tick: how many calls were claimed."""
        return await jobs.tick(self.ctx)

    async def tried(self) -> list[bool]:
        """Do the trials that were asked for; which voices speak."""
        work, self.ctx["redis"].work = self.ctx["redis"].work, []
        try:
            return [await jobs.preflight_voice_job(self.ctx, words[1]) for words in work if words[0] == "try_voice"]
        finally:
            await self.ctx["parts"].voices.shut()

    async def campaign(self, name: str = "Spring", **script: Any) -> int:
        """A running campaign with somebody to ring, and a script of its own."""
        campaign_id = await running_campaign(self.store.sessions, name)
        await enrol(self.store.sessions, campaign_id, [phone_of(campaign_id)])
        if script:
            async with self.store.sessions.begin() as session:
                made = await add_script(session, ADMIN, name, script)
                await session.execute(update(Campaign).where(Campaign.id == campaign_id).values(script_id=made.id))
        return campaign_id

    async def stands(self, campaign_id: int) -> tuple[str, str | None]:
        """A campaign's state, and why."""
        async with self.store.sessions() as session:
            found = await session.get_one(Campaign, campaign_id)
            return found.state, found.state_reason


async def test_nobody_is_rung_before_the_voice_spoke_and_everybody_after(store: Store, keys: Settings) -> None:
    shop = Shop(store, keys)
    campaign_id = await shop.campaign()
    assert await shop.tick() == 0
    assert await shop.tick() == 0
    assert await shop.tried() == [True], "asked once, however often the clock ticks"
    assert await shop.stands(campaign_id) == ("running", None)
    assert await shop.tick() == 1


async def test_a_campaign_that_is_started_again_is_tried_again_unless_its_script_spoke_just_now(
    store: Store, keys: Settings
) -> None:
    shop = Shop(store, keys)
    first = await shop.campaign()
    await shop.tick()
    await shop.tried()
    second = await shop.campaign("Summer")
    assert await shop.tick() == 2, "its script is the first one's"
    async with store.sessions.begin() as session:
        long_ago = Campaign.resumed_at - timedelta(hours=1)
        await session.execute(update(Campaign).values(voice_checked_at=long_ago, voice_asked_at=long_ago))
    await shop.tick()
    assert len(await shop.tried()) == 2
    assert {await shop.stands(each) for each in (first, second)} == {("running", None)}


@pytest.mark.parametrize(
    ("change", "script", "says"),
    [
        ({"openai_api_key": SecretStr("sk-other")}, {}, "401"),
        ({}, {"model": "gpt-4o-realtime-preview"}, "400"),
        ({}, {"voice": "gemini_live", "model": "gemini-1.0-live"}, "gemini-1.0-live"),
        ({"openai_api_key": None}, {}, "it has no key"),
        ({"deepgram_api_key": SecretStr("dg-other")}, {"voice": "cascade_anthropic"}, "401"),
        ({}, {"voice": "cascade_cohere", "model": "command-xlarge"}, "command-xlarge"),
    ],
    ids=["wrong key", "retired model", "unknown gemini model", "no key", "wrong key of a part", "unknown text model"],
)
async def test_a_voice_that_can_never_speak_pauses_the_campaign_and_says_why(
    store: Store, keys: Settings, change: dict[str, Any], script: dict[str, Any], says: str
) -> None:
    shop = Shop(store, keys.model_copy(update=change))
    campaign_id = await shop.campaign(**script)
    assert await shop.tick() == 0
    assert await shop.tried() == [False]
    state, why = await shop.stands(campaign_id)
    assert state == "paused"
    assert why is not None
    assert says in why
    assert "fix it, then start again" in why
    assert await shop.tick() == 0
    assert shop.carrier.orders == []


async def test_an_account_without_money_is_found_before_a_thousand_people_are_rung(
    store: Store, keys: Settings, world: World
) -> None:
    shop = Shop(store, keys)
    campaign_id = await shop.campaign()
    world.faults.add(Fault("model", "failed", code="insufficient_quota"))
    await shop.tick()
    assert await shop.tried() == [False]
    state, why = await shop.stands(campaign_id)
    assert (state, "insufficient_quota" in (why or "")) == ("paused", True)


async def test_a_provider_that_is_down_is_asked_again_and_nobody_is_rung_meanwhile(
    store: Store, keys: Settings
) -> None:
    down = Shop(store, keys.model_copy(update={"openai_realtime_url": CLOSED}))
    campaign_id = await down.campaign()
    await down.tick()
    assert await down.tried() == [False]
    state, why = await down.stands(campaign_id)
    assert (state, "it is checked again every 60 s" in (why or "")) == ("running", True)
    assert await down.tick() == 0
    assert await down.tried() == [], "not before a minute has passed"
    async with store.sessions.begin() as session:
        minute = {"voice_asked_at": Campaign.voice_asked_at - timedelta(seconds=61)}
        await session.execute(update(Campaign).values(minute))
        await session.execute(update(Campaign).values(resumed_at=Campaign.voice_asked_at - timedelta(seconds=1)))
    up = Shop(store, keys)
    assert await up.tick() == 0
    assert await up.tried() == [True]
    assert await up.stands(campaign_id) == ("running", None)
    assert await up.tick() == 1


async def test_where_the_second_voice_speaks_the_campaign_goes_on_and_says_so(store: Store, keys: Settings) -> None:
    shop = Shop(store, keys.model_copy(update={"openai_api_key": SecretStr("sk-other")}))
    campaign_id = await shop.campaign(second_voice="gemini_live")
    await shop.tick()
    assert await shop.tried() == [True]
    state, why = await shop.stands(campaign_id)
    assert state == "running"
    assert why is not None
    assert why.endswith("gemini_live speaks instead")
    assert await shop.tick() == 1


async def test_a_campaign_that_was_paused_while_its_voice_was_tried_stays_paused(store: Store, keys: Settings) -> None:
    shop = Shop(store, keys.model_copy(update={"openai_realtime_url": CLOSED}))
    campaign_id = await shop.campaign()
    await shop.tick()
    async with store.sessions.begin() as session:
        await session.execute(update(Campaign).values(state="paused", state_reason="by hand"))
    await shop.tried()
    assert await shop.stands(campaign_id) == ("paused", "by hand")


@pytest.mark.parametrize("name", NAMES)
async def test_the_doctor_hears_every_voice_say_a_word(keys: Settings, name: str) -> None:
    state, says = await examine(keys, name)
    assert state == "ok", says
    assert "first sound" in says


async def test_the_doctor_says_what_is_missing_and_what_is_wrong(settings: Settings, keys: Settings) -> None:
    assert await examine(settings, "openai_realtime") == ("missing", "set OPENAI_API_KEY")
    assert what_is_missing(settings, "cascade_cohere") == "set CO_API_KEY and DEEPGRAM_API_KEY"
    spoken = settings.model_copy(update={"dialer_cascade_stt": "openai", "dialer_cascade_tts": "elevenlabs"})
    assert what_is_missing(spoken, "cascade_openai") == "set OPENAI_API_KEY and ELEVENLABS_API_KEY"
    state, says = await examine(keys.model_copy(update={"openai_api_key": SecretStr("sk-other")}), "openai_realtime")
    assert state == "wrong"
    assert "401" in says
    assert "OPENAI_API_KEY" in says


def test_every_voice_that_a_script_can_name_is_made_where_its_keys_are(keys: Settings) -> None:
    assert set(make_voices(keys)) == set(NAMES)
