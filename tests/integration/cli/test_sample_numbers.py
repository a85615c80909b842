"""Do-not-call lists and registries in and out, and what they take out of a campaign."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from dialer.cli.main import cli
from dialer.settings import Settings
from dialer.wiring.stores import Store
from tests.support.lists import HEADER, bring, campaign, students, write_list
from tests.support.people import phone_of, sql


async def run(settings: Settings, *words: str) -> Any:
    environment = {
        "DIALER_DATABASE_URL": settings.dialer_database_url,
        "DIALER_REDIS_URL": settings.dialer_redis_url,
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
    }
    return await asyncio.to_thread(CliRunner().invoke, cli, list(words), env=environment)


async def test_a_list_takes_its_people_out_of_every_campaign_and_goes_out_again(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "list.csv", students(1, 2, 3)))
    rows = [[phone_of(1)], ["0" + phone_of(2)[3:]], ["nonsense"], [phone_of(2)], [phone_of(8)]]
    path = write_list(tmp_path / "no.csv", rows, ("Phone",))
    done = await run(settings, "dnc", "import", str(path), "--source", "their own")
    assert done.output == "3 added, 4 numbers in the file, 1 could not be read\n"
    again = await run(settings, "dnc", "import", str(path))
    assert again.output.startswith("0 added")
    left = "SELECT count(*) FROM campaign_lead WHERE state = 'ready'"
    assert await sql(store.sessions, left) == 1
    out = tmp_path / "dnc.csv"
    assert (await run(settings, "dnc", "export", "--output", str(out))).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert [each["phone"] for each in listed] == [phone_of(1), phone_of(2), phone_of(8)]
    assert {(each["scope"], each["source"], each["age_days"]) for each in listed} == {("account", "their own", "0")}


async def test_a_list_without_a_header_row_is_taken_from_the_column_of_numbers(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "no.csv"
    path.write_text(f"Asha,{phone_of(1)}\nBela,{phone_of(2)}\n", encoding="utf-8")
    done = await run(settings, "dnc", "import", str(path))
    assert done.output == "2 added, 2 numbers in the file, 0 could not be read\n"


async def test_a_registry_binds_at_a_scrub_those_who_did_not_agree(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    people = [["Asha", phone_of(1), "Yes"], ["Bela", phone_of(2), ""], ["Chitra", phone_of(3), ""]]
    await bring(settings, store, write_list(tmp_path / "list.csv", people, (*HEADER, "Consent")))
    path = tmp_path / "ncpr.csv"
    path.write_text("".join(f"{phone_of(n)}\n" for n in (1, 2, *range(100, 60_000))), encoding="utf-8")
    done = await run(settings, "dnc", "import", str(path), "--registry", "NCPR")
    assert done.output.startswith("59902 added, 59902 numbers")
    ready = "SELECT count(*) FROM campaign_lead WHERE state = 'ready'"
    assert await sql(store.sessions, ready) == 3, "the gate asks it; nothing is taken back"
    said = json.loads((await run(settings, "dnc", "scrub", "Spring", "--json")).stdout)
    assert said == {"campaign": "Spring", "out": 1, "by_list": {"registry:NCPR": 1}}
    assert await sql(store.sessions, ready) == 2
    path.write_text(f"Phone\n{phone_of(2)}\n", encoding="utf-8")
    await run(settings, "dnc", "import", str(path), "--registry", "NCPR", "--replace")
    assert await sql(store.sessions, "SELECT count(*) FROM do_not_call") == 1
    (listed,) = json.loads((await run(settings, "dnc", "lists", "--json")).stdout)
    assert (listed["scope"], listed["age_days"]) == ("registry:NCPR", 0)
    assert (await run(settings, "dnc", "import", str(path), "--replace")).exit_code == 2
    assert (await run(settings, "dnc", "scrub", "Nowhere")).exit_code == 1
