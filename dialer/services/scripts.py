"""Scripts and their versions: what AVA is told and how she sounds. A version never changes; what is new is a new one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dialer.domain.speech.placeholders import missing_columns
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.campaigns import campaigns, scripts
from dialer.store.sessions import Session
from dialer.store.tables import Script

SHIPPED = "ava"
_KEYS = frozenset({"id", "name", "version", "created_at"})
FIELDS = tuple(name for name in scripts.COLUMNS if name not in _KEYS)
"""What can be chosen of a script."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A script that comes with the product."""

    name: str
    opening: str
    persona: str
    language: str
    languages: tuple[str, ...]


class UnknownScriptError(ValueError):
    """There is no script of that name, or no such version of it."""


class SameScriptError(ValueError):
    """The newest version is like that already."""


async def newest(session: Session, name: str, version: int | None = None) -> Script:
    """A script: its newest version, or the one that is asked for.

    Raises:
        UnknownScriptError: with a line that says what there is.
    """
    found = await scripts.find_newest(session, name, version)
    if found is None:
        names = ", ".join(repr(each) for each in await scripts.names(session))
        which = f"{name!r}" if version is None else f"{name!r} in version {version}"
        raise UnknownScriptError(f"there is no script {which}; there are {names or 'none'}: see dialer script list")
    return found


async def newest_usable(session: Session, name: str = SHIPPED) -> Script:
    """A script's newest version whose every $word some imported list fills; its newest one where none is like that.

    Raises:
        UnknownScriptError: there is no such script.
    """
    known = {column for _, columns in await scripts.columns(session) for column in columns}
    versions = await scripts.versions(session, name)
    usable = (each for each in versions if not missing_columns(each.persona, each.opening, known))
    return next(usable, None) or await newest(session, name)


async def for_single_calls(session: Session) -> Script:
    """The version for calls placed one at a time: the one of the campaign started last.

    A single call has no row of a list. Where that version needs columns, or no campaign has started, it is the newest
    version of the same script, else of the shipped one, that needs none.
    """
    used = await campaigns.script_in_use(session)
    names = dict.fromkeys((used.name if used else SHIPPED, SHIPPED))
    versions = [each for name in names for each in await scripts.versions(session, name)]
    alone = (
        each for each in ([used] if used else []) + versions if not missing_columns(each.persona, each.opening, ())
    )
    return next(alone, None) or used or await newest(session, SHIPPED)


async def add_script(
    session: Session, actor: Actor, name: str, changes: Mapping[str, Any], *, like: str | None = None
) -> Script:
    """A new version of a script, or the first of a new one: as `like` (else as its own newest version), but for `changes`.

    Campaigns keep the version that they were made with.

    Raises:
        ForbiddenError: `actor` may not do this.
        UnknownScriptError: there is none to begin from.
        SameScriptError: nothing would be new.
        ConstraintError: a value that the table refuses.
    """
    actor.require(actions.SCRIPT_ADD)
    await scripts.lock(session)
    own = await scripts.find_newest(session, name)
    model = await newest(session, like) if like is not None else own or await newest(session, SHIPPED)
    values = {field: getattr(model, field) for field in FIELDS} | dict(changes)
    if own is not None and all(getattr(own, field) == value for field, value in values.items()):
        raise SameScriptError(f"nothing changed: version {own.version} of {name!r} is the same")
    made = Script(name=name, version=own.version + 1 if own else 1, **values)
    session.add(made)
    await session.flush()
    await session.refresh(made)
    await record(session, actor, actions.SCRIPT_ADD, {"script": made.name, "version": made.version})
    return made


async def install_shipped_scripts(session: Session, shipped: Iterable[Shipped]) -> None:
    """The shipped scripts as the newest versions of their names, each made once.

    Who changed one keeps what they chose besides: a new version of ours has their voice and manner, and our words.
    """
    await scripts.lock(session)
    for each in shipped:
        ours = {
            "opening": each.opening,
            "persona": each.persona,
            "language": each.language,
            "languages": list(each.languages),
        }
        known = await scripts.versions(session, each.name)
        if any(all(getattr(script, field) == value for field, value in ours.items()) for script in known):
            continue
        last = max(known, key=lambda script: script.version, default=None)
        kept = {field: getattr(last, field) for field in FIELDS} if last else {}
        session.add(Script(name=each.name, version=last.version + 1 if last else 1, **(kept | ours)))
        await session.flush()
