"""A hand on real calls from the Live page: heard, told, handed over, ended; each card says what came of it."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dialer.domain.access.roles import Role
from tests.browser.office import Office, open_office
from tests.support.people import phone_of

SPEED = 1
"""Students talk as people do, for a minute or more, so that there is time to act on a call."""
RINGS_MS, SAYS_MS, OVER_MS = 30_000, 20_000, 60_000
MEERA = phone_of(90_000)
SILENCE = (0xFF, 0x7F)
ENGAGED = (phone_of(n) for n in count(1000, 100))
"""Students who talk until a meeting is booked: numbers that end in 0."""
COUNT_SOUND = """
window.played = { blocks: 0, loudest: 0, closed: 0 };
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  window.played.blocks += 1;
  for (const side of [0, 1]) for (const sample of this.buffer.getChannelData(side))
    window.played.loudest = Math.max(window.played.loudest, Math.abs(sample));
  return start.apply(this, when);
};
const close = AudioContext.prototype.close;
AudioContext.prototype.close = function () { window.played.closed += 1; return close.apply(this); };
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office") / "data", SPEED) as opened:
        yield opened


def _ring(page: Page) -> tuple[Locator, str]:
    """Ring a student from the page itself, and wait until they talk: their card, and their number."""
    phone = next(ENGAGED)
    page.fill("#phone", phone)
    page.click("#ring button")
    expect(page.locator("#answer")).to_contain_text("Call initiated")
    card = page.locator("article.call", has=page.locator(".phone", has_text=phone[-4:]))
    expect(card.locator(".state")).to_have_text("In progress", timeout=RINGS_MS)
    expect(card.locator(".turns li").nth(1)).to_be_visible(timeout=OVER_MS)
    return card, phone


def _do(card: Locator, button: str, does: str, fill: Callable[[Locator], object] = lambda panel: None) -> Locator:
    """Open a panel of the card, fill it in and send it; where the card says what came of it."""
    card.locator("summary", has_text=button).click()
    panel = card.locator("details[open]")
    fill(panel)
    panel.get_by_role("button", name=does).click()
    return card.locator(".told")


def _end(page: Page, card: Locator) -> None:
    """Let nothing go on behind a test."""
    _do(card, "End", "End call", lambda panel: panel.locator("input[name=now]").check())
    expect(page.locator("#ended article.call")).not_to_have_count(0, timeout=OVER_MS)


def test_listening_plays_both_sides_of_the_call_until_it_is_stopped(office: Office, chromium: Browser) -> None:
    with office.page(chromium, "/live", init=COUNT_SOUND) as page:
        card, _ = _ring(page)
        frames: list[bytes] = []
        with page.expect_websocket(lambda socket: socket.url.endswith("/listen")) as opened:
            card.get_by_role("button", name="Listen").click()
        sound = opened.value
        sound.on("framereceived", lambda data: frames.append(data) if isinstance(data, bytes) else None)
        expect(card.locator("[data-do=listen]")).to_have_text("Stop listening")
        expect(card.locator("[data-do=listen]")).to_have_attribute("aria-pressed", "true")
        for _ in range(100):
            page.wait_for_timeout(200)
            if len(frames) > 50 and page.evaluate("played.loudest") > 0.01:
                break
        assert len(frames) > 50, "about ten blocks a second"
        pairs = b"".join(each[4:] for each in frames)
        sides = {side: sum(byte not in SILENCE for byte in pairs[side::2]) for side in (0, 1)}
        assert max(sides.values()) > 8000, "a second of somebody's voice at least"
        starts = [int.from_bytes(each[:4], "little") for each in frames]
        assert starts == sorted(starts)
        assert page.evaluate("played.blocks") >= len(frames) - 5
        assert page.evaluate("played.loudest") > 0.01
        card.get_by_role("button", name="Stop listening").click()
        expect(card.locator("[data-do=listen]")).to_have_text("Listen")
        page.wait_for_timeout(500)
        assert sound.is_closed()
        heard, played = len(frames), page.evaluate("played")
        page.wait_for_timeout(2_000)
        assert (len(frames), page.evaluate("played")) == (heard, played), "nothing comes any more"
        assert played["closed"] == 1
        expect(card.locator(".state")).to_have_text("In progress")
        _end(page, card)


def test_a_note_reaches_ava_and_a_refused_hand_says_its_reason(office: Office, chromium: Browser) -> None:
    office.dialer("counselor", "set", "One Window desk", "--no-transfers")
    with office.page(chromium, "/live") as page:
        card, phone = _ring(page)
        expect(card.locator(".fields li", has_text="Country")).to_contain_text("Canada", timeout=OVER_MS)
        told_on_card = _do(
            card, "Whisper", "Send", lambda panel: panel.locator("input").fill("Her sister studies in Leeds.")
        )
        expect(told_on_card).to_have_text("Sent to AVA.", timeout=SAYS_MS)
        expect(card.locator("details[open]")).to_have_count(0)
        notes = [note for session in office.ledger()["sessions"] for note in session["notes"]]
        assert sum("Her sister studies in Leeds." in note for note in notes) == 1
        (call,) = [each for each in office.ledger()["calls"] if each["to"] == phone]
        spoken = " ".join(said["text"] for stream in call["streams"] for said in stream["spoken"])
        assert "Leeds" not in spoken, "the student does not hear it"
        told_on_card = _do(card, "Transfer", "Transfer call")
        expect(told_on_card).to_have_text("nobody is available to take the call right now", timeout=SAYS_MS)
        expect(card.locator(".state")).to_have_text("In progress")
        _end(page, card)
    trail = office.asked("/api/audit")["entries"]
    assert any(each["did"] == "call.whisper" for each in trail)


