"""A newcomer's whole path in a real browser: sign in, bring a list in, launch, watch, hear a call, take the results."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dialer.cli.processes.first_account import make_first_account
from dialer.cli.rehearsal.environment import Rehearsal, rehearsal_dialer, working_morning
from tests.browser.conftest import ARTEFACTS
from tests.support.lists import SAMPLE
from tests.support.pages import PASSWORD

SPEED = 8
SOON_MS, LATER_MS = 20_000, 120_000


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, str]]:
    """A dialer as it is started for the first time, before a simulated world, and its first one-time password."""
    with rehearsal_dialer(
        tmp_path_factory.mktemp("first") / "data", speed=SPEED, start=working_morning(date(2026, 11, 24))
    ) as running:
        told = make_first_account(running.settings)
        assert told is not None
        yield running, told


def test_a_newcomer_launches_a_campaign_without_help_and_sees_a_meeting_booked(
    rehearsal: tuple[Rehearsal, str], chromium: Browser, tmp_path: Path
) -> None:
    running, told = rehearsal
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(SOON_MS)
    page = context.new_page()
    home = f"http://127.0.0.1:{running.settings.dialer_web_port}"
    _sign_in(page, home, told)
    page.click("text=Create your first campaign")
    page.fill("#name", "Spring")
    page.click("text=Save draft and continue")
    _bring_in(page, tmp_path)
    page.click("text=Continue to script")
    page.click("text=Save and continue")
    page.click("text=Save and continue")
    page.fill("#per_second", "5")
    page.click("text=Save and continue")
    page.click("text=Continue to launch")
    page.click("button:has-text('Launch: call')")
    page.wait_for_selector(".pill[data-state=running]")
    page.goto(f"{home}/live")
    page.wait_for_selector(".call .turns li:nth-child(4)", timeout=LATER_MS)
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "newcomer-live.png")
    page.goto(f"{home}/bookings/all")
    for _ in range(60):
        if page.locator(".pill[data-state=booked]").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    page.locator("a:has-text('Open call')").first.click()
    _hear(page)
    page.screenshot(path=ARTEFACTS / "newcomer-call.png")
    expect(page.locator("#facts-title")).to_be_visible()
    _take_results(page, home, tmp_path)
    context.close()


def _sign_in(page: Page, home: str, told: str) -> None:
    """By the address and the one-time password that were printed; then with a password of their own."""
    words = told.replace(",", " ").split()
    page.goto(home)
    page.fill("#email", next(word for word in words if "@" in word))
    page.fill("#password", words[words.index("with") + 1])
    page.click("form button")
    page.wait_for_url("**/account/password")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("form:has(input[name=again]) button")
    page.goto(home)
    expect(page.locator("h1")).to_have_text("Home")


def _bring_in(page: Page, folder: Path) -> None:
    """Upload → Map → Fix → Confirm, and the file of rows to mend."""
    page.set_input_files("#file", SAMPLE)
    page.click("button:has-text('Upload')")
    expect(page.locator("select[aria-label='Field for Mobile No.']")).to_have_value("phone")
    page.click("text=Check all rows")
    page.wait_for_url("**/imports/*", timeout=LATER_MS)
    expect(page.locator("text=Nothing imported yet.")).to_be_visible()
    page.click(".figures a[href*=rejected]")
    with page.expect_download() as coming:
        page.click("text=Download the")
    coming.value.save_as(folder / "to-fix.csv")
    with (folder / "to-fix.csv").open(encoding="utf-8-sig", newline="") as file:
        to_fix = list(csv.DictReader(file))
    assert to_fix
    assert all(row["problem"] for row in to_fix)
    page.click("button:has-text('Import')")
    page.wait_for_url("**/imports/*", timeout=LATER_MS)
    expect(page.locator("text=imported to Spring.")).to_be_visible()


def _hear(page: Page) -> None:
    """The player has both tracks, and the transcript goes with the sound."""
    for _ in range(90):  # the meeting is booked while they still talk: the sound comes when the call is over
        if page.locator("#player").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    _until(page, "document.getElementById('player').duration > 5")
    page.locator("button.at").nth(2).click()
    _until(page, "document.querySelector('#transcript li[data-now]') !== null")
    assert page.evaluate("document.getElementById('player').currentTime") > 0
    page.check("input[name=track][value='1']")
    _until(page, "!document.getElementById('player').paused")
    expect(page.locator("#fields-title + dl dt").first).to_be_visible()


def _until(page: Page, is_so: str) -> None:
    """Wait until something is so; the page's own policy lets nothing be asked by its own scripts."""
    for _ in range(100):
        if page.evaluate(is_so):
            return
        page.wait_for_timeout(200)
    raise AssertionError(is_so)


def _take_results(page: Page, home: str, folder: Path) -> None:
    """The results, in the marketer's own columns."""
    page.goto(f"{home}/campaigns/1")
    page.screenshot(path=ARTEFACTS / "newcomer-campaign.png")
    with page.expect_download() as coming:
        page.click("a[href^='/files/leads.csv']")
    coming.value.save_as(folder / "leads.csv")
    with (folder / "leads.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:2] == ["Student Name", "Mobile No."]
    assert any(row["outcome"] == "booked" and row["meeting"] for row in rows)
