"""A list's pages: its columns mapped, wrong files named, steps back, discarded."""

import html
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import openpyxl
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from dialer.cli.processes.job import JobProcess
from dialer.services.campaigns.forecast import forecast
from dialer.settings import Settings
from dialer.store.tables import Campaign, Job, Lead, LeadImport
from dialer.wiring.stores import Store
from tests.support.lists import campaign
from tests.support.pages import send, signed_in
from tests.support.people import phone_of

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
WHO = f"who,reach them\nAsha,{phone_of(1)}\nBela,{phone_of(2)}\n"


@pytest.fixture
async def web(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(settings, store) as client:
        yield client


async def _upload(web: AsyncClient, campaign_id: int, content: bytes, name: str = "leads.csv") -> str:
    up = await send(web, f"/campaigns/{campaign_id}/lists", files={"file": (name, content)})
    assert up.status_code == 303, up.text
    return up.headers["location"]


async def _check(web: AsyncClient, settings: Settings, store: Store, there: str, **columns: str) -> str:
    """Check a list with these columns; where its results are."""
    asked = await send(web, there, **{f"column:{name}": field for name, field in columns.items()})
    assert asked.status_code == 303, asked.text
    await _work(settings, store, asked.headers["location"])
    return (await web.get(asked.headers["location"])).headers["location"]


async def _work(settings: Settings, store: Store, address: str) -> None:
    job_id = int(address.rsplit("/", 1)[1])
    async with store.sessions.begin() as session:
        (await session.get_one(Job, job_id)).state = "running"
    await JobProcess(settings, store, job_id).run()


def _selected(page: Response) -> dict[str, str]:
    """The field that is selected for each column."""
    chosen = {}
    for name, options in re.findall(r'<select name="column:([^"]*)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        found = re.search(r'<option value="([^"]*)" selected>', options)
        chosen[html.unescape(name)] = found[1] if found else ""
    return chosen


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (WHO, {"who": "", "reach them": "phone"}),
        (WHO.partition("\n")[2], {"Column 1": "", "Column 2": "phone"}),
        ("Name,City\nAsha,Pune\n", {"Name": "name", "City": ""}),
    ],
)
async def test_the_mapping_is_always_shown_and_phone_columns_are_known_by_their_values(
    web: AsyncClient, store: Store, content: str, columns: dict[str, str]
) -> None:
    there = await _upload(web, await campaign(store), content.encode())
    page = await web.get(there)
    assert page.status_code == 200, page.text
    assert _selected(page) == columns
    assert ("No column looks like a phone number." in page.text) is ("phone" not in columns.values())
    assert "--" not in re.sub(r"<!--.*?-->", "", page.text), "no command-line flag"


async def test_a_list_without_a_header_row_loses_no_row(web: AsyncClient, settings: Settings, store: Store) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Asha", phone_of(1)])
    book.active.append(["Bela", phone_of(2)])
    out = io.BytesIO()
    book.save(out)
    campaign_id = await campaign(store)
    for content, name in ((WHO.partition("\n")[2].encode(), "a.csv"), (out.getvalue(), "a.xlsx")):
        there = await _upload(web, campaign_id, content, name)
        columns = {"Column 1": "name", "Column 2": "phone"}
        seen = (await web.get(await _check(web, settings, store, there, **columns))).text
        assert "Import 2 leads" in seen, name
        assert phone_of(1) in seen, name


async def test_two_columns_of_the_same_field_are_refused_and_the_choices_kept(web: AsyncClient, store: Store) -> None:
    content = f"Name,Phone,Alt no,Note\nAsha,{phone_of(1)},,x\n".encode()
    there = await _upload(web, await campaign(store), content)
    fields = {"column:Name": "", "column:Phone": "phone", "column:Alt no": "phone", "column:Note": "course"}
    refused = await send(web, there, duplicates="fill", **fields)
    assert refused.status_code == 422
    assert 'mapped to Phone: "Alt no", "Phone". Choose one of them.' in html.unescape(refused.text)
    assert _selected(refused) == {name.removeprefix("column:"): field for name, field in fields.items()}
    assert '<option value="fill" selected>' in refused.text
    async with store.sessions() as session:
        assert (await session.scalars(select(Job))).all() == []


async def test_after_a_check_one_can_go_back_to_the_columns_and_map_them_anew(
    web: AsyncClient, settings: Settings, store: Store
) -> None:
    campaign_id = await campaign(store)
    content = f"Name,Phone,Alt no\nAsha,{phone_of(1)},\nBela,{phone_of(2)},\n".encode()
    there = await _upload(web, campaign_id, content)
    results = await _check(web, settings, store, there, **{"Alt no": "phone"})
    page = (await web.get(results)).text
    assert "/commit" not in page, "nothing can be imported"
    assert "There are no new leads in this list." in page
    back = re.search(rf'<li><a href="(/campaigns/{campaign_id}/lists/[^"]+)">Map</a>', page)
    assert back is not None
    assert f'<a href="/campaigns/{campaign_id}/set-up/leads">Upload</a>' in page
    mapped = await web.get(back[1])
    assert _selected(mapped) == {"Name": "", "Phone": "", "Alt no": "phone"}, "as it was chosen"
    assert f'href="{results}?which=rejected">Fix</a>' in mapped.text
    again = await _check(web, settings, store, back[1], Phone="phone")
    assert again == results
    assert "Import 2 leads" in (await web.get(again)).text
    async with store.sessions() as session:
        mapping = (await session.scalars(select(LeadImport.mapping))).one()
    assert mapping == {"phone": "Phone"}, "a column that is kept as a custom field is not guessed after all"


