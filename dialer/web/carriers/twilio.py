"""What carriers call: verified, kept, answered; the workers apply it. However late, doubled or early, it counts once."""

import logging
import re
from urllib.parse import parse_qsl

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException, PermissionDeniedException

from dialer.carriers.twilio.twiml import brief_twiml, hangup_twiml, say_twiml
from dialer.carriers.twilio.webhooks import (
    is_signature,
    is_signed,
    is_signed_form,
    parse_transfer,
    sequence_of,
)
from dialer.services.calls.transfer import brief
from dialer.store.calls.webhooks_in import Event
from dialer.store.sessions import DatabaseError
from dialer.web.app_state import AppState, InjectedState

TOKEN = re.compile(r"(?:^|&)token=([\w-]+)", re.ASCII)
NOT_TAKEN = "I am sorry, none of our experts could come to the phone. We will call you back. Goodbye."
BAD_SIGNATURE = "not a genuine request of the carrier"
MAX_FIELDS = 200
"""Fields of one webhook; Twilio sends about 30."""
log = logging.getLogger(__name__)


@post("/carriers/twilio/status", status_code=204, include_in_schema=False)
async def twilio_status(request: Request[object, object, State], app_state: InjectedState) -> None:
    """A status callback of Twilio (twilio.md §2)."""
    fields = await _verified(request, app_state)
    await _keep(request, app_state, fields, "status", sequence_of(fields))


@post("/carriers/twilio/machine", status_code=204, include_in_schema=False)
async def twilio_machine(request: Request[object, object, State], app_state: InjectedState) -> None:
    """The verdict of answering machine detection (twilio.md §4)."""
    fields = await _verified(request, app_state)
    await _keep(request, app_state, fields, "machine", fields.get("AnsweredBy", ""))


@post("/carriers/twilio/brief", status_code=200, include_in_schema=False)
async def twilio_brief(request: Request[object, object, State], app_state: InjectedState) -> Response[str]:
    """What a counselor who picked up is told before the student is connected to them; nothing for a stranger's token."""
    await _ours(request, app_state)
    async with app_state.sessions() as session:
        words = await brief(session, _token(request))
    if words is None:
        raise NotFoundException("no such call")
    return _twiml(brief_twiml(words))


@post("/carriers/twilio/handover", status_code=200, include_in_schema=False)
async def twilio_transfer(request: Request[object, object, State], app_state: InjectedState) -> Response[str]:
    """A student's leg to a counselor is over: goodbye if the two talked, else an apology, whatever the database does."""
    fields = await _ours(request, app_state)
    try:
        await _keep(request, app_state, fields, "handover", fields.get("DialCallSid") or "none")
    except (DatabaseError, OSError):
        log.exception("the end of a transfer was not kept")
    found = parse_transfer(fields)
    return _twiml(hangup_twiml() if found is not None and found.talked else say_twiml(NOT_TAKEN))


def _twiml(document: str) -> Response[str]:
    return Response(document, media_type="text/xml")


async def _ours(request: Request[object, object, State], app_state: AppState) -> dict[str, str]:
    """The fields of a genuine request about our account's calls; raises as `_verified` and `_upload` do."""
    fields = await _verified(request, app_state)
    if fields.get("AccountSid") != app_state.settings.twilio_account_sid:
        raise NotFoundException("this account's calls are not ours")
    return fields


def _token(request: Request[object, object, State]) -> str:
    found = TOKEN.search(_query(request))
    return found[1] if found else ""


async def _keep(
    request: Request[object, object, State], app_state: AppState, fields: dict[str, str], kind: str, sequence: str
) -> None:
    """Keep a webhook.

    Raises:
        NotFoundException: it speaks of another account, or of a call that is not ours.
    """
    if fields.get("AccountSid") != app_state.settings.twilio_account_sid:
        raise NotFoundException("this account's calls are not ours")
    sid = fields.get("CallSid", "")
    if await app_state.webhook_inbox.store(Event("twilio", sid, kind, sequence, _token(request), fields)) is None:
        log.error("a carrier speaks of a call that is not ours: %s", sid)
        raise NotFoundException("no such call")


def _query(request: Request[object, object, State]) -> str:
    return request.scope["query_string"].decode("latin-1")


async def _verified(request: Request[object, object, State], app_state: AppState) -> dict[str, str]:
    """The fields of a signed request; of a repeated field, the first value.

    The body is read only if the signature has the shape of one, and parsed up to `MAX_FIELDS`.

    Raises:
        PermissionDeniedException: there is no valid signature.
    """
    query, path = _query(request), request.scope["path"]
    url = f"{app_state.settings.public_url}{path}?{query}" if query else f"{app_state.settings.public_url}{path}"
    headers = request.headers
    signature, key = headers.get("x-twilio-signature", ""), app_state.settings.twilio_auth_token
    secret = key.get_secret_value() if key else ""
    if not secret or not is_signature(signature):
        log.warning("webhook refused: no signature on %s", path)
        raise PermissionDeniedException(BAD_SIGNATURE)
    body = await request.body()
    is_json = headers.get("content-type", "").startswith("application/json")
    try:
        text = body.decode("utf-8")
        pairs = [] if is_json else parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise PermissionDeniedException(BAD_SIGNATURE) from error
    genuine = is_signed(url, text, signature, secret) if is_json else is_signed_form(url, pairs, signature, secret)
    if not genuine:
        log.warning("webhook refused: no valid signature over %s", url.partition("?")[0])
        raise PermissionDeniedException(BAD_SIGNATURE)
    return dict(reversed(pairs))
