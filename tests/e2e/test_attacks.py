"""The attacks of the security review, made against `dialer up` as a stranger, a token and a marketer would make them."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from twilio.request_validator import RequestValidator
from websockets.exceptions import InvalidStatus

from dialer.net.ports import free_ports
from dialer.web.api.health import is_healthy
from dialer.wiring.environment import clean_environment
from tests.support.clusters import forget
from tests.support.forks import plain_commands
from tests.support.workbooks import far_cell

READY_S = 60.0
BIG = 9_000_000
TWILIO_KEY = "0123456789abcdef0123456789abcdef"
FORWARDED = (
    {"host": "127.0.0.1:8000"},
    {"host": "localhost"},
    {"via": "1.1 proxy"},
    {"x-forwarded-proto": "https"},
    {"cf-connecting-ip": "127.0.0.1"},
    {"x-forwarded-for": "127.0.0.1"},
    {"authorization": "Bearer dlo_guess"},
)


@dataclass(frozen=True)
class Target:
    """A running `dialer up`, with a marketer's write token and an administrator's."""

    web: str
    bridge: str
    environment: dict[str, str]
    marketing: dict[str, str]
    admin: dict[str, str]

    def dialer(self, *words: str) -> Any:
        """Run a command beside it; its JSON."""
        command = [sys.executable, "-m", "dialer", *words, "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)


def _token(target: Target, email: str, role: str) -> dict[str, str]:
    target.dialer("account", "add", email, "--role", role)
    made = target.dialer("account", "token", email, "t", "--scope", "read", "--scope", "write")
    return {"authorization": f"Bearer {made['token']}"}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacked")
    web, bridge = free_ports(2)
    environment = {
        **clean_environment(),
        "DIALER_WEB_PORT": str(web),
        "DIALER_BRIDGE_PORT": str(bridge),
        "DIALER_DATA_DIR": str(folder / "data"),
        "DIALER_ENV_FILE": os.devnull,
        "DIALER_BRIDGE_MOST_CALLS": "5",
        "TWILIO_ACCOUNT_SID": f"AC{'0' * 32}",
        "TWILIO_AUTH_TOKEN": TWILIO_KEY,
        "TWILIO_FROM_NUMBER": "+15005550006",
        "TWILIO_API_URL": "http://127.0.0.1:9",
        "EXOTEL_ACCOUNT_SID": "demo",
        "EXOTEL_API_KEY": "key",
        "EXOTEL_API_TOKEN": "token",
        "EXOTEL_CALLER_ID": "08040000000",
        "EXOTEL_API_URL": "http://127.0.0.1:9",
    }
    with plain_commands():
        process = subprocess.Popen(
            [sys.executable, "-m", "dialer", "up"], env=environment, cwd=folder, stdout=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + READY_S
            while not is_healthy(f"http://127.0.0.1:{web}/health"):
                assert process.poll() is None, "it ended before it was ready"
                assert time.monotonic() < until, "not ready"
                time.sleep(0.1)
            bare = Target(f"http://127.0.0.1:{web}", f"127.0.0.1:{bridge}", environment, {}, {})
            bare.dialer("campaign", "create", "Spring")
            marketing = _token(bare, "mina@example.com", "marketing")
            yield Target(bare.web, bare.bridge, environment, marketing, _token(bare, "root@example.com", "admin"))
        finally:
            process.terminate()
            process.wait(timeout=60)
            forget(folder / "data")


@pytest.mark.parametrize("headers", FORWARDED)
def test_loopback_is_nobody(target: Target, headers: dict[str, str]) -> None:
    """H1."""
    for path in ("/api/accounts", "/files/leads.csv", "/api/leads", "/api/audit"):
        assert httpx.get(f"{target.web}{path}", headers=headers).status_code == 401, path
    answer = httpx.post(f"{target.web}/api/calls", json={"phone": "+919812000001"}, headers=headers)
    assert answer.status_code == 401


async def test_no_strangers_body_is_parsed_and_health_answers_meanwhile(target: Target) -> None:
    """H2: a 10 MB form with junk for a signature stopped the web process for 17 s."""
    junk = "&".join(f"k{n}=" for n in range(BIG // 8)).encode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(timeout=30) as client:
        sends = [
            client.post(f"{target.web}/carriers/twilio/status", content=junk, headers={**form, "x-twilio-signature": s})
            for s in ("junk", "A" * 27 + "=")
        ]
        sends.append(client.post(f"{target.web}/sign-in", content=junk, headers=form))
        sends.append(client.post(f"{target.web}/carriers/exotel/status/{'w' * 22}", content=junk, headers=form))
        attack = asyncio.gather(*sends, return_exceptions=True)
        waits = []
        while not attack.done():
            began = time.monotonic()
            assert (await client.get(f"{target.web}/health")).status_code == 200
            waits.append(time.monotonic() - began)
        answers = [answer for answer in await attack if not isinstance(answer, Exception)]
    assert all(answer.status_code in (400, 403, 413) for answer in answers), answers
    assert max(waits) < 5, "a third of what it was"


def test_a_token_climbs_nowhere(target: Target) -> None:
    """H3."""
    for path, form in (
        ("/account/tokens", {"name": "esc", "scope": "admin", "days": "3650"}),
        ("/account/second-factor", {}),
        ("/account/second-factor/on", {"code": "123456"}),
        ("/account/password", {"password": "seven green umbrellas", "again": "seven green umbrellas"}),
    ):
        assert httpx.post(f"{target.web}{path}", data=form, headers=target.admin).status_code == 403, path
    assert httpx.get(f"{target.web}/api/accounts", headers=target.admin).status_code == 403, "scope write, not admin"


def test_marketing_undoes_neither_an_opt_out_nor_the_emergency_stop(target: Target) -> None:
    """H4."""
    assert httpx.delete(f"{target.web}/api/do-not-call/+919812000001", headers=target.marketing).status_code == 403
    assert httpx.delete(f"{target.web}/api/kill-switches/all", headers=target.marketing).status_code == 403
    for path in ("/do-not-call/remove", "/settings/release", "/settings/limits"):
        answer = httpx.post(f"{target.web}{path}", data={"number": "+919812000001"}, headers=target.marketing)
        assert answer.status_code == 403, path


async def test_idle_sockets_take_no_calls_place(target: Target) -> None:
    """H5: more strangers than calls; a genuine upgrade of Twilio's is still let in."""
    url = f"ws://{target.bridge}/exotel/media-stream"
    idle = [await websockets.connect(url) for _ in range(8)]
    media = f"ws://{target.bridge}/media-stream"
    signature = RequestValidator(TWILIO_KEY).compute_signature(media, {})
    async with websockets.connect(media, additional_headers={"x-twilio-signature": signature}):
        health = (await asyncio.to_thread(httpx.get, f"http://{target.bridge}/health")).json()
        assert (health["calls"], health["most_calls"]) == (0, 5)
    with pytest.raises(InvalidStatus, match="403"):
        await websockets.connect(media, additional_headers={"x-twilio-signature": "A" * 27 + "="})
    for socket in idle:
        await asyncio.wait_for(socket.wait_closed(), 10)


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD20000"])
def test_a_tiny_workbook_asks_for_no_memory(target: Target, tmp_path: Path, cell: str) -> None:
    """H6."""
    path = far_cell(tmp_path / "list.xlsx", cell)
    answer = httpx.post(
        f"{target.web}/api/campaigns/Spring/leads",
        params={"dry_run": "true"},
        files={"data": ("list.xlsx", path.read_bytes())},
        headers=target.marketing,
        timeout=60,
    )
    assert answer.status_code == 422, answer.text
    assert "only 2 cells hold a value" in answer.text
    assert str(tmp_path) not in answer.text
    assert "/uploads/" not in answer.text, "L10: no path of the server"


def test_reads_leave_a_name(target: Target) -> None:
    """H8."""
    assert httpx.get(f"{target.web}/files/leads.csv", headers=target.marketing).status_code == 200
    log = target.dialer("audit", "accesses")
    assert ("mina@example.com", "export") in {(entry["who"], entry["did"]) for entry in log}


def test_strangers_read_no_metrics_and_no_process_id(target: Target) -> None:
    """L5."""
    assert httpx.get(f"http://{target.bridge}/metrics").status_code == 403
    assert "worker" not in httpx.get(f"http://{target.bridge}/health").json()


def test_responses_are_kept_in_no_cache(target: Target) -> None:
    """M12."""
    answer = httpx.get(f"{target.web}/api/leads", headers=target.marketing)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
