"""A counselor's first day in a real browser: added with hours, let in, their meetings judged, their own hours changed."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from dialer.settings import Settings
from dialer.store.tables import Booking, Enrollment
from dialer.wiring.stores import open_store
from tests.browser.conftest import ARTEFACTS, House, trouble
from tests.browser.filled import NOW
from tests.support.counselors import OTHER
from tests.support.pages import PASSWORD

EMAIL = "meera@example.org"


def test_a_counselor_is_added_signs_in_says_how_meetings_went_and_changes_their_hours(
    house: House, settings: Settings
) -> None:
    with house.page() as page:
        _add(page, house)
        invitation = _invite(page, house)
    theirs, elses = _give_past_meetings(settings)
    with house.page(role=None) as page:
        _sign_in(page, house, invitation)
        page.goto(f"{house.url}/bookings/all?when=past")
        expect(page.locator("tbody tr")).to_have_count(2)
        assert elses not in page.content(), "somebody else's meeting"
        _judge(page, theirs[0], "Attended")
        _judge(page, theirs[1], "Did not attend")
        expect(page.locator("tbody .pill[data-state=attended]")).to_have_count(1)
        expect(page.locator("tbody .pill[data-state=no_show]")).to_have_count(1)
        assert trouble(page) == []
        page.goto(f"{house.url}/bookings/{elses}")
        expect(page.locator("h1")).to_have_text("Not found")
        _change_own(page, house)


def test_a_counselors_page_works_without_javascript_and_from_the_keyboard(house: House) -> None:
    with house.page(script=False) as page:
        page.goto(f"{house.url}/counselors/1")
        page.focus("#mon")
        for hours in ("09:00-12:00, 13:00-17:00", "10:00-11:00"):
            page.keyboard.press("ControlOrMeta+A")
            page.keyboard.type(hours)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("p.note.good")).to_have_text("Saved.")
        expect(page.locator("#mon")).to_have_value("09:00-12:00, 13:00-17:00")
        expect(page.locator("#tue")).to_have_value("10:00-11:00")
        page.click("summary:has-text('Deactivate')")
        expect(page.locator("details.confirm[open] p").first).to_contain_text("upcoming meetings stay")
        page.click("button:has-text('Deactivate counselor')")
        expect(page.locator(".top .pill")).to_have_text("Deactivated")
        page.click("button:has-text('Reactivate')")
        expect(page.locator("p.note.good")).to_have_text("Reactivated. Students can book again.")


def test_what_is_asked_before_a_dangerous_act_fits_a_telephone(house: House) -> None:
    with house.page(width=390) as page:
        page.goto(f"{house.url}/counselors/1")
        page.fill("#first", "2026-11-25")
        page.click("text=Add days off")
        expect(page.locator("#sure-title")).to_have_text("1 meeting falls on these days")
        assert trouble(page) == []
        page.screenshot(path=ARTEFACTS / "counselor-sure-390.png", full_page=True)
        page.click("text=Save days off and ask 1 student")
        expect(page.locator("#off")).to_contain_text("Wed 25 Nov 2026")
        page.click("text=Create URL")
        for button in ("Deactivate", "Renew", "Revoke"):
            page.click(f"summary:has-text('{button}')")
            expect(page.locator("details.confirm[open] form")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, button
            page.screenshot(path=ARTEFACTS / f"counselor-{button.lower()}-390.png", full_page=True)
            page.click(f"summary:has-text('{button}')")
        page.goto(f"{house.url}/bookings/all")
        page.locator("tbody a:has-text('move or cancel')").first.click()
        page.click("summary:has-text('Cancel meeting')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _add(page: Page, house: House) -> None:
    """By the form, with a slip that is mended."""
    page.goto(f"{house.url}/counselors")
    page.click("text=Add counselor")
    assert trouble(page) == []
    page.fill("#name", OTHER)
    page.fill("#email", EMAIL)
    page.fill("#mon", "10:00-13:00, 12:00-18:00")
    page.fill("#sat", "")
    page.click("form button:has-text('Add counselor')")
    expect(page.locator("[role=alert]")).to_have_text("Monday: the hours 10:00-13:00, 12:00-18:00 overlap")
    expect(page.locator("#name")).to_have_value(OTHER)
    expect(page.locator("#sat")).to_have_value("")
    assert trouble(page) == []
    page.fill("#mon", "10:00-13:00, 14:00-18:00")
    page.click("form button:has-text('Add counselor')")
    page.wait_for_url(re.compile(r"/counselors/2\?"))
    expect(page.locator("h1")).to_have_text(OTHER)
    expect(page.locator("#mon")).to_have_value("10:00-13:00, 14:00-18:00")


def _invite(page: Page, house: House) -> str:
    """The address by which they come in."""
    page.goto(f"{house.url}/settings/accounts")
    page.fill("#email", EMAIL)
    page.select_option("#role", "counselor")
    page.select_option("#counselor", label=OTHER)
    page.click("button:has-text('Create invitation')")
    return page.locator("[role=status] code").inner_text()


def _give_past_meetings(settings: Settings) -> tuple[list[str], str]:
    """Two meetings of theirs that are over, and one of somebody else's: the numbers."""

    async def give() -> tuple[list[str], str]:
        async with open_store(settings) as store, store.sessions.begin() as session:
            first, second, *more = (await session.scalars(select(Booking).order_by(Booking.during))).all()
            met = [each.campaign_lead_id for each in (first, second, *more)]
            lead = await session.scalar(select(Enrollment.id).where(Enrollment.id.not_in(met)).limit(1))
            assert lead is not None
            other = Booking(id=uuid4(), counselor_id=1, campaign_lead_id=lead, state="booked", lead_zone="Asia/Kolkata")
            session.add(other)
            for days, booking in enumerate((first, second, other), 1):
                starts = NOW - timedelta(days=days)
                booking.during = Range(starts, starts + timedelta(minutes=30))
            first.counselor_id = second.counselor_id = 2
            return [str(first.id), str(second.id)], str(other.id)

    with ThreadPoolExecutor(1) as apart:  # this thread's loop is the browser's
        return apart.submit(asyncio.run, give()).result()


