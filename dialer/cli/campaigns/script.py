"""`dialer script list|show|add|diff|try`: what AVA says and how she sounds, in versions that never change."""

import difflib
import json
from pathlib import Path
from typing import Any

import click

from dialer.cli.commands.options import NOTHING
from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.scripts import FIELDS, add_script, newest
from dialer.settings import Settings
from dialer.store.campaigns import scripts
from dialer.store.sessions import ConstraintError
from dialer.store.tables import Script
from dialer.wiring.stores import Store

LONG = ("opening", "persona")


def list_all(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            found = await scripts.list_all(session)
            return [{"name": each.name, "version": each.version, **_choices(each)} for each in found]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        second = f", then {each['second_voice']}" if each["second_voice"] else ""
        languages = ", ".join(each["languages"] or [each["language"]])
        click.echo(f"{each['name']:20} {each['version']:>3}  {each['voice']}{second}  {languages}")


def show(name: str, version: int | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> tuple[dict[str, Any], str]:
        async with store.sessions() as session:
            found = await newest(session, name, version)
            return {"name": found.name, "version": found.version, **_values(found)}, _text(found)

    values, text = with_store(work)
    click.echo(json.dumps(values, ensure_ascii=False) if as_json else text)


def diff(name: str, old: int, new: int | None) -> None:
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


def add(name: str, like: str | None, persona: Path | None, as_json: bool, **chosen: Any) -> None:
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
                made = await add_script(session, operator(), name, changes, like=like)
                return made.name, made.version
        except ConstraintError as error:
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
        raise CommandError(f"{persona} is not UTF-8 text; save it as UTF-8") from error
    if not text.strip():
        raise CommandError(f"{persona} is empty")
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
