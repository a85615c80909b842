"""Scripts: their versions, what changed between two, which words of theirs the lists fill, and a new version."""

import difflib
from typing import Annotated, Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field, StringConstraints

from dialer.ava.persona import locked_line_of
from dialer.domain.access.roles import READERS
from dialer.domain.speech.placeholders import PRODUCT_PLACEHOLDERS, missing_columns, named_words
from dialer.services import actions
from dialer.services.scripts import FIELDS, SameScriptError, UnknownScriptError, add_script
from dialer.store.campaigns import scripts
from dialer.store.sessions import ConstraintError
from dialer.store.tables import Script
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.pages.template_filters import words as label
from dialer.web.render import redirect, render_page
from dialer.wiring.voices import NAMES

LONG = ("opening", "persona")
CHOICES = tuple(field for field in FIELDS if field not in LONG)


class Version(BaseModel):
    """What a new version says, and with which voice."""

    business: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    opening: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    persona: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
    voice: str
    speaker: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    speed: Annotated[float, Field(ge=0.25, le=1.5)] = 1.0
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[\w .-]+$")]


@get("/scripts", include_in_schema=False, opt=require(READERS))
async def all_scripts(app_state: InjectedState) -> Template:
    """Every script with its versions."""
    async with app_state.sessions() as session:
        used = await scripts.used(session)
    return render_page("scripts/all.html", "/scripts", used=used)


@get("/scripts/{name:str}", include_in_schema=False, opt=require(READERS))
async def one_script(
    name: FromPath[str],
    app_state: InjectedState,
    old: FromQuery[int | None] = None,
    new: FromQuery[int | None] = None,
    done: FromQuery[str | None] = None,
) -> Template:
    """One script: its newest version whole, its others, what changed from `old` to `new`."""
    return await _page(app_state, name, old, new, done=done)


async def _page(
    app_state: AppState, name: str, old: int | None = None, new: int | None = None, **more: Any
) -> Template:
    async with app_state.sessions() as session:
        used = await scripts.used(session, name)
        columns = await scripts.columns(session)
    if not used:
        raise NotFoundException("This script does not exist.")
    versions = {each.script.version: each.script for each in used}
    newest = used[0].script
    after = versions.get(new or newest.version, newest)
    before = versions.get(old if old is not None else after.version - 1)
    words = named_words(newest.persona, newest.opening)
    return render_page(
        "scripts/one.html",
        "/scripts",
        script=newest,
        used=used,
        locked=locked_line_of(newest),
        choices=[(field, getattr(newest, field)) for field in CHOICES],
        voices=NAMES,
        before=before,
        after=after,
        diff=_diff(before, after) if before is not None else [],
        words=[(word, word in PRODUCT_PLACEHOLDERS) for word in words],
        unfilled=_unfilled(newest, [column for _, given in columns for column in given]),
        lists=[(of, missing_columns(newest.persona, newest.opening, given)) for of, given in columns],
        **more,
    )


def _unfilled(script: Script, columns: list[str]) -> list[tuple[str, str]]:
    """The $words that no imported list fills, each with the column that would."""
    missing = missing_columns(script.persona, script.opening, columns)
    return [(word, word.replace("_", " ").capitalize()) for word in missing]


def _diff(before: Script, after: Script) -> list[tuple[str, str]]:
    """The lines that differ, with three around them: (`+`, `-`, `@` or blank, the line)."""
    lines = difflib.unified_diff(_text(before), _text(after), lineterm="", n=3)
    return [(line[:1], line[1:]) for line in list(lines)[2:]]


def _text(script: Script) -> list[str]:
    choices = [f"{field}: {getattr(script, field)}" for field in CHOICES]
    return [*choices, "opening:", *script.opening.splitlines(), "persona:", *script.persona.splitlines()]


@post("/scripts/{name:str}", include_in_schema=False, status_code=200, opt=require(actions.SCRIPT_ADD))
async def add(name: FromPath[str], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Make a new version, or (under another name) a new script like this one."""
    said = await read(request, Version)
    if isinstance(said, FormError):
        return await _page(app_state, name, says=said.says, given=said.given, status=422)
    if said.voice not in NAMES:
        return await _page(
            app_state,
            name,
            says=f"Choose one of these voices: {', '.join(map(label, NAMES))}.",
            given=said.model_dump(),
            status=422,
        )
    changes = said.model_dump(exclude={"name"})
    changes["persona"], changes["opening"] = said.persona.replace("\r\n", "\n"), said.opening.replace("\r\n", "\n")
    try:
        async with app_state.sessions.begin() as session:
            made = await add_script(
                session, actor(request), said.name, changes, like=name if said.name != name else None
            )
    except UnknownScriptError as error:
        raise NotFoundException("This script does not exist.") from error
    except SameScriptError as error:
        return await _page(app_state, name, says=str(error), status=409)
    except ConstraintError:
        return await _page(
            app_state,
            name,
            says="A value cannot be saved.",
            given=said.model_dump(),
            status=422,
        )
    return redirect(f"/scripts/{made.name}", "added")


PAGES = [all_scripts, one_script, add]
