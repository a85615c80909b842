"""Every view that the application has, opened one after another: by address, by role, and by what a form answers."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from playwright.sync_api import Page

from dialer.domain.access.roles import Role
from tests.browser.conftest import House
from tests.support.pages import EMPTY_PAGES, FULL_PAGES, PASSWORD

NO_PAGES = re.compile(
    r"/api/.*|/schema/.+"  # for programs: JSON and YAML
    r"|/health"  # for programs: JSON
    r"|/files/.*|/imports/\{[^}]*\}/to-fix\.csv|/reports/\{.*"  # downloads: sheets
    r"|/feeds/.*|/calendars/.*"  # for spreadsheet and calendar programs
    r"|/static/.*"  # parts of pages
    r"|/counselors/mine"  # leads on to a page
)
"""Addresses that answer a GET and are no page, and why."""
View = tuple[str, Callable[[Page], object]]


def page_routes(app: Litestar) -> set[str]:
    """The addresses of all pages, as the application's own routes say them."""
    gets = (route.path for route in app.routes if isinstance(route, HTTPRoute) and "GET" in route.methods)
    return {path for path in gets if not NO_PAGES.fullmatch(path)}


def unseen(routes: set[str], seen: set[str]) -> set[str]:
    """The routes of which no address was seen."""
    patterns = {route: re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(route))) for route in routes}
    return {route for route, pattern in patterns.items() if not any(pattern.fullmatch(path) for path in seen)}


def views(house: House, **how: Any) -> Iterator[tuple[str, Page]]:
    """Open each view in turn, as `house.page(**how)` is opened: a name for its picture, and the page as it stands."""
    for role, each in _by_role(house):
        with _outside(house, **how) if role is None else house.page(role=role, refusals=True, **how) as page:
            for name, open_it in each:
                open_it(page)
                yield name, page


def _by_role(house: House) -> Iterator[tuple[Role | None, list[View]]]:
    corners = house.filled.corners
    yield Role.ADMIN, [(_name(path), _at(house, path)) for path in (*EMPTY_PAGES, *FULL_PAGES, *corners.inside)]
    yield Role.ADMIN, _answers(house)
    yield (
        Role.AUDITOR,
        [
            ("live-auditor", _at(house, "/live")),
            ("account-second-factor", _at(house, "/account")),
            ("problem-403", _at(house, "/settings/accounts")),
        ],
    )
    yield (
        Role.COUNSELOR,
        [(f"counselor-{_name(path)}", _at(house, path)) for path in ("/bookings", "/bookings/all", "/counselors/mine")],
    )
    yield (
        None,
        [
            *((name, _at(house, path)) for name, path in corners.outside.items()),
            ("sign-in-wrong", lambda page: _sign_in_wrongly(house, page)),
            ("meeting-not-understood", lambda page: _post(page, house, *[corners.outside["meeting"]] * 2)),
        ],
    )


def _answers(house: House) -> list[View]:
    """What forms answer, and what is refused; the last of them stops a campaign."""

    def sent(page_of: str, action: str, **fields: str) -> Callable[[Page], object]:
        return lambda page: _post(page, house, page_of, action, **fields)

    token = {"name": "weekly report", "scope": "read", "present": PASSWORD}
    return [
        ("call", lambda page: _a_call(page, house)),
        ("meeting", lambda page: _a_meeting(page, house)),
        ("leads-drawer", lambda page: _drawer(page, house)),
        ("live-panel", lambda page: _panel(page, house)),
        ("account-offered", sent("/account", "/account/second-factor")),
        ("account-token", sent("/account", "/account/tokens", **token)),
        ("account-refused", sent("/account", "/account/tokens", **token)),
        (
            "accounts-invited",
            sent("/settings/accounts", "/settings/accounts/invite", email="ana@example.com", role="auditor"),
        ),
        ("accounts-refused", sent("/settings/accounts", "/settings/accounts/invite", email="x", role="counselor")),
        ("dnc-refused", sent("/do-not-call", "/do-not-call/add", numbers="12")),
        ("campaign-new-refused", sent("/campaigns/new", "/campaigns/new", name="Not begun yet", country="IN")),
        ("map-without-phone", sent(house.filled.corners.inside[4], house.filled.corners.inside[4])),
        ("problem-404", _at(house, "/campaigns/999999")),
        ("problem-409", sent("/imports/1", "/imports/1/commit")),
        ("settings-killed", sent("/settings", "/settings/kill", why="to see it")),
        ("home-killed", _at(house, "/")),
        ("campaign-stopped", sent("/campaigns/1", "/campaigns/1/stop")),
    ]


def _name(path: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "x", path.lower())).strip("-")
    return words or "home"


def _at(house: House, path: str) -> Callable[[Page], object]:
    def open_it(page: Page) -> None:
        page.goto(f"{house.url}{path}")
        if path == "/live":
            page.wait_for_selector("#connection[data-state=connected]")
            page.wait_for_selector("#calls .call")

    return open_it


def _post(page: Page, house: House, page_of: str, action: str, **fields: str) -> None:
    """Send a form as a page of ours would, with its token, and wait for what it answers."""
    page.goto(f"{house.url}{page_of}")
    with page.expect_navigation():
        page.evaluate(
            """([action, fields]) => {
                const form = document.createElement("form");
                const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
                for (const [name, value] of Object.entries({ ...fields, csrf })) {
                    const input = document.createElement("input");
                    Object.assign(input, { type: "hidden", name, value });
                    form.append(input);
                }
                Object.assign(form, { method: "post", action });
                document.body.append(form);
                form.submit();
            }""",
            [action, fields],
        )


def _a_call(page: Page, house: House) -> None:
    page.goto(f"{house.url}/calls?campaign=2")
    page.locator("tbody a").last.click()
    page.wait_for_selector("#facts-title")


def _a_meeting(page: Page, house: House) -> None:
    page.goto(f"{house.url}/bookings/all")
    page.locator("tbody a:has-text('move or cancel')").first.click()
    page.wait_for_selector("#what-title")


def _drawer(page: Page, house: House) -> None:
    page.goto(f"{house.url}/leads")
    page.locator("a[data-drawer]").first.click()
    page.wait_for_selector("#drawer #lead")


def _panel(page: Page, house: House) -> None:
    _at(house, "/live")(page)
    page.locator(".call summary", has_text="Whisper").click()


def _sign_in_wrongly(house: House, page: Page) -> None:
    page.goto(f"{house.url}/sign-in?to=/live")
    page.fill("#email", "nobody@example.com")
    page.fill("#password", "not the password")
    page.click("form button")
    page.wait_for_selector("[role=alert]")


@contextmanager
def _outside(house: House, *, width: int = 1280, **more: Any) -> Iterator[Page]:
    """A tab of somebody who is not signed in."""
    context = house.browser.new_context(viewport={"width": width, "height": 900}, **more)
    yield context.new_page()
    context.close()
