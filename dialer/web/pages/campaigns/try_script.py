"""A script tried in text: a form with the talk so far in it, so that the page needs neither a script nor a memory."""

from typing import Any

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from pydantic import BaseModel, ValidationError

from dialer.ava.trial.models import MAX_ENTRIES_PER_TRIAL, Trial, TrialReply, TrialRequest, validation_message
from dialer.domain.access.rates import TRY
from dialer.domain.access.roles import OPERATORS
from dialer.store.campaigns import scripts
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked as Request
from dialer.web.pages.forms import FormError, read
from dialer.web.render import render_page
from dialer.web.trial_runner import try_turn
from dialer.wiring.llm import is_simulated

BEGIN_AGAIN = "The conversation so far cannot be read. Start over."


class Setup(BaseModel):
    """With whom and what it is tried. The text of a form that is not saved yet stands in place of a version's."""

    version: int | None = None
    opening: str | None = None
    persona: str | None = None
    voice: str | None = None
    language: str | None = None
    who: str = ""
    """A lead's id and their campaign's name, with a blank between; empty for an invented student."""
    student: str = ""
    zone: str = "Asia/Kolkata"

    @property
    def unsaved(self) -> bool:
        """It is text that stands in a form."""
        return self.opening is not None or self.persona is not None

    def chosen(self) -> dict[str, Any]:
        """The fields of a turn that is asked for."""
        lead, _, campaign = self.who.partition(" ")
        given = self.model_dump(include=set(Setup.model_fields) - {"who"}, exclude_none=True)
        for field in ("opening", "persona"):
            if field in given:
                given[field] = given[field].replace("\r\n", "\n")
        return given | ({"campaign": campaign, "lead": lead} if campaign else {})


class Turn(Setup):
    """One turn; without `begin` nothing is said yet."""

    begin: bool = False
    so_far: str = ""
    words: str = ""


@get("/scripts/{name:str}/try", include_in_schema=False, opt=require(OPERATORS))
async def begin(name: FromPath[str], app_state: InjectedState, version: FromQuery[int | None] = None) -> Template:
    """With whom it is to be tried."""
    return await _page(app_state, name, Setup(version=version))


@post("/scripts/{name:str}/try", include_in_schema=False, status_code=200, opt=require(OPERATORS, TRY))
async def take(name: FromPath[str], request: Request, app_state: InjectedState) -> Template:
    """Take a turn, or (by the form that edits a script) show with whom its text is to be tried."""
    said = await read(request, Turn)
    if isinstance(said, FormError):
        return await _page(app_state, name, Setup(), trouble=said.says)
    if not said.begin:
        return await _page(app_state, name, said)
    try:
        trial = _trial(said.so_far)
    except ValidationError:
        return await _page(app_state, name, said, trouble=BEGIN_AGAIN)
    so_far = {"talk": trial.talk, "offered": trial.offered}
    try:
        asked = TrialRequest.model_validate({**said.chosen(), **so_far, "words": said.words})
        told = await try_turn(app_state, name, asked)
    except ValidationError as error:
        return await _page(app_state, name, said, trial=trial, words=said.words, trouble=validation_message(error))
    except NotFoundException:
        raise
    except HTTPException as error:
        return await _page(app_state, name, said, trial=trial, words=said.words, trouble=error.detail)
    return await _page(app_state, name, said, trial=Trial(talk=told.talk, offered=told.offered), told=told)


def _trial(so_far: str) -> Trial:
    """The talk so far. Raises ValidationError for what is none."""
    return Trial.model_validate_json(so_far[: MAX_ENTRIES_PER_TRIAL * 2]) if so_far else Trial()


async def _page(
    app_state: AppState,
    name: str,
    setup: Setup,
    *,
    trial: Trial | None = None,
    told: TrialReply | None = None,
    trouble: str | None = None,
    words: str = "",
) -> Template:
    async with app_state.sessions() as session:
        versions = await scripts.versions(session, name)
        people = await scripts.people(session, name)
    if not versions or setup.version not in (None, *(each.version for each in versions)):
        raise NotFoundException("This script or version does not exist.")
    talk = trial.talk if trial is not None else []
    return render_page(
        "scripts/try.html",
        "/scripts",
        status=422 if trouble else 200,
        name=name,
        versions=versions,
        people=people,
        setup=setup,
        fields={key: value for key, value in setup.model_dump(include=set(Setup.model_fields)).items() if value},
        talk=talk,
        so_far=trial.model_dump_json(exclude_defaults=True) if talk and trial else "",
        told=told,
        lines=told.kept.lines(told.zone) if told else [],
        trouble=trouble,
        simulated=is_simulated(app_state.settings),
        words=words,
    )


PAGES = [begin, take]
