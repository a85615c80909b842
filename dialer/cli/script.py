"""`dialer script list|show|add|diff|try`: what AVA says and how she sounds, in versions that never change."""

import difflib
import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.cli.script_try import try_script
from dialer.flows.keep_scripts import FIELDS, add_script, newest
from dialer.settings import Settings
from dialer.store.tables import NOISE_REDUCTIONS, VAD_EAGERNESS, VAD_KINDS, Script
from dialer.wiring.stores import Store
from dialer.wiring.voices import NAMES

NOTHING = "none"
LONG = ("opening", "persona")


@click.group()
def script() -> None:
    """What AVA says and how she sounds. A version never changes: what is changed is a new one."""


script.add_command(try_script)


@script.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """Every script with its versions."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            found = await session.scalars(select(Script).order_by(Script.name, Script.version))
            return [{"name": each.name, "version": each.version, **_choices(each)} for each in found]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        second = f", then {each['second_voice']}" if each["second_voice"] else ""
        languages = ", ".join(each["languages"] or [each["language"]])
        click.echo(f"{each['name']:20} {each['version']:>3}  {each['voice']}{second}  {languages}")


@script.command()
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="[the newest]")
@click.option("--json", "as_json", is_flag=True)
def show(name: str, version: int | None, as_json: bool) -> None:
    """Show one script, whole."""

    async def work(settings: Settings, store: Store) -> tuple[dict[str, Any], str]:
        async with store.sessions() as session:
            found = await newest(session, name, version)
            return {"name": found.name, "version": found.version, **_values(found)}, _text(found)

    values, text = with_store(work)
    click.echo(json.dumps(values, ensure_ascii=False) if as_json else text)


@script.command()
@click.argument("name")
@click.argument("old", type=click.IntRange(1))
@click.argument("new", type=click.IntRange(1), required=False)
def diff(name: str, old: int, new: int | None) -> None:
    """What changed from version OLD to NEW (else to the newest)."""

    async def work(settings: Settings, store: Store) -> str:
        async with store.sessions() as session:
            before, after = await newest(session, name, old), await newest(session, name, new)
            lines = difflib.unified_diff(
                _text(before).splitlines(),
                _text(after).splitlines(),
                f"{name} {before.version}",
                f"{name} {after.version}",
                lineterm="",
            )
            return "\n".join(lines)

    click.echo(with_store(work) or "nothing changed")


@script.command()
@click.argument("name")
@click.option(
    "--like", metavar="SCRIPT", help="begin from this script's newest version [its own, else the shipped one]"
)
@click.option("--persona", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="a text file")
@click.option("--opening", help="AVA's first words; $greeting and $notice are filled in")
@click.option("--voice", type=click.Choice(NAMES))
@click.option("--second-voice", type=click.Choice([*NAMES, NOTHING]), help="takes over where the first fails")
@click.option("--model", help=f"the voice's model; {NOTHING}: that of the settings")
@click.option("--speaker", help="whose voice AVA speaks with, as the provider calls it")
@click.option("--language", metavar="CODE", help="what AVA begins in, such as en or hi")
@click.option("--languages", metavar="CODE,CODE", help="what the student may change to")
@click.option("--keywords", metavar="WORD,WORD", help="names that the transcriber should know")
@click.option("--transcription-model")
@click.option("--vad-kind", type=click.Choice(VAD_KINDS))
@click.option("--vad-threshold", type=click.FloatRange(0, 1))
@click.option("--vad-prefix-ms", type=click.IntRange(0, 2000))
@click.option("--vad-silence-ms", type=click.IntRange(100, 5000))
@click.option("--vad-eagerness", type=click.Choice(VAD_EAGERNESS))
@click.option("--noise-reduction", type=click.Choice([*NOISE_REDUCTIONS, NOTHING]))
@click.option("--speed", type=click.FloatRange(0.25, 1.5))
@click.option("--max-output-tokens", type=click.IntRange(1, 4096))
@click.option("--min-speech-ms", type=click.IntRange(0, 400), help="less sound than that does not cut AVA off")
@click.option("--protect-ms", type=click.IntRange(0, 20_000), help="so much of the opening is said whole")
@click.option("--silence-s", type=click.FloatRange(2, 120), help="when AVA asks whether anybody is there")
@click.option("--json", "as_json", is_flag=True)
def add(name: str, like: str | None, persona: Path | None, as_json: bool, **chosen: Any) -> None:
    """Make a new version of NAME, or a new script; what is not chosen stays as it was."""
    changes = {field: value for field, value in chosen.items() if value is not None}
    for field in ("languages", "keywords"):
        if field in changes:
            changes[field] = [each.strip() for each in changes[field].split(",") if each.strip()]
    for field in ("second_voice", "model", "noise_reduction"):
        if changes.get(field) == NOTHING:
            changes[field] = None
    if persona is not None:
        changes["persona"] = _read(persona)

    async def work(settings: Settings, store: Store) -> tuple[str, int]:
        try:
            async with store.sessions.begin() as session:
                made = await add_script(session, name, changes, like=like)
                return made.name, made.version
        except IntegrityError as error:
            raise CommandError(f"a value is refused: {str(error.orig).splitlines()[0]}") from error

    made, version = with_store(work)
    if as_json:
        click.echo(json.dumps({"name": made, "version": version}))
        return
    click.echo(f"script {made!r} is in version {version}; next: dialer campaign create NAME --script {made}")


def _read(persona: Path) -> str:
    try:
        text = persona.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{persona} is not UTF-8 text; save it as such") from error
    if not text.strip():
        raise CommandError(f"{persona} is empty; AVA would know nothing")
    return text


def _values(script: Script) -> dict[str, Any]:
    return {field: getattr(script, field) for field in FIELDS}


def _choices(script: Script) -> dict[str, Any]:
    return {field: value for field, value in _values(script).items() if field not in LONG}


def _text(script: Script) -> str:
    """A script as somebody reads it: its choices, then its words."""
    choices = [f"{field:20} {_said(value)}" for field, value in sorted(_choices(script).items())]
    return "\n".join(
        [
            f"{script.name}, version {script.version}",
            *choices,
            "",
            "opening:",
            script.opening,
            "",
            "persona:",
            script.persona,
        ]
    )


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or NOTHING
    return NOTHING if value is None else str(value)
