"""Voices that take long to load are loaded for campaigns that may speak with them, once, and for no other."""

from sqlalchemy import text

from dialer.bridge.preload import Preloader
from dialer.services.campaigns.create import create_campaign
from dialer.voices.session import AnyVoice, Capabilities, PipelineVoice, SessionListener, VoiceSession
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN


def slow(name: str, loaded: list[str]) -> PipelineVoice:
    """A voice that says when it is loaded."""

    async def warm() -> None:
        loaded.append(name)

    async def shut() -> None:
        """Nothing is shared."""

    def leg(_talks: SessionListener, _model: str) -> VoiceSession:
        raise AssertionError

    return PipelineVoice(name, "m", leg, Capabilities("", True, True, "both", True), warm, shut)


async def speak_through(store: Store, first: str, second: str | None = None) -> None:
    """The shipped script names these voices from now on."""
    async with store.sessions.begin() as session:
        await session.execute(
            text("UPDATE script SET voice = :first, second_voice = :second"), {"first": first, "second": second}
        )


async def test_a_voice_is_loaded_when_a_campaign_may_speak_with_it_and_once(store: Store) -> None:
    loaded: list[str] = []
    voices: dict[str, AnyVoice] = {name: slow(name, loaded) for name in ("one", "two", "three")}
    warming = Preloader(store.sessions, voices)
    await speak_through(store, "one", "two")
    await warming.preload()
    assert loaded == [], "a script that no campaign uses"
    async with store.sessions.begin() as session:
        campaign = await create_campaign(session, ADMIN, "Spring")
    await warming.preload()
    await warming.preload()
    assert loaded == ["one", "two"]
    await speak_through(store, "three")
    async with store.sessions.begin() as session:
        await session.execute(text("UPDATE campaign SET state = 'stopped' WHERE id = :id"), {"id": campaign.id})
    await warming.preload()
    assert loaded == ["one", "two"], "it was stopped"
    async with store.sessions.begin() as session:
        await session.execute(text("UPDATE campaign SET state = 'running'"))
    await warming.preload()
    assert loaded == ["one", "two", "three"]


async def test_a_database_that_is_away_is_asked_again_later(store: Store) -> None:
    loaded: list[str] = []
    warming = Preloader(store.sessions, {"one": slow("one", loaded)})
    async with store.sessions.begin() as session:
        await create_campaign(session, ADMIN, "Spring")
    await speak_through(store, "one")
    async with store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE campaign RENAME TO elsewhere"))
    await warming.preload()
    async with store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO campaign"))
    await warming.preload()
    assert loaded == ["one"]
