"""The limits of the whole installation over the API."""

from decimal import Decimal

from litestar import get, put
from litestar.exceptions import ClientException
from litestar.params import JSONBody
from pydantic import BaseModel

from dialer.domain.access.roles import READERS
from dialer.services import actions
from dialer.services.workspace_limits import LimitsError, read_limits, set_limits
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked, Json
from dialer.web.auth.permissions import require


class ChangedLimits(BaseModel):
    """New limits; what is left out stays."""

    calls_per_number_day: int | None = None
    spend_day: Decimal | None = None
    single_calls_day: int | None = None


@get("/api/limits", opt=require(READERS), tags=["system"])
async def show_limits(app_state: InjectedState) -> Json:
    """The limits of the whole installation in 24 hours: calls to one number, USD, and calls asked for one by one."""
    async with app_state.sessions() as session:
        return dict((await read_limits(session)).as_dict())


@put("/api/limits", opt=require(actions.LIMITS_SET), tags=["system"])
async def change_limits(request: Asked, data: JSONBody[ChangedLimits], app_state: InjectedState) -> Json:
    """Change the limits that are given; administrators only."""
    try:
        async with app_state.sessions.begin() as session:
            return dict((await set_limits(session, request.user, **data.model_dump())).as_dict())
    except LimitsError as error:
        raise ClientException(str(error), status_code=422) from error


LIMITS = [show_limits, change_limits]
