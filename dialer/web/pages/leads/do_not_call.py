"""Do not call: the lists, one number checked, numbers added, a file imported, a number taken off."""

import tempfile
from pathlib import Path
from typing import Annotated

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field

from dialer.domain.access.roles import READERS
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.isolated.runner import TaskError, run_isolated
from dialer.isolated.tasks import IMPORT_DO_NOT_CALL, ActorModel, DoNotCallImportRequest
from dialer.services import actions
from dialer.services.actions import DNC_ADD
from dialer.services.do_not_call.add import add_numbers
from dialer.services.do_not_call.remove import ReasonNeededError, remove_number
from dialer.store.leads import do_not_call
from dialer.store.tables import AuditEntry
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.pages.home import TALLIES
from dialer.web.pages.template_filters import many
from dialer.web.render import redirect, render_page
from dialer.web.uploads import MAX_BYTES, file_name, save

HERE = "/do-not-call"
PAGE = 50
MOST_NUMBERS, MOST_NAMED = 200, 5
MAX_ID = 2**63
ADDED = DNC_ADD.name


class Numbers(BaseModel):
    """Numbers, one a line, and why."""

    numbers: Annotated[str, Field(max_length=20_000)]
    reason: Annotated[str, Field(max_length=500)] = ""


class Number(BaseModel):
    """One number."""

    number: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=500)] = ""
    """Why it is removed; needed where the person opted out in a call."""


@get(HERE, include_in_schema=False, opt=require(READERS))
async def page(
    app_state: InjectedState,
    q: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    done: FromQuery[str | None] = None,
    added: FromQuery[int] = 0,
) -> Template:
    """The page; `added` is the audit entry of numbers that were just added."""
    async with app_state.sessions() as session:
        entry = await session.get(AuditEntry, added) if 0 < added < MAX_ID else None
    return await _page(app_state, q, max(0, after), done=done, brought=_receipt(entry))


def _receipt(entry: AuditEntry | None) -> str | None:
    """What adding numbers did, in words."""
    if entry is None or entry.action != ADDED or "leads" not in entry.details:
        return None
    given, new, leads = (int(entry.details[name]) for name in ("given", "added", "leads"))
    old = f", {many(given - new, 'was', 'were')} already on the list" if given > new else ""
    said = f"{many(new, 'number')} added{old}"
    if not leads:
        return f"{said}. No lead has {'this number' if given == 1 else 'one of these numbers'}"
    return f"{said}. {many(leads, 'lead')} will not be called, in any campaign; calls about to start were cancelled"


async def _page(app_state: AppState, q: str = "", after: int = 0, **more: object) -> Template:
    phone = parse_phone(q, "IN") if q.strip() else None
    async with app_state.sessions() as session:
        found = [] if phone is None or isinstance(phone, BadPhone) else await do_not_call.entries(session, phone.e164)
        rows = await do_not_call.newest(session, after, PAGE + 1)
    lists = await app_state.stats_cache.get(HERE, lambda: _lists(app_state))
    checked = None if phone is None else phone.says if isinstance(phone, BadPhone) else phone.e164
    context: dict[str, object] = {
        "rows": rows[:PAGE],
        "more": rows[PAGE - 1].id if len(rows) > PAGE else None,
        "lists": lists,
        "q": q,
        "checked": checked,
        "found": found,
        "is_number": phone is not None and not isinstance(phone, BadPhone),
    }
    return render_page("dnc/page.html", HERE, **(context | more))  # type: ignore[arg-type]  # a template's own words


async def _lists(app_state: AppState) -> list[object]:
    async with app_state.sessions() as session:
        return list(await do_not_call.age_of(session))


@post(f"{HERE}/add", include_in_schema=False, status_code=200, opt=require(actions.DNC_ADD))
async def add(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Add numbers, all of them or none, and cancel the calls that were about to be placed to them."""
    said = await read(request, Numbers)
    if isinstance(said, FormError):
        return await _page(app_state, says=said.says, status=422, given=said.given)
    phones, bad = _read_lines(said.numbers)
    if bad or not 0 < len(phones) <= MOST_NUMBERS:
        some = "; ".join(bad[:MOST_NAMED]) + (f"; and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else "")
        why = f"Fix {some}." if bad else f"Enter 1 to {MOST_NUMBERS} numbers; for more, import a file."
        return await _page(app_state, says=f"No numbers were added. {why}", status=422, given=said.model_dump())
    async with app_state.sessions.begin() as session:
        done = await add_numbers(session, actor(request), phones, app_state.clock.now(), reason=said.reason)
    _changed(app_state)
    return redirect(f"{HERE}?added={done.entry_id}")


def _read_lines(text: str) -> tuple[set[str], list[str]]:
    """The numbers (E.164) of a text, and each entry that is none, as typed, with its line and why."""
    phones, bad = set(), []
    for n, line in enumerate(text.splitlines(), 1):
        for word in line.split(","):
            phone = parse_phone(word, "IN")
            if not isinstance(phone, BadPhone):
                phones.add(phone.e164)
            elif word.strip():
                bad.append(f'line {n}, "{word.strip()}": {phone.says[:1].lower()}{phone.says[1:]}')
    return phones, bad


@post(f"{HERE}/remove", include_in_schema=False, status_code=200, opt=require(actions.DNC_REMOVE))
async def remove(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Remove a number from every list; for administrators, as by the API. The audit log keeps that it was there."""
    said = await read(request, Number)
    if isinstance(said, FormError) or isinstance(phone := parse_phone(said.number, "IN"), BadPhone):
        return await _page(app_state, says="This is not a phone number.", status=422)
    try:
        async with app_state.sessions.begin() as session:
            await remove_number(session, actor(request), phone.e164, said.reason)
    except ReasonNeededError as error:
        return await _page(app_state, phone.e164, says=str(error), status=422)
    _changed(app_state)
    return redirect(HERE, "removed")


@post(
    f"{HERE}/import",
    include_in_schema=False,
    request_max_body_size=MAX_BYTES,
    status_code=200,
    opt=require(actions.DNC_IMPORT),
)
async def bring(request: Asked, app_state: InjectedState) -> Template:
    """List every number of a file."""
    form = await request.form()
    file, source = form.get("file"), str(form.get("source") or "")[:200]
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(app_state, says="Choose a file first.", status=422)
    with tempfile.TemporaryDirectory(prefix="dialer-upload-") as folder:
        path = Path(folder) / file_name(file.filename)
        await save(file, path)
        task = DoNotCallImportRequest(actor=ActorModel.of(actor(request)), file=path, source=source.strip())
        try:
            done = await run_isolated(IMPORT_DO_NOT_CALL, task, app_state.settings)
        except TaskError as error:
            return await _page(app_state, says=str(error).replace(str(path), path.name), status=422)
    _changed(app_state)
    counts = f"{done['added']} added, {done['numbers']} numbers in the file, {done['unreadable']} could not be read"
    return await _page(app_state, brought=counts)


def _changed(app_state: AppState) -> None:
    app_state.stats_cache.forget(HERE)
    app_state.stats_cache.forget(TALLIES)


PAGES = [page, add, remove, bring]
