"""The way from the door to the launch by keyboard alone: every stop is seen, panels open and close, nothing is a trap."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from dialer.settings import Settings
from dialer.wiring.stores import open_store
from tests.browser.conftest import House
from tests.support.databases import aside
from tests.support.pages import PASSWORD
from tests.support.people import enrol, phone_of

DRAFT = "Not begun yet"
MAX_STOPS = 80
AT = """
() => {
    const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
    return {
        words: (at.getAttribute("aria-label") || at.innerText || at.name || "").trim(),
        tag: at.tagName,
        isSeen: at.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isInView: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}
"""


async def _somebody_to_ring(settings: Settings) -> None:
    async with open_store(settings) as store:
        await enrol(store.sessions, 3, [phone_of(1)], {"consent": True})


def _tab_to(page: Page, is_it: Callable[[str, str], bool]) -> str:
    """Press Tab until there; each stop on the way must be one that can be seen."""
    passed = []
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(AT)
        if at["tag"] == "BODY":
            continue  # the round begins anew
        assert at["isSeen"], f"no focus is seen at {at}"
        assert at["isInView"], f"focus is out of sight at {at}"
        if is_it(at["words"], at["tag"]):
            return str(at["words"])
        passed.append(at["words"])
    raise AssertionError(f"never reached, of {passed}")


def _words(wanted: str) -> Callable[[str, str], bool]:
    return lambda words, _: words == wanted


def test_from_the_door_to_the_launch_by_keyboard_alone(house: House, settings: Settings) -> None:
    aside(_somebody_to_ring(settings))
    context = house.browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{house.url}/")
    expect(page.locator("#email")).to_be_focused()  # by itself, but only after the page has come
    page.keyboard.type("marketing@example.com")
    page.keyboard.press("Tab")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Home")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    _tab_to(page, _words("Campaigns"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Campaigns")
    _tab_to(page, _words(DRAFT))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(DRAFT)
    _tab_to(page, _words("Start…"))
    page.keyboard.press("Enter")
    panel = page.locator("details.confirm[open]")
    expect(panel).to_contain_text("1 lead can be called, within hours and rules.")
    _tab_to(page, _words("Start calling"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("summary", has_text="Start")).to_be_focused()
    _tab_to(page, _words("Edit"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Schedule and rules")
    _tab_to(page, _words("Launch"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Launch")
    said = _tab_to(page, lambda words, tag: tag == "BUTTON" and words.startswith("Launch: call"))
    assert said == "Launch: call 1 lead"
    context.close()


def test_a_panel_on_a_live_card_opens_and_closes_by_keyboard_and_one_at_a_time(house: House) -> None:
    with house.page() as page:
        page.goto(f"{house.url}/live")
        page.wait_for_selector("#calls .call")
        _tab_to(page, _words("Whisper"))
        page.keyboard.press("Enter")
        panels = page.locator("details.confirm[open]")
        expect(panels).to_have_count(1)
        page.keyboard.press("Tab")
        expect(page.locator("input[name=words]")).to_be_focused()
        page.keyboard.press("Escape")
        expect(panels).to_have_count(0)
        expect(page.locator("summary", has_text="Whisper")).to_be_focused()
        page.keyboard.press("Enter")
        _tab_to(page, _words("End"))
        page.keyboard.press("Enter")
        expect(panels).to_have_count(1)
        expect(panels.locator("summary")).to_have_text("End")


def test_the_drawer_of_a_lead_takes_the_focus_and_gives_it_back(house: House) -> None:
    with house.page() as page:
        page.goto(f"{house.url}/leads")
        first = page.locator("a[data-drawer]").first
        first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#drawer h2").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_empty()
        expect(first).to_be_focused()