@pytest.mark.parametrize("end", ["undo", "commit"])
async def test_a_file_is_kept_until_its_list_is_imported_or_discarded(
    web: AsyncClient, settings: Settings, store: Store, end: str
) -> None:
    there = await _upload(web, await campaign(store), WHO.encode())
    results = await _check(web, settings, store, there, **{"reach them": "phone"})
    uploads = settings.dialer_data_dir / "uploads"
    assert [each.name for each in uploads.rglob("*.csv")] == ["leads.csv"]
    done = await send(web, f"{results}/{end}")
    assert done.status_code == 303, done.text
    if end == "commit":
        await _work(settings, store, done.headers["location"])
    else:
        page = (await web.get(done.headers["location"])).text
        assert "List discarded. No leads had been imported from it." in page
        assert "its leads are out again" not in page
    assert list(uploads.iterdir()) == []
    gone = await web.get(there)
    assert (gone.status_code, "This file is no longer available" in gone.text) == (404, True)
    assert '<nav aria-label="Pages">' in gone.text, "the menu is there"
    async with store.sessions() as session:
        assert len((await session.scalars(select(Lead))).all()) == (2 if end == "commit" else 0)


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("photo.png", PNG, "photo.png is a picture. Upload the list itself, saved as .xlsx or .csv"),
        ("leads.xlsx", PNG, "leads.xlsx is a picture."),
        ("empty.csv", b"", "empty.csv is empty. Choose a file with one student per row"),
        ("leads.pdf", b"%PDF-1.7\n" + b"\0\x01" * 99, "leads.pdf is a PDF."),
        ("leads.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "leads.xls is an old Excel file (.xls)."),
        ("letter.txt", b"Dear all\nplease call everybody\nthank you\n", "this file is text, not a list"),
        ("../x.xlsx", b"PK\x03\x04nonsense", "x.xlsx is not an Excel workbook that can be read."),
    ],
)
async def test_a_file_that_is_no_list_keeps_its_name_and_gets_advice_that_fits(
    web: AsyncClient, store: Store, name: str, content: bytes, says: str
) -> None:
    refused = await web.get(await _upload(web, await campaign(store), content, name))
    assert refused.status_code == 422
    ours = " said" if says.startswith("this") else ""
    assert f'<p class="note bad{ours}" role="alert">{says}' in html.unescape(refused.text), "no capital for their name"


async def test_rows_that_will_not_be_called_are_counted_apart_and_the_forecast_agrees(
    web: AsyncClient, settings: Settings, store: Store
) -> None:
    campaign_id = await campaign(store)
    rows = (
        ("Asha", phone_of(1), "Yes"),
        ("Bela", phone_of(2), "No"),
        ("Chitra", phone_of(3), ""),
        ("Dev in Nepal", "+9779841234567", "Yes"),
        ("Ela in the US", "+12125550106", ""),
        ("Free phone", "1800111222", "Yes"),
    )
    content = "Name,Phone,Consent\n" + "".join(",".join(row) + "\n" for row in rows)
    there = await _upload(web, campaign_id, content.encode())
    results = await _check(web, settings, store, there, Name="name", Phone="phone", Consent="consent")
    page = " ".join(html.unescape((await web.get(results)).text).split())
    figures = dict(re.findall(r"<dt>([^<]*)</dt>\s*<dd><a[^>]*>([^<]*)</a>", page))
    assert (figures["Rows"], figures["Ready"], figures["Won't be called"]) == ("6", "2", "4")
    assert page.count(">Ready</span>") == 2
    assert page.count(">Won't be called</span>") == 4
    assert "Won't be called: did not consent to calls" in page
    consent = re.sub(r"<[^>]*>", "", page)
    assert "Consent: 3 yes · 1 no · 2 blank" in consent
    assert "Blank consent: leads in India are called" in consent
    for which, names in (("will_call", "Asha Chitra"), ("consent_missing", "Chitra Ela"), ("consent_refused", "Bela")):
        listed = (await web.get(f"{results}?which={which}")).text
        assert {row[0].split()[0] for row in rows if f"<td>{row[0]}</td>" in listed} == set(names.split()), which
    await _work(settings, store, (await send(web, f"{results}/commit")).headers["location"])
    assert f'<dt>Won\'t be called</dt> <dd><a href="{results}?which=not_called">4' in html.unescape(
        " ".join((await web.get(results)).text.split())
    )
    async with store.sessions() as session:
        seen = await forecast(session, await session.get_one(Campaign, campaign_id), {}, NOW, "Asia/Kolkata")
    assert (seen.waiting, seen.will_call, sum(many for _, many in seen.skips)) == (6, 2, 4)


async def test_a_check_that_failed_names_the_file_without_its_folder_and_leads_back(
    web: AsyncClient, settings: Settings, store: Store
) -> None:
    rows = "".join(f"Asha,{phone_of(n)}\n" for n in range(20))
    there = await _upload(web, await campaign(store), f'Name,Phone\n{rows}"Bela,x\n'.encode())
    asked = await send(web, there, **{"column:Phone": "phone"})
    await _work(settings, store, asked.headers["location"])
    page = html.unescape((await web.get(asked.headers["location"])).text)
    assert "leads.csv: a quote that opens in row" in page
    assert str(settings.dialer_data_dir) not in page
    back = re.search(r'<a href="([^"]*)">Back to your columns</a>', page)
    assert back is not None
    assert _selected(await web.get(back[1])) == {"Name": "", "Phone": "phone"}


async def test_a_header_row_can_be_denied(web: AsyncClient, store: Store) -> None:
    there = await _upload(web, await campaign(store), WHO.encode())
    page = await web.get(f"{there}?header_line=0")
    assert _selected(page) == {"Column 1": "", "Column 2": "phone"}
    assert "no header row" in page.text
