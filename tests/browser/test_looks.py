"""Every page in a real Chromium: light and dark, wide and 390 px, by axe, with hostile words in every list."""

import json
import os
from urllib.parse import urlsplit

from playwright.sync_api import Page

from dialer.web.app import make_app
from tests.browser.conftest import ARTEFACTS, Contrast, House, trouble
from tests.browser.views import page_routes, unseen, views

DESK, PHONE = 1280, 390
PICTURES = "DIALER_PICTURES" in os.environ


def test_everybody_can_use_every_page_light_dark_and_on_a_phone_and_no_words_of_a_list_run_in_it(house: House) -> None:
    """One visit a page: axe in light, contrast of each pair of colors in light and dark, and no sideways scrolling on a phone."""
    found, wide, seen, contrast = {}, {}, set(), Contrast()
    # A transition from one color to the other would still be under way when axe looks.
    for name, page in views(house, reduced_motion="reduce"):
        seen.add(urlsplit(page.url).path)
        assert page.title() != "taken", name
        assert page.locator("h1").count() == 1, name
        _picture(page, "light", name)
        if wrong := trouble(page, contrast=contrast.is_due(page)):
            found[f"{name} light"] = wrong
        page.emulate_media(color_scheme="dark")
        _picture(page, "dark", name)
        if contrast.is_due(page) and (wrong := trouble(page, "color-contrast")):
            found[f"{name} dark"] = wrong
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": PHONE, "height": 900})
        _picture(page, "390", name)
        if (width := _settled_width(page)) > PHONE:
            wide[name] = width
        page.set_viewport_size({"width": DESK, "height": 900})
    assert found == {}, json.dumps(found, indent=1)
    assert wide == {}
    assert unseen(page_routes(make_app(house.web.settings)), seen) == set(), "pages that nobody looked at"


def _settled_width(page: Page) -> int:
    """How wide the content is, once charts were drawn again for a window that has just become narrow."""
    for _ in range(40):
        if (width := int(page.evaluate("document.documentElement.scrollWidth"))) <= PHONE:
            break
        page.wait_for_timeout(50)
    return width


def _picture(page: Page, folder: str, name: str) -> None:
    """A screenshot for a person to look at, where they want some: DIALER_PICTURES=1."""
    if PICTURES:
        (ARTEFACTS / folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / folder / f"{name}.png", full_page=True)


def test_a_page_that_nobody_looks_at_is_told_apart_from_one_that_somebody_does() -> None:
    routes = {"/leads", "/leads/{lead_id:int}", "/meetings/went/{token:str}"}
    assert unseen(routes, {"/leads", "/meetings/went/x-1"}) == {"/leads/{lead_id:int}"}
    assert unseen(routes, {"/leads/1/why"}) == routes
