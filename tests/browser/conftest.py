"""A real Chromium before a real web process, and the accounts to sign in with; skipped, clearly, where there is none."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pydantic import SecretStr

from dialer.cli.rehearsal import free_ports, own_environment, told
from dialer.settings import Settings
from dialer.web.health import is_healthy
from tests.browser.filled import NOW, fill

CHROMIUM = os.environ.get("DIALER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARTEFACTS = Path(__file__).parents[1] / "artefacts"
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
WITHIN_S = 60.0
NOT_200 = "Failed to load resource: the server responded with a status of 4"
TUESDAY_11 = datetime(2026, 11, 24, 11, tzinfo=ZoneInfo("Asia/Kolkata"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        skipped = pytest.mark.skip(
            reason="no Chromium here: apt-get install chromium, or name one with DIALER_CHROMIUM"
        )
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(skipped)


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A browser. While it lives its loop runs in this thread: what needs one of its own comes before, and ends after."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@dataclass
class House:
    """A web process that serves, and a browser to open it with."""

    url: str
    browser: Browser
    key: str
    """The key of an administrator's session."""

    @contextmanager
    def page(
        self, *, width: int = 1280, scheme: Any = "light", script: bool = True, key: str | None = None, **more: Any
    ) -> Iterator[Page]:
        """A signed-in tab (by another's `key`, by nobody's where that is empty); its scripts' complaints fail the test."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, **more
        )
        key = self.key if key is None else key
        context.add_cookies([{"name": "dialer", "value": key, "url": self.url}] if key else [])
        page = context.new_page()
        complaints: list[tuple[str, str]] = []
        refused: set[str] = set()
        page.on("pageerror", lambda error: complaints.append((str(error), "")))
        page.on("console", lambda said: complaints.append((said.text, _of(said))) if said.type == "error" else None)
        # A page that refuses a form says so to people; that its status is not 200 is no complaint.
        page.on("response", lambda got: refused.add(got.url) if got.request.is_navigation_request() else None)
        yield page
        context.close()
        assert [each for each in complaints if not (each[0].startswith(NOT_200) and each[1] in refused)] == []


def _of(said: ConsoleMessage) -> str:
    """What address a complaint is about."""
    return str(said.location.get("url", ""))


def trouble(page: Page) -> list[dict[str, Any]]:
    """What axe finds on a page, WCAG 2.2 A and AA."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        {"rule": each["id"], "where": [node["target"] for node in each["nodes"][:3]], "help": each["help"]}
        for each in found["violations"]
    ]


@contextmanager
def web_process(settings: Settings) -> Iterator[str]:
    """A web process on a free port; its address."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    served = settings.model_copy(
        update={"dialer_web_port": port, "dialer_public_url": url, "dialer_secret_key": SecretStr("k" * 40)}
    )
    process = subprocess.Popen([sys.executable, "-m", "dialer", "web"], env={**own_environment(), **told(served)})
    try:
        until = time.monotonic() + WITHIN_S
        while not is_healthy(f"{url}/health"):
            assert process.poll() is None, "the web process has ended"
            assert time.monotonic() < until, "the web process does not answer"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def filled(settings: Settings) -> Iterator[tuple[str, str]]:
    """A house with campaigns, leads, calls and meetings, whose names are hostile: its address, and a session's key."""
    key = fill(settings)
    nowhere = {"twilio_api_url": "http://127.0.0.1:1", "dialer_clock": NOW.isoformat(timespec="minutes")}
    with web_process(settings.model_copy(update=nowhere)) as url:
        yield url, key


@pytest.fixture
def house(filled: tuple[str, str], chromium: Browser) -> House:
    """That house, and a browser."""
    url, key = filled
    return House(url, chromium, key)
