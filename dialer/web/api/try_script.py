"""A script tried in text over the API: the caller keeps the talk, and gives it back with the student's next words."""

from typing import Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg, FromPath

from dialer.ava.trial.models import TrialReply, TrialRequest
from dialer.domain.access.rates import TRY
from dialer.domain.access.roles import OPERATORS
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.trial_runner import try_turn

FIRST = Example(summary="AVA opens", value={"student": "Asha Rao", "zone": "Asia/Kolkata"})
NEXT = Example(
    summary="The student replies: `talk` and `offered` as in the last response",
    value={
        "student": "Asha Rao",
        "zone": "Asia/Kolkata",
        "talk": [{"who": "ava", "words": "Hello Asha, this is AVA.", "calls": [], "tokens_in": 2100, "tokens_out": 12}],
        "offered": {},
        "words": "I want to study data science in Canada.",
    },
)


@post("/api/scripts/{name:str}/try", opt=require(OPERATORS, TRY), status_code=200, tags=["scripts"])
async def try_script(
    name: FromPath[str],
    data: Annotated[TrialRequest, BodyKwarg(media_type=RequestEncodingType.JSON, examples=[FIRST, NEXT])],
    app_state: InjectedState,
) -> TrialReply:
    """Take one turn of a text conversation with AVA: her reply, the tools she called, what a call would have saved.

    Nothing is saved, booked or called, and nothing is stored between turns. A turn takes a few seconds and costs its
    tokens; at most 60 in 10 minutes, including those of the page. 409 says why a turn failed: no text model has a key,
    the test has ended, the model did not respond.
    """
    return await try_turn(app_state, name, data)


API = [try_script]
