"""A whole dialer before a simulated world, and a browser's sessions of every role in it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from dialer.cli.rehearsal.environment import Rehearsal, rehearsal_dialer, working_morning
from dialer.domain.access.roles import Role
from dialer.wiring.environment import clean_environment, settings_environment
from dialer.wiring.stores import open_store
from tests.support.databases import aside
from tests.support.pages import key_of
from tests.support.web import operator_headers


@dataclass(frozen=True, slots=True)
class Office:
    """The dialer, and the keys of everybody's sessions."""

    running: Rehearsal
    keys: Mapping[Role, str]

    @property
    def home(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.running.settings.dialer_web_port}"

    @contextmanager
    def page(
        self, browser: Browser, path: str, role: Role = Role.MARKETING, *, init: str = "", **more: Any
    ) -> Iterator[Page]:
        """A tab of somebody with a role, at a path; `init` is run before the page's own scripts."""
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **more)
        context.add_cookies([{"name": "dialer", "value": self.keys[role], "url": self.home}])
        if init:
            context.add_init_script(init)
        page = context.new_page()
        page.goto(f"{self.home}{path}")
        yield page
        context.close()

    def ledger(self) -> dict[str, Any]:
        """What truly happened in the world."""
        return self._json(f"{self.running.twilio_url}/_world/ledger")

    def asked(self, path: str) -> Any:
        """What the API answers to the operator."""
        return self._json(f"{self.home}{path}", operator_headers(self.running.settings))

    def dialer(self, *words: str) -> str:
        """Run a command beside it; it must succeed."""
        environment = {**clean_environment(), **settings_environment(self.running.settings)}
        command = [sys.executable, "-m", "dialer", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        return done.stdout

    def _json(self, url: str, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(url, headers=headers or {})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def open_office(folder: Path, speed: float) -> Iterator[Office]:
    """Open one for as long as the context lasts; before the browser, whose loop then runs in the thread."""
    with rehearsal_dialer(folder, speed=speed, start=working_morning(date(2026, 11, 24))) as running:
        yield Office(running, aside(_keys(running)))


async def _keys(running: Rehearsal) -> dict[Role, str]:
    async with open_store(running.settings) as store:
        return {role: await key_of(store, f"{role.value}@example.com", role) for role in Role}
