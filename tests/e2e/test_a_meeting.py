"""A meeting from the call to the call after it, on real sockets and a moved clock: one student, one event, every letter.

The dialer's three processes, PostgreSQL, Valkey, the simulated world and a mail server run; between two moments of the
story the processes are stopped and started again with a later clock, as after a deploy.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from pydantic import SecretStr
from sqlalchemy import select

from dialer.cli.context import with_servers
from dialer.cli.processes.up import all_up
from dialer.cli.rehearsal.environment import simulated_world
from dialer.domain.calling.call import Outcome
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.store.tables import Booking, BookingEvent, Call, Enrollment
from dialer.wiring.environment import clean_environment, settings_environment
from dialer.wiring.stores import open_store
from tests.support.post import Box, invite_of, post_office, text_of
from tests.support.whole_path import dialer, until_all_were_rung

KOLKATA = ZoneInfo("Asia/Kolkata")
TUESDAY_MORNING = datetime(2026, 3, 3, 11, 0, tzinfo=KOLKATA)
PRIYA, DESK, PHONE = "priya.nair@example.com", "desk@example.org", "+919876510094"
TIMEOUT_S = 60.0


@dataclass
class House:
    """The servers that stay, and the settings that change with the clock."""

    settings: Settings
    box: Box

    @contextmanager
    def up(self, moment: datetime) -> Iterator[Settings]:
        """The dialer's processes at a moment."""
        settings = self.settings.model_copy(update={"dialer_clock": moment.isoformat(timespec="minutes")})
        with all_up(settings, {**clean_environment(), **settings_environment(settings)}):
            yield settings

    def letters(self, address: str, count: int) -> list[Any]:
        """Wait until so many letters came to an address."""
        return until(
            lambda: (got := self.box.to(address)) and len(got) >= count and got, f"{count} letters to {address}"
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        box = stack.enter_context(post_office())
        _, settings = stack.enter_context(simulated_world(clean_environment(), 4))
        web_port, bridge_port = free_ports(2)
        settings = settings.model_copy(
            update={
                "dialer_data_dir": tmp_path / "data",
                "dialer_public_url": f"http://127.0.0.1:{web_port}",
                "dialer_media_url": f"ws://127.0.0.1:{bridge_port}",
                "dialer_web_port": web_port,
                "dialer_bridge_port": bridge_port,
                "dialer_secret_key": SecretStr("a secret of this test"),
                "dialer_send_mail_url": SecretStr(box.url),
                "dialer_mail_from": "bookings@example.org",
            }
        )
        yield House(stack.enter_context(with_servers(settings, durable=False)), box)


def until(look: Callable[[], Any], says: str) -> Any:
    """Wait for an answer that is not empty."""
    end = time.monotonic() + TIMEOUT_S
    while not (found := look()):
        assert time.monotonic() < end, f"not within {TIMEOUT_S} s: {says}"
        time.sleep(0.2)
    return found


def fetch(url: str, **form: str) -> str:
    """GET, or POST a form, as a browser without JavaScript."""
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=20) as answer:
        return str(answer.read().decode())


def link_in(letter: Any, path: str) -> str:
    found = re.search(rf"http://\S+{path}\S+", text_of(letter))
    assert found, text_of(letter)
    return found[0]


def read(settings: Settings, table: Any) -> list[Any]:
    async def work() -> list[Any]:
        async with open_store(settings) as store, store.sessions() as session:
            return list((await session.scalars(select(table))).all())

    return asyncio.run(work())


def command(settings: Settings, *words: str) -> str:
    """Run a command beside the dialer, with its environment; it must succeed."""
    environment = {**clean_environment(), **settings_environment(settings)}
    line = [sys.executable, "-m", "dialer", *words]
    said = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.full
def test_a_student_books_moves_is_reminded_does_not_come_and_is_rung_again_under_the_rules(
    house: House, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"Name,Phone,Consent\nPriya,{PHONE},Yes\n")

    # Tuesday: she books, gets the mail and moves the meeting by the link.
    with house.up(TUESDAY_MORNING) as settings:
        command(settings, "counselor", "set", "One Window desk", "--email", DESK, "--notice", "1440")
        command(settings, "campaign", "create", "Spring", "--json")
        command(settings, "leads", "import", str(people), "--campaign", "Spring", "--json")
        asyncio.run(until_all_were_rung(settings, ["Spring"]))
        (call,) = read(settings, Call)
        assert call.outcome is Outcome.BOOKED
        (invited,) = house.letters(PRIYA, 1)
        (told_desk,) = house.letters(DESK, 1)
        assert "data science; Canada" in text_of(told_desk)
        assert "“" in text_of(told_desk), "what she said stands in the brief"
        page = link_in(invited, "/meetings/")
        slots = re.findall(r'name="slot" value="([^"]+)"', fetch(page))
        chosen = slots[-1].replace("&#43;", "+")
        assert "Your meeting was moved" in fetch(page, do="move", slot=chosen)
        starts = datetime.fromisoformat(chosen.partition("@")[2])
        again = house.letters(PRIYA, 2)[1]
        house.letters(DESK, 2)
        before, after = (invite_of(each).events[0] for each in (invited, again))
        assert (before["UID"], before["SEQUENCE"], after["SEQUENCE"]) == (after["UID"], 0, 1)
        assert (before.start == starts, after.start) == (False, starts)
        address = json.loads(command(settings, "counselor", "feed", "One Window desk", "--make", "--json"))["url"]
        (event,) = Calendar.from_ical(fetch(address)).events
        assert (event["UID"], event.start, event["STATUS"]) == (after["UID"], starts, "CONFIRMED")

    # The day and the hour before: both are reminded, once.
    for early, subject in ((timedelta(hours=23, minutes=58), "Reminder"), (timedelta(minutes=58), "In an hour")):
        house.box.letters.clear()
        with house.up(starts - early):
            for address_of in (PRIYA, DESK):
                (letter,) = house.letters(address_of, 1)
                assert letter["Subject"].startswith(subject)
            time.sleep(6)  # another turn of the worker's
        assert len(house.box.letters) == 2

    # She does not come; the counselor says so by the link, and she is to be rung again, but not yet.
    said = starts + timedelta(hours=1)
    with house.up(said) as settings:
        assert "Your answer is saved" in fetch(
            link_in(told_desk, "/meetings/went/"), verdict="no_show", note="nobody there"
        )
        (lead,) = read(settings, Enrollment)
        assert (lead.state, lead.why) == ("waiting", "called again: did not come to the meeting")
        verdict = json.loads(dialer(settings, "explain", PHONE, "--campaign", "Spring", "--json").stdout)
        assert verdict["may_ring"] is False
        assert next(each for each in verdict["rules"] if not each["ok"])["rule"] in ("wait", "window")

    # When the rules agree she is rung again, and may book again.
    with house.up(lead.next_attempt_at.astimezone(KOLKATA) + timedelta(minutes=1)) as settings:
        until(lambda: [each for each in read(settings, Call) if each.n == 2 and each.outcome], "a second call")
        second = next(each for each in read(settings, Call) if each.n == 2)
        assert second.outcome is Outcome.BOOKED
        assert second.gate["may_ring"] is True
        states = sorted(each.state for each in read(settings, Booking))
        assert states == ["booked", "no_show"]
        command(settings, "prove", "--json")
        history = [
            each.action for each in read(settings, BookingEvent) if each.actor in ("ava", "student", "counselor")
        ]
        assert history == ["booked", "email address", "moved", "no show", "booked"]
