"""One call on request: `POST /api/calls`, with the two keys of the original answer and a third."""

from typing import Annotated

from litestar import Response, post
from litestar.params import JSONBody
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from dialer import live
from dialer.domain.roles import RUNNERS
from dialer.flows.ring_one import Asked, ring_one
from dialer.web.doors.may import may
from dialer.web.parts import WebParts


class CallRequest(BaseModel):
    """Whom to ring."""

    model_config = ConfigDict(populate_by_name=True)

    phone: Annotated[str, Field(validation_alias=AliasChoices("phone", "to", "number", "phoneNumber"), max_length=40)]
    campaign: str | None = None
    name: str | None = Field(None, max_length=200)


@post("/api/calls", status_code=200, opt=may(RUNNERS))
async def start_call(data: JSONBody[CallRequest], parts: WebParts) -> Response[dict[str, object]]:
    """Ring one number now, under every rule; `success: false` says which rule refuses."""
    async with parts.sessions.begin() as session:
        asked = await ring_one(
            session, parts.carriers, data.phone, parts.clock.now(), campaign_name=data.campaign, name=data.name or ""
        )
    if not isinstance(asked, Asked):
        return Response({"success": False, "message": asked.says, "call_id": None})
    await live.ask_for(parts.redis, asked.call_id)
    return Response({"success": True, "message": f"Call initiated to {asked.phone}", "call_id": str(asked.call_id)})
