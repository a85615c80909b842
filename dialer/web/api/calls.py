"""One call on request: `POST /api/calls`, with the two keys of the original answer and a third."""

from functools import partial
from typing import Annotated, Any

from litestar import Response, post
from litestar.params import JSONBody
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from dialer.bus import live_feed
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.dialing.call_now import CallRequested, call_now
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth import idempotency
from dialer.web.auth.permissions import require


class CallRequest(BaseModel):
    """The number to call."""

    model_config = ConfigDict(populate_by_name=True)

    phone: Annotated[str, Field(validation_alias=AliasChoices("phone", "to", "number", "phoneNumber"), max_length=40)]
    campaign: str | None = None
    name: str | None = Field(None, max_length=200)


@post("/api/calls", status_code=200, opt=require(actions.CALL_START))
async def start_call(
    request: idempotency.Asked, data: JSONBody[CallRequest], app_state: InjectedState
) -> Response[dict[str, Any]]:
    """Call one number now, under every rule; with `success: false`, the message names the rule that refuses.

    With an `Idempotency-Key` it is called once, however often the request is sent.
    """
    return await idempotency.run_once(request, app_state, partial(_ring, request.user, data, app_state))


async def _ring(actor: Actor, data: CallRequest, app_state: AppState) -> dict[str, Any]:
    async with app_state.sessions.begin() as session:
        asked = await call_now(
            session,
            actor,
            app_state.carriers,
            data.phone,
            app_state.clock.now(),
            campaign_name=data.campaign,
            name=data.name or "",
        )
    if not isinstance(asked, CallRequested):
        return {"success": False, "message": asked.says, "call_id": None}
    await live_feed.request_call(app_state.redis, asked.call_id)
    return {"success": True, "message": f"Call initiated to {asked.phone}", "call_id": str(asked.call_id)}
