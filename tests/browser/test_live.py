"""The Live page in a real Chromium: what is told of calls stands on their cards, whatever order and words it comes in."""

from datetime import UTC, datetime
from uuid import uuid4

from playwright.sync_api import expect
from redis import Redis

from dialer.bus import live_feed
from dialer.settings import Settings
from tests.browser.conftest import House
from tests.browser.filled import ATTACK


def test_a_call_fills_its_card_and_a_late_word_of_the_carrier_takes_nothing_back(
    house: House, settings: Settings
) -> None:
    assert settings.dialer_redis_url is not None
    redis = Redis.from_url(settings.dialer_redis_url)
    call_id, now = uuid4(), datetime.now(UTC)

    def tell(kind: live_feed.Kind, **more: object) -> None:
        redis.publish(live_feed.CHANNEL, live_feed.message(kind, call_id, now, **more))

    with house.page() as page:
        page.goto(f"{house.url}/live")
        expect(page.locator("#connection")).to_have_text("Connected")
        expect(page.locator("#calls .call")).to_have_count(1)
        tell("callStatus", status="active", state="ringing", name="Asha", phone="+919812000001", campaign="Spring")
        card = page.locator("#calls .call").nth(1)
        expect(card.locator("header")).to_contain_text("Asha +919812000001 Spring Ringing")
        expect(card.locator(".hands")).to_be_hidden()
        tell("clientConnected", name=f"Asha {ATTACK}", phone="+919812000001")
        tell("callStatus", status="active", state="placed")
        tell("user_transcript", text=f"Canada {ATTACK}", item="b", position=1)
        tell("ava_response", text="Which country?", item="a", position=0)
        tell("field", result={"saved": {"country": f"Canada {ATTACK}"}})
        expect(card.locator(".state")).to_have_text("In progress")
        expect(card.locator(".who")).to_have_text(f"Asha {ATTACK}")
        expect(card.locator(".turns li")).to_have_text(["Which country?", f"Canada {ATTACK}"])
        expect(card.locator(".fields li")).to_have_text(f"Country Canada {ATTACK}")
        card.get_by_text("Whisper", exact=True).click()
        card.locator("input[name=words]").fill("Offer the scholarship")
        assert page.title() != "taken"
        tell("callStatus", status="inactive", outcome="booked")
        expect(page.locator("#ended .call .state")).to_have_text("Booked")
        expect(page.locator("#ended .call .hands")).to_have_count(0)
        other = uuid4()
        redis.publish(live_feed.CHANNEL, live_feed.message("callStatus", other, now, status="active", state="placed"))
        redis.publish(live_feed.CHANNEL, live_feed.message("callStatus", other, now, status="inactive", outcome="busy"))
        expect(page.locator("#ended .call").first.locator("header")).to_contain_text("Unnamed lead")
        expect(page.locator("#ended .call").first.locator("header")).to_contain_text("Line busy")
    redis.close()
