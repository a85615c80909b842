"""Lists in a real browser: dropped, mended in a spreadsheet and uploaded again, chosen about, twice, and taken back."""

import base64
import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office import Office, open_office
from tests.support.lists import HEADER, write_list
from tests.support.people import phone_of

SOON_MS, JOB_MS = 20_000, 60_000
WIDE = (*HEADER, "Country", "Note")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office") / "data", 8) as opened:
        yield opened


@pytest.fixture
def page(office: Office, chromium: Browser) -> Iterator[Page]:
    with office.page(chromium, "/campaigns", accept_downloads=True) as opened:
        opened.set_default_timeout(SOON_MS)
        yield opened


def _campaign(page: Page, office: Office, name: str) -> str:
    """Make a draft; where lists are brought into it."""
    page.goto(f"{office.home}/campaigns/new")
    page.fill("#name", name)
    page.click("text=Save draft and continue")
    page.wait_for_url("**/set-up/leads*")
    return page.url.split("?")[0]


def _upload(page: Page, file: Path) -> None:
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("h1")).to_have_text("Map your columns")


def _check(page: Page) -> None:
    page.click("text=Check all rows")
    page.wait_for_url("**/imports/*", timeout=JOB_MS)


def _bring_in(page: Page) -> None:
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/jobs/*")
    page.wait_for_url("**/imports/*", timeout=JOB_MS)
    expect(page.locator(".note.good").first).to_contain_text(re.compile("leads? imported to"))


def _counts(page: Page) -> dict[str, int]:
    figures = page.locator("dl.figures > div")
    return {
        each.locator("dt").inner_text(): int(each.locator("dd").inner_text().replace(",", "")) for each in figures.all()
    }


def _leads(office: Office, campaign: str) -> dict[str, dict[str, Any]]:
    """The campaign's leads by number; a number that stood there twice would be told by the length."""
    rows = office.asked(f"/api/leads?campaign={campaign}")["leads"]
    assert len({row["phone"] for row in rows}) == len(rows)
    return {row["phone"]: row for row in rows}


def _bad_list(path: Path) -> Path:
    rows = [
        ["Asha Rao", phone_of(1), "Canada", ""],
        ["Bela Sen", "98120 0000", "UK", ""],
        ["Chitra", "", "Ireland", "x"],
    ]
    return write_list(path, [*rows, ["Dev Nair", phone_of(4), "Germany", ""]], WIDE)


def _mended(path: Path, mend: Mapping[str, str]) -> Path:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [*WIDE, "problem", "suggestion"]
    assert {row[0] for row in rows[1:]} == set(mend)
    for row in rows[1:]:
        assert row[4], "each row says what is wrong with it"
        row[1] = mend[row[0]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_rows_that_were_mended_in_the_file_come_in_and_nobody_is_doubled(
    office: Office, page: Page, tmp_path: Path
) -> None:
    lists = _campaign(page, office, "Mended")
    first = _bad_list(tmp_path / "fair.csv")
    _upload(page, first)
    _check(page)
    assert _counts(page) == {
        "Rows": 4,
        "Ready": 2,
        "Duplicates in file": 0,
        "Already in campaign": 0,
        "Do not call": 0,
        "To fix": 2,
    }
    _bring_in(page)
    assert set(_leads(office, "Mended")) == {phone_of(1), phone_of(4)}
    page.click(".figures a[href*=rejected]")
    with page.expect_download() as coming:
        page.click("text=Download the 2 rows to fix")
    coming.value.save_as(tmp_path / "to-fix.csv")
    mended = _mended(tmp_path / "to-fix.csv", {"Bela Sen": phone_of(2), "Chitra": phone_of(3)})
    listed = page.url
    _upload(page, mended)
    _check(page)
    assert _counts(page)["Ready"] == 2
    _bring_in(page)
    leads = _leads(office, "Mended")
    assert {phone: row["name"] for phone, row in leads.items()} == {
        phone_of(1): "Asha Rao", phone_of(2): "Bela Sen", phone_of(3): "Chitra", phone_of(4): "Dev Nair",
    }  # fmt: skip
    page.goto(listed.split("?")[0])
    assert _counts(page)["To fix"] == 0, "mended rows took their own places"
    assert _counts(page)["Imported"] == 4
    for file in (mended, first):  # the very same files once more
        page.goto(lists)
        _upload(page, file)
        _check(page)
        assert _leads(office, "Mended") == leads


@pytest.mark.full
def test_a_list_that_is_dropped_is_checked_and_what_to_do_with_duplicates_is_chosen_row_by_row(
    office: Office, page: Page, tmp_path: Path
) -> None:
    lists = _campaign(page, office, "Chosen")
    people = [["Asha", phone_of(11), "Canada", ""], ["Bela", phone_of(12), "UK", ""], ["Chitra", phone_of(13), "", ""]]
    _upload(page, write_list(tmp_path / "first.csv", people, WIDE))
    _check(page)
    _bring_in(page)
    again = [
        ["Asha Rao", phone_of(11), "France", "from the fair"],
        ["Bela Sen", phone_of(12), "Spain", "from the fair"],
        ["Chitra Das", phone_of(13), "Italy", "from the fair"],
        ["Dev", phone_of(14), "", ""],
    ]
    page.goto(lists)
    _drop(page, write_list(tmp_path / "second.csv", again, WIDE))
    assert page.evaluate("document.getElementById('file').files[0].name") == "second.csv"
    assert not page.locator(".drop.over").count()
    page.get_by_role("button", name="Upload").click()
    _check(page)
    assert (_counts(page)["Ready"], _counts(page)["Already in campaign"]) == (1, 3)
    page.click(".figures a[href*=already_here]")
    for row, choice in ((1, "fill"), (2, "overwrite")):
        page.locator("tbody tr").nth(row).locator("input[type=checkbox]").check()
        page.select_option("#choice", choice)
        page.get_by_role("button", name="Apply").click()
        expect(page.locator(".note.good")).to_contain_text("Your choice is applied")
    _bring_in(page)
    own = {phone: _own(page, office, row["lead_id"]) for phone, row in _leads(office, "Chosen").items()}
    assert own == {
        phone_of(11): ["Asha", phone_of(11), "Canada", "–"],
        phone_of(12): ["Bela", phone_of(12), "UK", "from the fair"],
        phone_of(13): ["Chitra Das", phone_of(13), "Italy", "from the fair"],
        phone_of(14): ["Dev", phone_of(14), "–", "–"],
    }


def _drop(page: Page, file: Path) -> None:
    """Drop a file on the page's zone, as a browser would tell it."""
    zone = page.locator(".drop")
    data = page.evaluate_handle(
        """([name, text]) => {
            const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0)), data = new DataTransfer();
            data.items.add(new File([bytes], name, { type: "text/csv" }));
            return data;
        }""",
        [file.name, base64.b64encode(file.read_bytes()).decode()],
    )
    zone.dispatch_event("dragover", {"dataTransfer": data})
    expect(page.locator(".drop.over")).to_have_count(1)
    zone.dispatch_event("drop", {"dataTransfer": data})


def _own(page: Page, office: Office, lead_id: int) -> list[str]:
    """A lead's own row, as its page shows it."""
    page.goto(f"{office.home}/leads/{lead_id}")
    return (
        page.locator("h3", has_text="Uploaded row")
        .locator("xpath=following-sibling::div[1]")
        .locator("dd")
        .all_inner_texts()
    )


def test_a_list_is_taken_back_with_its_count_after_a_question(office: Office, page: Page, tmp_path: Path) -> None:
    _campaign(page, office, "Undone")
    _upload(
        page, write_list(tmp_path / "undo.csv", [["Ela", phone_of(21), "", ""], ["Fay", phone_of(22), "", ""]], WIDE)
    )
    _check(page)
    _bring_in(page)
    assert len(_leads(office, "Undone")) == 2
    page.click("summary:has-text('Undo import')")
    expect(page.locator("details[open]")).to_contain_text("2 leads will be removed from Undone")
    page.keyboard.press("Escape")
    expect(page.locator("details[open]")).to_have_count(0)
    assert len(_leads(office, "Undone")) == 2
    page.click("summary:has-text('Undo import')")
    page.locator("details[open]").get_by_role("button", name="Undo import").click()
    expect(page.locator(".note.good")).to_have_text("Import undone. Its leads were removed from the campaign.")
    assert _leads(office, "Undone") == {}
