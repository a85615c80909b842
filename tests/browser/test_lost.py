"""Pages that lose their server or their reader: what they say, what comes back, and what is asked no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from signal import SIGKILL
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from redis import Redis
from sqlalchemy import select, update

from dialer.bus import live_feed
from dialer.domain.calling.call import Outcome, State
from dialer.settings import Settings
from dialer.store.tables import Call, SignIn, Turn
from dialer.wiring.stores import open_store
from tests.browser.conftest import House, WebProcess
from tests.browser.filled import Filled
from tests.support.databases import aside
from tests.support.proxy import Proxy

AGAIN_MS, SOON_MS = 40_000, 15_000


@pytest.fixture
def wire(filled: tuple[WebProcess, Filled]) -> Iterator[Proxy]:
    """What lies between the browser and the web process."""
    port = urlsplit(filled[0].url).port
    assert port is not None
    with Proxy("127.0.0.1", port) as proxy:
        yield proxy


@pytest.fixture
def far(wire: Proxy, filled: tuple[WebProcess, Filled], chromium: Browser) -> House:
    """The house, behind that wire."""
    web, what = filled

    class Far(House):
        @property
        def url(self) -> str:
            return f"http://127.0.0.1:{wire.port}"

    return Far(web, chromium, what)


@contextmanager
def on_live(house: House) -> Iterator[Page]:
    with house.page(refusals=True) as page:
        page.goto(f"{house.url}/live")
        expect(page.locator("#connection")).to_have_text("Connected")
        expect(page.locator("#calls .call")).to_have_count(1)
        yield page


def _card(page: Page, name: str) -> Locator:
    return page.locator("#calls .call", has=page.locator(".who", has_text=name))


async def _the_live_call(settings: Settings) -> UUID:
    async with open_store(settings) as store, store.sessions() as session:
        return (await session.scalars(select(Call.id).where(Call.state == State.TALKING))).one()


async def _go_on_without_telling(settings: Settings, ended: UUID) -> UUID:
    """Meanwhile that call ends, and another one is answered and says something; nobody who watches hears of it."""
    async with open_store(settings) as store, store.sessions.begin() as session:
        call = await session.get_one(Call, ended)
        new = {column.key: getattr(call, column.key) for column in Call.__table__.columns}
        call.state, call.outcome, call.ended_at = State.ENDED, Outcome.QUALIFIED, call.created_at
        await session.flush()
        made = Call(**(new | {"id": uuid4(), "n": 3, "carrier_sid": None, "token_hash": None}))
        session.add(made)
        await session.flush()
        words = {"speaker": "student", "text": "I am new here", "at": call.created_at, "stream_ms": 100}
        session.add(Turn(call_id=made.id, item="new-1", position=0, **words))
        return made.id


async def _say(settings: Settings, call_id: UUID, words: str) -> None:
    async with open_store(settings) as store, store.sessions.begin() as session:
        more = {"speaker": "student", "text": words, "at": datetime.now(UTC), "stream_ms": 20_000}
        session.add(Turn(call_id=call_id, item="item-9", position=9, **more))


def test_a_cut_socket_is_told_and_comes_back_with_every_card_right(far: House, wire: Proxy, settings: Settings) -> None:
    call_id = aside(_the_live_call(settings))
    with on_live(far) as page:
        first = page.locator("#calls .call").first
        expect(first.locator(".turns li")).to_have_count(4)
        first.get_by_text("Whisper", exact=True).click()
        first.locator("input[name=words]").fill("Offer the scholar")
        wire.down()
        expect(page.locator("#connection")).to_have_text("Disconnected")
        aside(_say(settings, call_id, "Are you still there?"))
        wire.up()
        expect(page.locator("#connection")).to_have_text("Connected", timeout=AGAIN_MS)
        expect(page.locator("#calls .call")).to_have_count(1)
        expect(first.locator(".turns li")).to_have_count(5)
        expect(first.locator(".turns li").last).to_have_text("Are you still there?")
        expect(first.locator(".fields li")).to_have_count(2)
        assert first.locator("input[name=words]").input_value() == "Offer the scholar", "what was being written is kept"


def test_a_web_process_that_dies_costs_no_card_and_what_ended_meanwhile_is_gone(
    house: House, settings: Settings
) -> None:
    call_id = aside(_the_live_call(settings))
    with on_live(house) as page:
        was = page.locator("#calls .call .open").get_attribute("href")
        house.web.end(SIGKILL)
        expect(page.locator("#connection")).to_have_text("Disconnected")
        new = aside(_go_on_without_telling(settings, call_id))
        house.web.start()
        expect(page.locator("#connection")).to_have_text("Connected", timeout=AGAIN_MS)
        expect(page.locator("#calls .call")).to_have_count(1)
        assert was == f"/calls/{call_id}"
        expect(page.locator("#calls .call .open")).to_have_attribute("href", f"/calls/{new}")
        expect(page.locator("#calls .call .turns li")).to_have_text(["I am new here"])
        expect(page.locator("#count")).to_have_text("1")
        expect(page.locator("#health")).to_contain_text("System OK")
        assert settings.dialer_redis_url is not None
        with Redis.from_url(settings.dialer_redis_url) as redis:
            more = {"text": "Welcome!", "item": "new-2", "position": 1}
            redis.publish(live_feed.CHANNEL, live_feed.message("ava_response", new, datetime.now(UTC), **more))
        expect(page.locator("#calls .call .turns li")).to_have_text(["I am new here", "Welcome!"])


def test_who_signs_out_elsewhere_is_told_on_every_open_page_and_comes_back_to_where_they_were(house: House) -> None:
    with on_live(house) as page:
        home = page.context.new_page()
        home.goto(f"{house.url}/")
        asked: list[str] = []
        home.on("request", lambda request: asked.append(request.url))
        third = page.context.new_page()
        third.goto(f"{house.url}/account")
        third.get_by_role("button", name="Sign out", exact=True).click()
        third.wait_for_url("**/sign-in")
        for each, to in ((page, "%2Flive"), (home, "%2F")):
            alert = each.locator("[role=alert]")
            expect(alert).to_contain_text("You are signed out", timeout=SOON_MS)
            expect(alert).to_have_count(1)
            expect(alert.locator("a")).to_have_attribute("href", f"/sign-in?to={to}")
        expect(page.locator("#connection")).to_have_text("Signed out")
        asked.clear()
        home.wait_for_timeout(6_000)
        assert asked == [], "it does not go on asking"
        expect(page.locator("#connection")).to_have_text("Signed out")
        page.locator("[role=alert] a").click()
        expect(page.locator("input[name=to]")).to_have_value("/live")


def test_a_sign_in_that_ran_out_while_the_line_was_down_is_not_tried_for_ever(
    far: House, wire: Proxy, settings: Settings
) -> None:
    async def run_out() -> None:
        async with open_store(settings) as store, store.sessions.begin() as session:
            await session.execute(update(SignIn).values(seen_at=datetime(2020, 1, 1, tzinfo=UTC)))

    with on_live(far) as page:
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        wire.down()
        expect(page.locator("#connection")).to_have_text("Disconnected")
        aside(run_out())
        wire.up()
        expect(page.locator("#connection")).to_have_text("Signed out", timeout=AGAIN_MS)
        expect(page.locator("[role=alert]")).to_contain_text("You are signed out")
        tried = len(sockets)
        page.wait_for_timeout(3_000)
        assert len(sockets) == tried