def _sign_in(page: Page, house: House, invitation: str) -> None:
    page.goto(invitation)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("form button")
    page.goto(f"{house.url}/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("form button")
    page.wait_for_url("**/bookings")
    expect(page.locator(".side nav a")).to_have_text(["Week", "Bookings", "My hours"])


def _judge(page: Page, booking: str, words: str) -> None:
    """From the list and back to it."""
    page.click(f"a[href='/bookings/{booking}']")
    expect(page.locator("h2#went-title")).to_have_text("How did the meeting go?")
    assert trouble(page) == []
    page.fill("#note", "as agreed")
    page.get_by_role("button", name=words, exact=True).click()
    expect(page.locator("p.note.good")).to_have_text("Saved.")
    expect(page.locator("dl.pairs")).to_contain_text(f"{words}: as agreed")
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "counselor-meeting.png", full_page=True)
    page.click(".crumbs a")
    page.wait_for_url("**/bookings/all?when=past")


def _change_own(page: Page, house: House) -> None:
    page.goto(f"{house.url}/bookings")
    page.click("text=My hours and days off")
    expect(page.locator("h1")).to_have_text(OTHER)
    assert trouble(page) == []
    page.fill("#wed", "09:00-12:00")
    page.click("text=Save hours")
    expect(page.locator("p.note.good")).to_have_text("Saved.")
    expect(page.locator("#wed")).to_have_value("09:00-12:00")
    page.fill("#first", "2026-12-24")
    page.fill("#last", "2026-12-26")
    page.fill("#why", "a family feast")
    page.click("text=Add days off")
    expect(page.locator("#off")).to_contain_text("a family feast")
    page.click("text=Create URL")
    expect(page.locator("#address")).to_have_value(re.compile(r"/calendars/2-\w+\.ics$"))
    assert trouble(page) == []
    page.screenshot(path=ARTEFACTS / "counselor-own.png", full_page=True)
    page.goto(f"{house.url}/counselors/1")
    expect(page.locator("h1")).to_have_text("Not found")
