"""A script tried in text by the page without JavaScript, by the API and at the terminal: roles, rates, hostile words."""

import asyncio
import html
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from dialer.domain.access.rates import TRY
from dialer.domain.access.roles import Role
from dialer.settings import Settings
from dialer.simulator.world import World, WorldSettings, simulated_world
from dialer.store.sessions import Sessions
from dialer.wiring.stores import Store
from tests.browser.filled import ATTACK
from tests.support.pages import bearer, send, signed_in
from tests.support.people import enrol, phone_of, running_campaign
from tests.support.shell import Shell
from tests.support.trials import MEETING, rows
from tests.support.world import keys

PAGE = "/scripts/ava/try"
NO_KEY = "no text model has a key to try a script with: set ANTHROPIC_API_KEY or GEMINI_API_KEY"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20, generation_rate=20)) as made:
        yield made


@pytest.fixture
def keyed(settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the world's keys, in the environment too: a turn is taken by a process that reads it."""
    for name, value in keys(world).items():
        monkeypatch.setenv(name.upper(), value)
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        dialer_database_url=settings.dialer_database_url,
        dialer_redis_url=settings.dialer_redis_url,
        dialer_data_dir=settings.dialer_data_dir,
    )


@pytest.fixture
async def web(keyed: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(keyed, store, Role.MARKETING) as client:
        yield client


def _fields(page: Response) -> dict[str, str]:
    """The hidden fields of the form that says something, as a browser sends them."""
    form = re.search(r'<form class="card say".*?</form>', page.text, re.DOTALL)
    assert form is not None, page.text
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
    return {name: html.unescape(value) for name, value in found if name != "csrf"}


async def test_a_student_is_played_by_the_page_alone_and_nothing_is_kept(
    web: AsyncClient, sessions: Sessions, world: World
) -> None:
    assert "Test in text" in (await web.get("/scripts/ava")).text
    before = await rows(sessions)
    begun = await web.get(PAGE)
    assert "Nothing is saved or booked, and no one is called or messaged." in begun.text
    page = await send(web, PAGE, PAGE, begin="1", student="Asha Rao", zone="Asia/Kolkata")
    assert "Hello Asha, this is AVA" in page.text
    for words in (MEETING[1], MEETING[3]):
        page = await send(web, PAGE, PAGE, **_fields(page), words=words)
        assert page.status_code == 200, page.text
        assert f'<li data-who="Student">{words}</li>' in page.text
    assert "<summary>AVA saved the enquiry</summary>" in page.text
    assert "<summary>AVA looked for free times</summary>" in page.text
    assert re.search(r"<dt>Course</dt><dd>data science</dd>", page.text)
    assert re.search(r"[\d,]+ in, [\d,]+ out", page.text)
    assert "2 of 30" in page.text
    kept = _fields(page)
    refused = await send(web, PAGE, PAGE, **kept, words="x" * 1001)
    assert refused.status_code == 422
    assert "at most 1000 characters" in refused.text
    assert _fields(refused)["so_far"] == kept["so_far"], "the talk is still there"
    assert f'value="{"x" * 1001}"' in refused.text
    assert world.ledger.refusals == []
    assert await rows(sessions) == before


async def test_a_demo_says_that_a_simulated_model_answers(
    keyed: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for twilio, simulated in (("https://api.twilio.com", False), ("http://127.0.0.1:9", True)):
        monkeypatch.setenv("TWILIO_API_URL", twilio)
        settings = keyed.model_copy(update={"twilio_api_url": twilio})
        async with signed_in(settings, store, Role.MARKETING) as web:
            assert ("a simulated model replies" in (await web.get(PAGE)).text) is simulated
            begun = await send(web, PAGE, PAGE, begin="1", student="Asha Rao", zone="Asia/Kolkata")
            model = "a simulated model" if simulated else keyed.anthropic_model
            assert f"<dt>Text model</dt><dd>{model}</dd>" in begun.text


async def test_the_text_of_a_form_is_tried_without_making_a_version(web: AsyncClient, sessions: Sessions) -> None:
    before = await rows(sessions)
    form = {"opening": f"Good day $greeting. {ATTACK}", "persona": "You are AVA.", "voice": "cascade_cohere"}
    page = await send(web, PAGE, "/scripts/ava", **form, language="en", speaker="ash", speed="1", name="ava")
    assert "testing the text in the form. It is not saved" in page.text
    page = await send(web, PAGE, PAGE, **form, language="en", begin="1", student=f"Asha {ATTACK}")
    assert "<dt>Locked first sentence</dt><dd>Hello Asha, this is AVA, an AI assistant calling from" in page.text
    assert "Good day Asha" not in page.text, "she greets once"
    assert "unsaved text" in page.text
    assert "<dd>command" in page.text
    page = await send(web, PAGE, PAGE, **_fields(page), words=ATTACK)
    assert "&lt;img src=x" in page.text
    for attack in (ATTACK, "<script>document", 'onerror="'):
        assert attack not in page.text
    assert await rows(sessions) == before


async def test_a_talk_so_far_that_is_none_is_refused_and_the_setting_up_stays(web: AsyncClient) -> None:
    hidden = {"begin": "1", "student": "Asha Rao"}
    for so_far in ("{", "[]", '{"talk": [{"who": "admin"}]}', '{"talk": "' + "x" * 300_000 + '"}', "\0"):
        page = await send(web, PAGE, PAGE, **hidden, so_far=so_far, words="Hello")
        assert page.status_code == 422, so_far[:40]
        assert "cannot be read. Start over." in page.text
        assert 'value="Asha Rao"' in page.text
    assert (await send(web, PAGE, PAGE, **hidden, zone="Mars/Olympus")).status_code == 422
    assert (await send(web, PAGE, PAGE, **hidden, who="7 Nowhere")).status_code == 422
    assert (await send(web, PAGE, PAGE, version="x")).status_code == 422
    assert (await send(web, "/scripts/nobody/try", PAGE, begin="1")).status_code == 404
    assert (await web.get(f"{PAGE}?version=9")).status_code == 404


async def test_leads_of_the_scripts_campaigns_can_be_chosen(web: AsyncClient, sessions: Sessions) -> None:
    campaign = await running_campaign(sessions, "Spring 2027")
    await enrol(sessions, campaign, [phone_of(n) for n in range(5)], {"name": "Meera Nair"})
    shown = await web.get(PAGE)
    chosen = re.findall(r'<option value="(\d+ [^"]+)">Meera Nair \(Spring 2027\)</option>', shown.text)
    assert len(chosen) == 3
    page = await send(web, PAGE, PAGE, begin="1", who=chosen[1])
    assert "Hello Meera, this is AVA" in page.text
    assert "Spring 2027" not in (await web.get("/scripts/ava-hindi/try")).text


async def test_without_any_key_one_line_says_which_would_do(settings: Settings, store: Store, shell: Shell) -> None:
    async with signed_in(settings, store, Role.MARKETING) as web:
        page = await send(web, PAGE, PAGE, begin="1")
        assert (page.status_code, NO_KEY in page.text) == (422, True)
        answer = await web.post("/api/scripts/ava/try", json={}, headers=await bearer(store, Role.ADMIN))
        assert (answer.status_code, answer.json()["detail"].startswith(NO_KEY)) == (409, True)
    assert NO_KEY in shell.refused("script", "try", "ava")
    assert "there is no script 'nobody'" in shell.refused("script", "try", "nobody")


async def test_who_runs_campaigns_tries_scripts_and_nobody_else(settings: Settings, store: Store) -> None:
    for role, may in ((Role.AUDITOR, False), (Role.COUNSELOR, False), (Role.MARKETING, True)):
        async with signed_in(settings, store, role) as web:
            assert ((await web.get(PAGE)).status_code == 200) == may
            page = await web.get("/scripts/ava")
            assert ("Test in text" in page.text) == may
            if not may:
                assert (await send(web, PAGE, "/account", begin="1")).status_code == 403


async def test_page_and_api_are_counted_together(settings: Settings, store: Store) -> None:
    async with signed_in(settings, store, Role.MARKETING) as web:
        for _ in range(TRY.most):
            await send(web, PAGE, PAGE, begin="0")
        answer = await send(web, PAGE, PAGE, begin="0")
        assert answer.status_code == 429
        token = re.findall(r'name="csrf" content="([^"]*)"', (await web.get(PAGE)).text)[0]
        refused = await web.post("/api/scripts/ava/try", json={}, headers={"X-CSRF": token})
        assert refused.status_code == 429


async def test_a_program_keeps_the_talk_and_gives_it_back(keyed: Settings, store: Store) -> None:
    async with signed_in(keyed, store, Role.ADMIN) as web:
        headers = await bearer(store, Role.MARKETING) | {"accept": "application/json"}
        before = await rows(store.sessions)
        told: dict[str, Any] = {"talk": [], "offered": {}}
        for words in ("", MEETING[3], MEETING[4]):
            so_far = {"talk": told["talk"], "offered": told["offered"]}
            answer = await web.post("/api/scripts/ava/try", json={**so_far, "words": words}, headers=headers)
            assert answer.status_code == 200, answer.text
            told = answer.json()
        assert told["kept"]["meeting"]["state"] == "held"
        assert told["said"][0]["calls"][0]["name"] == "hold_slot"
        assert len(told["offered"]) >= 3
        for wrong in ({"words": "Hi"}, {"talk": 7}, {"zone": "nowhere"}, {"nothing": 1}):
            refused = await web.post("/api/scripts/ava/try", json=wrong, headers=headers)
            assert refused.status_code == 400, refused.text
        assert (await web.post("/api/scripts/nobody/try", json={}, headers=headers)).status_code == 404
        described = (await web.get("/schema/openapi.json", headers=headers)).json()
        body = described["paths"]["/api/scripts/{name}/try"]["post"]["requestBody"]["content"]["application/json"]
        assert [example.get("student") for example in body["schema"]["examples"]] == ["Asha Rao", "Asha Rao"]
    changed = {name for name, each in (await rows(store.sessions)).items() if before[name] != each}
    assert changed == {"api_token"}, "a token knows when it was used last; nothing else has changed"


@pytest.mark.full
async def test_a_talk_at_the_terminal_goes_from_the_opening_to_the_end(keyed: Settings, store: Store) -> None:
    before = await rows(store.sessions)
    environment = {
        **os.environ,
        "DIALER_DATABASE_URL": keyed.dialer_database_url or "",
        "DIALER_REDIS_URL": keyed.dialer_redis_url or "",
    }

    def talk(said: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dialer", "script", "try", "ava", *more],
            input=said, capture_output=True, text=True, env=environment, timeout=120, check=False,
        )  # fmt: skip

    done = await asyncio.to_thread(talk, "\n".join(MEETING) + "\n")
    assert done.returncode == 0, done.stderr
    for words in ("this is AVA", "book_slot {", "meeting booked", "Nothing of this was saved", "tokens in"):
        assert words in done.stdout, done.stdout
    left = await asyncio.to_thread(talk, f"{'x' * 1001}\n\n", "--student", "Asha Rao")
    assert (left.returncode, "at most 1000 characters" in left.stderr) == (0, True)
    assert "Hello Asha" in left.stdout
    hung_up = await asyncio.to_thread(talk, "")
    assert (hung_up.returncode, "A call would have left:\n  nothing" in hung_up.stdout) == (0, True)
    assert await rows(store.sessions) == before
