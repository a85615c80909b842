"""What carriers call: verified, kept, answered; the workers apply it. However late, doubled or early, it counts once."""

import logging
from urllib.parse import parse_qsl

from litestar import Request, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException, PermissionDeniedException
from multidict import MultiDict

from dialer.carriers.twilio.webhooks import is_genuine, sequence_of
from dialer.store.events import Event
from dialer.web.parts import Parts, WebParts

log = logging.getLogger(__name__)


@post("/carriers/twilio/status", status_code=204, opt={"far": True}, include_in_schema=False)
async def twilio_status(request: Request[object, object, State], parts: WebParts) -> None:
    """A status callback of Twilio (twilio.md §2)."""
    fields = await _verified(request, parts)
    await _keep(request, parts, fields, "status", sequence_of(fields))


@post("/carriers/twilio/machine", status_code=204, opt={"far": True}, include_in_schema=False)
async def twilio_machine(request: Request[object, object, State], parts: WebParts) -> None:
    """The verdict of answering machine detection (twilio.md §4)."""
    fields = await _verified(request, parts)
    await _keep(request, parts, fields, "machine", fields.get("AnsweredBy", ""))


async def _keep(
    request: Request[object, object, State], parts: Parts, fields: MultiDict[str], kind: str, sequence: str
) -> None:
    """Keep a webhook.

    Raises:
        NotFoundException: it speaks of another account, or of a call that is not ours.
    """
    if fields.get("AccountSid") != parts.settings.twilio_account_sid:
        raise NotFoundException("this account's calls are not ours")
    sid, token = fields.get("CallSid", ""), request.query_params.get("token", "")
    if await parts.journal.keep(Event("twilio", sid, kind, sequence, token, fields)) is None:
        log.error("a carrier speaks of a call that is not ours: %s", sid)
        raise NotFoundException("no such call")


async def _verified(request: Request[object, object, State], parts: Parts) -> MultiDict[str]:
    token = parts.settings.twilio_auth_token
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{parts.settings.public_url}{request.url.path}{query}"
    body = await request.body()
    is_json = request.headers.get("content-type", "").startswith("application/json")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PermissionDeniedException("not a genuine request of the carrier") from error
    fields: MultiDict[str] = MultiDict([] if is_json else parse_qsl(text, keep_blank_values=True))
    signed = text if is_json else fields
    signature = request.headers.get("x-twilio-signature", "")
    if token is None or not is_genuine(url, signed, signature, token.get_secret_value()):
        log.warning("webhook refused: no valid signature over %s", url.partition("?")[0])
        raise PermissionDeniedException("not a genuine request of the carrier")
    return fields
