"""A real Chromium before a real web process, and the accounts to sign in with; skipped, clearly, where there is none."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pydantic import SecretStr

from dialer.domain.access.roles import Role
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.web.api.health import is_healthy
from dialer.wiring.environment import clean_environment, settings_environment
from tests.browser.filled import NOW, SECRET, Filled, fill
from tests.support.databases import aside

CHROMIUM = os.environ.get("DIALER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARTEFACTS = Path(__file__).parents[1] / "artefacts"
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
TIMEOUT_S = 60.0
NOT_200 = "Failed to load resource: the server responded with a status of 4"
REFUSED = re.compile(
    r"Failed to load resource|Response Status Error Code 4|htmx:(sendError|afterRequest)|WebSocket connection"
)
"""What Chromium and htmx themselves say where a page is refused or not reached."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        skipped = pytest.mark.skip(
            reason="no Chromium here: apt-get install chromium, or name one with DIALER_CHROMIUM"
        )
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(skipped)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of a file. While it lives its event loop runs in this thread: others need another (`aside`)."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
        flags += ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


class WebProcess:
    """A web process at an address of its own, that a test may kill and start again."""

    def __init__(self, settings: Settings) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.settings = settings.model_copy(
            update={"dialer_web_port": port, "dialer_public_url": self.url, "dialer_secret_key": SecretStr(SECRET)}
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {**clean_environment(), **settings_environment(self.settings)}
        self._process = subprocess.Popen([sys.executable, "-m", "dialer", "web"], env=environment)
        until = time.monotonic() + TIMEOUT_S
        while not is_healthy(f"{self.url}/health"):
            assert self._process.poll() is None, "the web process has ended"
            assert time.monotonic() < until, "the web process does not answer"
            time.sleep(0.1)

    def end(self, sign: Signals = SIGTERM) -> None:
        """End it; by SIGKILL it says goodbye to nobody."""
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(timeout=30)
            self._process = None


@dataclass
class House:
    """A web process that serves, and a browser to open it with."""

    web: WebProcess
    browser: Browser
    filled: Filled
    """What was put into it, and the keys of everybody's sessions."""

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.web.url

    @contextmanager
    def page(
        self,
        *,
        width: int = 1280,
        scheme: Any = "light",
        script: bool = True,
        role: Role | None = Role.ADMIN,
        refusals: bool = False,
        **more: Any,
    ) -> Iterator[Page]:
        """A tab of somebody in that role, or of nobody; its scripts' complaints fail the test, as do refusals but expected ones."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, **more
        )
        if role is not None:
            context.add_cookies([{"name": "dialer", "value": self.filled.keys[role], "url": self.url}])
        page = context.new_page()
        complaints: list[tuple[str, str]] = []
        refused: set[str] = set()
        page.on("pageerror", lambda error: complaints.append((str(error), "")))
        page.on("console", lambda said: complaints.append((said.text, _of(said))) if said.type == "error" else None)
        # A page that refuses a form says so to people; that its status is not 200 is no complaint.
        page.on("response", lambda got: refused.add(got.url) if got.request.is_navigation_request() else None)
        yield page
        context.close()
        complaints = [each for each in complaints if not (each[0].startswith(NOT_200) and each[1] in refused)]
        assert [each for each in complaints if not (refusals and REFUSED.search(each[0]))] == []


def _of(said: ConsoleMessage) -> str:
    """What address a complaint is about."""
    return str(said.location.get("url", ""))


PALETTE = """() => {
    const seen = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (!walker.currentNode.data.trim()) continue;
        const element = walker.currentNode.parentElement, style = getComputedStyle(element);
        const under = [];
        for (let each = element; each; each = each.parentElement) {
            const { backgroundColor: color, backgroundImage: image, opacity } = getComputedStyle(each);
            if (image !== "none" || opacity !== "1") under.push(image, opacity);
            if (color !== "rgba(0, 0, 0, 0)") under.push(color);
            if (color.startsWith("rgb(")) break;
        }
        seen.add([style.color, style.fontSize, style.fontWeight, ...under].join(" "));
    }
    return [...seen];
}"""


class Contrast:
    """Axe's slowest rule, asked of the pages that have text in colors which it has not judged yet."""

    def __init__(self) -> None:
        self._judged: set[str] = set()

    def is_due(self, page: Page) -> bool:
        """Whether the page has some; they count as judged from now on."""
        new = set(page.evaluate(PALETTE)) - self._judged
        self._judged |= new
        return bool(new)


def trouble(page: Page, *rules: str, contrast: bool = True) -> list[dict[str, Any]]:
    """What axe finds on a page: by these rules, or by all of WCAG 2.2 A and AA, those of `contrast` left out or not."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {
        "resultTypes": ["violations"],
        "rules": {} if contrast else {"color-contrast": {"enabled": False}},
        "runOnly": list(rules) or ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        {"rule": each["id"], "where": [node["target"] for node in each["nodes"][:3]], "help": each["help"]}
        for each in found["violations"]
    ]


@contextmanager
def web_process(settings: Settings) -> Iterator[WebProcess]:
    """A web process on a free port."""
    web = WebProcess(settings)
    try:
        web.start()
        yield web
    finally:
        web.end()


@pytest.fixture
def filled(settings: Settings) -> Iterator[tuple[WebProcess, Filled]]:
    """A house with campaigns, leads, calls and meetings, whose names are hostile: its web process, and what is in it."""
    nowhere = {"twilio_api_url": "http://127.0.0.1:1", "dialer_clock": NOW.isoformat(timespec="minutes")}
    what = aside(fill(settings))
    with web_process(settings.model_copy(update=nowhere)) as web:
        yield web, what


@pytest.fixture
def house(filled: tuple[WebProcess, Filled], chromium: Browser) -> House:
    """That house, and a browser."""
    web, what = filled
    return House(web, chromium, what)
