"""Every page in a real Chromium: light and dark, wide and 390 px, by axe, with hostile words; a picture of each."""

import json
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dialer.web.app import make_app
from tests.browser.conftest import ARTEFACTS, House, trouble
from tests.browser.views import page_routes, unseen, views

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def _folder(name: str) -> Path:
    folder = ARTEFACTS / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_everybody_can_use_every_page_and_no_words_of_a_list_or_a_call_run_in_it(house: House) -> None:
    found, seen = {}, set()
    # What fades from one colour into the other is still on its way when axe looks.
    for name, page in views(house, reduced_motion="reduce"):
        seen.add(urlsplit(page.url).path)
        assert page.title() != "taken", name
        assert page.locator("h1").count() == 1, name
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=_folder(scheme) / f"{name}.png", full_page=True)
            if wrong := trouble(page):
                found[f"{name} {scheme}"] = wrong
    assert found == {}, json.dumps(found, indent=1)
    assert unseen(page_routes(make_app(house.web.settings)), seen) == set(), "pages that nobody looked at"


def test_every_page_fits_a_telephone(house: House) -> None:
    wide = {}
    for name, page in views(house, width=390):
        page.screenshot(path=_folder("390") / f"{name}.png", full_page=True)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide[name] = width
    assert wide == {}


def test_a_page_that_nobody_looks_at_is_told_apart_from_one_that_somebody_does() -> None:
    routes = {"/leads", "/leads/{lead_id:int}", "/meetings/went/{token:str}"}
    assert unseen(routes, {"/leads", "/meetings/went/x-1"}) == {"/leads/{lead_id:int}"}
    assert unseen(routes, {"/leads/1/why"}) == routes