@pytest.mark.full
def test_a_student_is_connected_to_a_counselor_who_takes_transfers(office: Office, chromium: Browser) -> None:
    office.dialer("counselor", "add", "Meera", "--days", "mon-sun", "--hours", "00:00-23:59")
    office.dialer("counselor", "set", "Meera", "--phone", MEERA, "--transfers")
    with office.page(chromium, "/live") as page:
        card, phone = _ring(page)
        told_on_card = _do(card, "Transfer", "Transfer call")
        expect(told_on_card).to_have_text("Transferring the call.", timeout=SAYS_MS)
        ended = page.locator("#ended article.call", has=page.locator(".phone", has_text=phone[-4:]))
        expect(ended.locator(".state")).to_have_text("Qualified", timeout=OVER_MS)
        expect(ended.locator(".turns")).to_contain_text("I am connecting you to Meera")
        expect(ended.locator(".hands")).to_have_count(0)
        for _ in range(40):
            calls = office.ledger()["calls"]
            (student,) = [each for each in calls if each["to"] == phone]
            legs = [each for each in calls if each["to"] == MEERA and each["parent"] == student["sid"]]
            if legs and legs[0]["connected"]:
                break
            page.wait_for_timeout(500)
        assert [bool(leg["connected"]) for leg in legs] == [True]
        ended.locator(".open").click()
        expect(page.locator("main")).to_contain_text("Transferred to Meera")


@pytest.mark.full
@pytest.mark.parametrize("at_once", [False, True])
def test_a_call_is_ended_after_a_goodbye_or_at_once(office: Office, chromium: Browser, at_once: bool) -> None:
    with office.page(chromium, "/live") as page:
        card, phone = _ring(page)
        said = card.locator(".turns li[data-who=AVA]").count()
        told_on_card = _do(card, "End", "End call", lambda panel: panel.locator("input[name=now]").set_checked(at_once))
        expect(told_on_card).to_have_text("Ending the call.", timeout=SAYS_MS)
        ended = page.locator("#ended article.call", has=page.locator(".phone", has_text=phone[-4:]))
        expect(ended).to_have_count(1, timeout=OVER_MS)
        expect(ended.locator(".hands")).to_have_count(0)
        expect(page.locator("#calls article.call", has_text=phone[-4:])).to_have_count(0)
        if not at_once:
            assert ended.locator(".turns li[data-who=AVA]").count() > said, "AVA said something before it ended"
        for _ in range(40):
            (call,) = [each for each in office.ledger()["calls"] if each["to"] == phone]
            if call["ended"]:
                break
            page.wait_for_timeout(250)
        assert call["ended_by"] != "student"


@pytest.mark.full
def test_an_auditor_watches_without_hands_and_a_counselor_does_not_watch(office: Office, chromium: Browser) -> None:
    with office.page(chromium, "/live") as page:
        card, phone = _ring(page)
        with office.page(chromium, "/live", Role.AUDITOR) as watching:
            seen = watching.locator("#calls article.call", has_text=phone[-4:])
            expect(seen.locator(".turns li").first).to_be_visible(timeout=SAYS_MS)
            expect(watching.locator(".hands, [data-do=listen], [data-form]")).to_have_count(0)
            status = watching.evaluate(
                """async (address) => {
                    const token = document.querySelector("meta[name=csrf]").content;
                    const headers = { "content-type": "application/json", "x-csrf": token };
                    return (await fetch(address, { method: "POST", headers, body: '{"now": true}' })).status;
                }""",
                f"/api{(seen.locator('.open').get_attribute('href') or '')}/hang-up",
            )
            assert status == 403
        with office.page(chromium, "/live", Role.COUNSELOR) as refused:
            expect(refused.locator("h1")).to_have_text("Access denied")
            refused.goto(f"{office.home}/bookings")
            expect(refused.locator("nav a[href='/live']")).to_have_count(0)
        expect(card.locator(".state")).to_have_text("In progress")
        _end(page, card)


@pytest.mark.full
def test_who_signs_out_elsewhere_hears_no_more_of_a_call(office: Office, chromium: Browser) -> None:
    with office.page(chromium, "/live", Role.ADMIN) as page:
        card, phone = _ring(page)
        with page.expect_websocket(lambda socket: socket.url.endswith("/listen")) as opened:
            card.get_by_role("button", name="Listen").click()
        opened.value.wait_for_event("framereceived", timeout=SAYS_MS)
        account = page.context.new_page()
        account.goto(f"{office.home}/account")
        account.get_by_role("button", name="Sign out", exact=True).click()
        account.wait_for_url("**/sign-in")
        expect(card.locator(".told")).to_have_text("You are signed out. Sign in again.", timeout=SAYS_MS)
        assert opened.value.is_closed()
        expect(page.locator("[role=alert]")).to_contain_text("You are signed out")
    with office.page(chromium, "/live") as page:
        _end(page, page.locator("#calls article.call", has_text=phone[-4:]))
