"""Every page in a real Chromium: light and dark, wide and 390 px, by axe, with hostile words; a picture of each."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ARTEFACTS, House, trouble
from tests.support.pages import EMPTY_PAGES, FULL_PAGES

PAGES = (*EMPTY_PAGES, *FULL_PAGES, "a call", "a meeting")


def _open(page: Page, house: House, path: str) -> str:
    """Open a page and wait until it stands; a name for its picture."""
    if path == "a call":
        page.goto(f"{house.url}/calls?campaign=2")
        page.locator("tbody a").last.click()
        page.wait_for_selector("#facts-title")
        return "call"
    if path == "a meeting":
        page.goto(f"{house.url}/bookings/all")
        page.locator("tbody a:has-text('move or cancel')").first.click()
        page.wait_for_selector("#what-title")
        return "meeting"
    page.goto(f"{house.url}{path}")
    if path == "/live":
        page.wait_for_selector("#connection[data-state=connected]")
        page.wait_for_selector("#calls .call")
    return path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-").replace("%2B", "") or "home"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_every_page_and_no_words_of_a_list_or_a_call_run_in_it(house: House, scheme: str) -> None:
    folder = ARTEFACTS / scheme
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    with house.page(scheme=scheme) as page:
        for path in PAGES:
            name = _open(page, house, path)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            assert page.title() != "taken", path
            assert page.locator("h1").count() == 1, path
            if wrong := trouble(page):
                found[path] = wrong
    assert found == {}, json.dumps(found, indent=1)


def test_every_page_fits_a_telephone(house: House) -> None:
    folder: Path = ARTEFACTS / "390"
    folder.mkdir(parents=True, exist_ok=True)
    wide = {}
    with house.page(width=390) as page:
        for path in PAGES:
            name = _open(page, house, path)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 390:
                wide[path] = width
    assert wide == {}
