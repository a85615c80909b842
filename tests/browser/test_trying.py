"""A script tried in text in a real Chromium: three turns, what she called and what would have been left; the text of a form."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from dialer.cli.rehearsal.environment import simulated_world
from dialer.settings import Settings
from dialer.wiring.environment import clean_environment
from tests.browser.conftest import ARTEFACTS, House, WebProcess, trouble, web_process
from tests.browser.filled import ATTACK, NOW, Filled, fill
from tests.support.databases import aside
from tests.support.trials import MEETING

SOON_MS = 30_000


@pytest.fixture
def answered(settings: Settings) -> Iterator[tuple[WebProcess, Filled]]:
    """A filled house that has the keys of a simulated world's text models: its web process, and what is in it."""
    what = aside(fill(settings))
    with simulated_world(clean_environment(), speed=20) as (_, keyed):
        database = settings.model_dump(include={"dialer_database_url", "dialer_redis_url", "dialer_data_dir"})
        with web_process(
            keyed.model_copy(update={**database, "dialer_clock": NOW.isoformat(timespec="minutes")})
        ) as web:
            yield web, what


@pytest.fixture
def ava(answered: tuple[WebProcess, Filled], chromium: Browser) -> House:
    """That house, and a browser."""
    web, what = answered
    return House(web, chromium, what)


def _say(page: Page, words: str, so_many: int) -> None:
    """By the keyboard; until AVA has answered."""
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator(".say .thinking")).to_be_visible()
    expect(page.locator(".say button")).to_be_disabled()
    expect(page.locator("#talk li[data-who=Student]")).to_have_count(so_many, timeout=SOON_MS)
    expect(page.locator("#talk li[data-who=Student]").last).to_have_text(words)
    expect(page.locator(".say .thinking")).to_be_hidden()


def test_marketing_talks_to_ava_in_text_and_sees_what_she_does(ava: House) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    with ava.page() as page:
        page.goto(f"{ava.url}/scripts/ava")
        page.click("text=Test in text")
        expect(page.locator("h1")).to_have_text("Test ava in text")
        expect(page.locator(".note").first).to_contain_text("Nothing is saved or booked, and no one is called")
        assert trouble(page) == []
        page.screenshot(path=ARTEFACTS / "trying-begin.png", full_page=True)
        page.select_option("#who", index=1)
        page.click("text=Start test")
        expect(page.locator("#talk li")).to_have_count(1, timeout=SOON_MS)
        expect(page.locator("#heard")).to_contain_text("AVA: Hello")
        for n, words in enumerate((MEETING[1], MEETING[3], MEETING[4]), 1):
            _say(page, words, n)
        page.click("summary:has-text('AVA held a time')")
        expect(page.locator("details[open] pre").last).to_contain_text('"held": true')
        expect(page.locator("aside")).to_contain_text("Meeting held")
        expect(page.locator("aside")).to_contain_text("3 of 30")
        assert page.title() != "taken"
        schemes: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # else colours are still on their way
            assert trouble(page) == []
            page.screenshot(path=ARTEFACTS / f"trying-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=ARTEFACTS / "trying-390.png", full_page=True)


@pytest.mark.full
def test_the_text_of_a_form_is_tried_beside_it_and_is_still_there(ava: House) -> None:
    with ava.page() as page:
        page.goto(f"{ava.url}/scripts/ava")
        newest = page.locator("#edit-title").inner_text()
        page.fill("#opening", f"Good day. {ATTACK}")
        with page.context.expect_page() as opened:
            page.click("text=Test without saving")
        tab = opened.value
        expect(tab.locator("#trial form p").first).to_have_text(
            "You are testing the text in the form. It is not saved."
        )
        tab.click("text=Start test")
        expect(tab.locator("#talk li").first).to_contain_text("Hello, this is AVA, an AI assistant", timeout=SOON_MS)
        complaints: list[str] = []
        tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        tab.click("text=Start over")
        expect(tab.locator(".acts .thinking").last).to_be_visible()
        expect(tab.locator(".acts .thinking").last).to_be_hidden(timeout=SOON_MS)
        expect(tab.locator("#talk li")).to_have_count(1)
        tab.click("text=Choose another student")
        expect(tab.locator("#whom-title")).to_be_focused()
        expect(tab.locator("#trial form p").first).to_contain_text("the text in the form")
        expect(tab.locator("#trial input[name=opening]")).to_have_value(f"Good day. {ATTACK}")
        assert complaints == []
        assert tab.title() != "taken"
        assert trouble(tab) == []
        tab.set_viewport_size({"width": 390, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        tab.screenshot(path=ARTEFACTS / "trying-begin-390.png", full_page=True)
        expect(page.locator("#opening")).to_have_value(f"Good day. {ATTACK}")
        page.reload()
        expect(page.locator("#edit-title")).to_have_text(newest)  # no version was made


def test_without_a_key_the_page_says_which_would_do_and_keeps_what_was_chosen(house: House) -> None:
    with house.page() as page:
        page.goto(f"{house.url}/scripts/ava/try")
        page.fill("#student", "Asha Rao")
        page.click("text=Start test")
        expect(page.locator("#trial [role=alert]")).to_contain_text("no text model has a key to try a script with: set")
        expect(page.locator("#student")).to_have_value("Asha Rao")
        assert trouble(page) == []
