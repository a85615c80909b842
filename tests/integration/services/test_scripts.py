"""Scripts in versions: what is changed is a new one, what is in use stays, and ours come with the product."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.ava.persona import compose_session
from dialer.ava.scripts import SHIPPED_SCRIPTS
from dialer.domain.speech.placeholders import missing_columns
from dialer.services.campaigns.create import create_campaign
from dialer.services.scripts import Shipped, add_script, for_single_calls, install_shipped_scripts
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.tables import Campaign, Script
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.lists import bring, write_list
from tests.support.shell import Shell

NOW = datetime(2026, 3, 3, 6, tzinfo=UTC)


def test_a_new_database_speaks_english_hindi_and_hinglish(shell: Shell) -> None:
    shipped = {each["name"]: each for each in shell.done("script", "list")}
    assert shipped.keys() == {"ava", "ava-hindi", "ava-hinglish"}
    assert [shipped[name]["language"] for name in sorted(shipped)] == ["en", "hi", "hi"]
    assert all(set(each["languages"]) == {"en", "hi"} for each in shipped.values())


@pytest.mark.parametrize("shipped", SHIPPED_SCRIPTS, ids=lambda each: each.name)
def test_each_shipped_script_is_filled_completely_says_that_it_records_and_follows_the_student(
    shipped: Shipped,
) -> None:
    told = {}
    for recorded in (True, False):
        told[recorded] = compose_session(
            shipped.persona,
            shipped.opening,
            business="One Window",
            name="Asha Rao",
            row={},
            zone="Asia/Kolkata",
            now=NOW,
            recorded=recorded,
            language=shipped.language,
        )
    assert missing_columns(shipped.persona, shipped.opening, ()) == ()
    assert "$" not in told[True].instructions + told[True].opening
    assert "change with them at once" in told[True].instructions
    assert any(word in told[True].opening for word in ("is recorded", "रिकॉर्ड", "record ho rahi"))
    assert not any(word in told[False].opening for word in ("is recorded", "रिकॉर्ड", "record ho rahi", "  "))
    assert 0 < told[True].disclosure.most_ms < 15_000
    assert ("दोबारा" in told[True].goodbye) == (shipped.language == "hi")


def test_what_is_changed_is_a_new_version_and_campaigns_keep_theirs(shell: Shell) -> None:
    shell.done("campaign", "create", "Spring")
    assert shell.done("script", "add", "ava", "--voice", "gemini_live", "--keywords", "IELTS, Deakin") == {
        "name": "ava",
        "version": 2,
    }
    before, after = (shell.done("script", "show", "ava", "--version", version) for version in ("1", "2"))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"version", "voice", "keywords"}
    assert after["keywords"] == ["IELTS", "Deakin"]
    said = shell("script", "diff", "ava", "1")
    assert "+voice                gemini_live" in said.out
    assert "-voice                openai_realtime" in said.out
    status = shell.done("campaign", "status", "Spring")
    assert status["name"] == "Spring"


def test_a_new_script_begins_from_another(shell: Shell, tmp_path: Path) -> None:
    words = tmp_path / "words.md"
    words.write_text("You are AVA. You speak of scholarships only.\n", encoding="utf-8")
    chosen = ("--like", "ava-hindi", "--persona", str(words), "--second-voice", "gemini_live", "--speed", "1.1")
    shell.done("script", "add", "scholarships", *chosen)
    made = shell.done("script", "show", "scholarships")
    assert (made["version"], made["language"], made["second_voice"], made["speed"]) == (1, "hi", "gemini_live", 1.1)
    assert made["persona"] == words.read_text(encoding="utf-8")
    shell.done("script", "add", "scholarships", "--second-voice", "none")
    assert shell.done("script", "show", "scholarships")["second_voice"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "nobody"), "there is no script 'nobody'; there are 'ava', 'ava-hindi', 'ava-hinglish'"),
        (("show", "ava", "--version", "9"), "there is no script 'ava' in version 9"),
        (("add", "ava"), "nothing changed: version 1 of 'ava' is the same"),
        (("add", "ava", "--like", "nobody"), "there is no script 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(shell: Shell, words: tuple[str, ...], says: str) -> None:
    assert says in shell.refused("script", *words)


def test_a_persona_that_is_empty_or_no_text_is_refused(shell: Shell, tmp_path: Path) -> None:
    words = tmp_path / "words.md"
    for content, says in ((b"\xff\xfe\x00", "not UTF-8"), (b" \n", "is empty")):
        words.write_bytes(content)
        assert says in shell.refused("script", "add", "ava", "--persona", str(words))


async def test_a_campaign_is_made_with_the_newest_version(store: Store) -> None:
    async with store.sessions.begin() as session:
        old = await create_campaign(session, ADMIN, "Old")
        made = await add_script(session, ADMIN, "ava", {"speaker": "marin"})
        new = await create_campaign(session, ADMIN, "New")
    assert new.script_id == made.id != old.script_id
    async with store.sessions() as session:
        kept = await session.get_one(Campaign, old.id)
        assert (await session.get_one(Script, kept.script_id)).speaker == "ash"


async def test_a_new_campaign_starts_with_the_newest_version_that_a_list_can_fill(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    async with store.sessions.begin() as session:
        await add_script(session, ADMIN, "ava", {"speaker": "marin"})
        made = await add_script(session, ADMIN, "ava", {"opening": "Do you still like $Hobby?"})
        first = await create_campaign(session, ADMIN, "First")
        chosen = await create_campaign(session, ADMIN, "Chosen", script="ava")
        assert (await session.get_one(Script, first.script_id)).version == 2
        assert chosen.script_id == made.id, "who names a script gets its newest version"
    rows = write_list(tmp_path / "list.csv", [["Asha", "98120 00001", "chess"]], ("Name", "Phone", "Hobby"))
    await bring(settings, store, rows, "First")
    async with store.sessions.begin() as session:
        assert (await create_campaign(session, ADMIN, "Next")).script_id == made.id


async def test_single_calls_use_the_version_that_campaigns_use(store: Store) -> None:
    async def speaks() -> int:
        async with store.sessions() as session:
            return (await for_single_calls(session)).version

    async with store.sessions.begin() as session:
        await add_script(session, ADMIN, "ava", {"speaker": "marin"})
        second = await create_campaign(session, ADMIN, "Second")
        await add_script(session, ADMIN, "ava", {"speaker": "cedar"})
        third = await create_campaign(session, ADMIN, "Third")
        await add_script(session, ADMIN, "ava", {"opening": "Do you still like $hobby?"})
        hobby = await create_campaign(session, ADMIN, "Hobby", script="ava")
    assert await speaks() == 3, "no campaign has started: the newest that needs no list"
    async with store.sessions.begin() as session:
        await campaigns.move(session, second.id, "running")
    assert await speaks() == 2
    async with store.sessions.begin() as session:
        await campaigns.move(session, third.id, "running")
    assert await speaks() == 3
    async with store.sessions.begin() as session:
        await campaigns.move(session, hobby.id, "running")
    assert await speaks() == 3, "a single call has no row that could fill $hobby"


async def test_our_new_words_keep_the_manner_that_was_chosen_and_come_once(store: Store) -> None:
    ours = Shipped("ava", "Hello, newly.", "You are AVA, newly.", "en", ("en", "hi"))
    async with store.sessions.begin() as session:
        await add_script(session, ADMIN, "ava", {"voice": "gemini_live", "speed": 1.2})
    for _ in range(2):
        async with store.sessions.begin() as session:
            await install_shipped_scripts(session, [ours])
    async with store.sessions() as session:
        versions = (await session.scalars(select(Script).where(Script.name == "ava").order_by(Script.version))).all()
    assert [each.version for each in versions] == [1, 2, 3]
    assert (versions[-1].opening, versions[-1].voice, versions[-1].speed) == ("Hello, newly.", "gemini_live", 1.2)
