"""What carriers call: verified, stored, then applied. A genuine one is answered 2xx, however late, doubled or early."""

import logging
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException, PermissionDeniedException
from multidict import MultiDict
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from dialer import live
from dialer.carriers.port import CarrierError, Report
from dialer.carriers.twilio.webhooks import is_genuine, parse_status, sequence_of
from dialer.flows.hear_machine import HangUp, LeaveMessage, hear_machine
from dialer.flows.record_status import record_status
from dialer.store import calls
from dialer.store.tables import CallEvent
from dialer.web.parts import Parts, WebParts

log = logging.getLogger(__name__)


@post("/carriers/twilio/status", status_code=204, opt={"far": True}, include_in_schema=False)
async def twilio_status(request: Request[object, object, State], parts: WebParts) -> None:
    """A status callback of Twilio (twilio.md §2)."""
    fields = await _verified(request, parts)
    report = parse_status(fields)
    if report is None:
        return
    sequence = sequence_of(fields)
    call_id = await _stored(request, parts, fields, "status", sequence)
    if call_id is not None:
        await _apply(parts, report, call_id, sequence)


@post("/carriers/twilio/machine", status_code=204, opt={"far": True}, include_in_schema=False)
async def twilio_machine(request: Request[object, object, State], parts: WebParts) -> None:
    """The verdict of answering machine detection (twilio.md §4)."""
    fields = await _verified(request, parts)
    answered_by = fields.get("AnsweredBy", "")
    call_id = await _stored(request, parts, fields, "machine", answered_by)
    if call_id is None or not answered_by:
        return
    async with parts.sessions.begin() as session:
        wanted = await hear_machine(session, call_id, answered_by)
    carrier = parts.carriers.get("twilio")
    if carrier is None or wanted is None:
        return
    try:
        match wanted:
            case HangUp(sid=sid):
                await carrier.hang_up(sid)
            case LeaveMessage(sid=sid, words=words):
                await carrier.leave_message(sid, words)
    except CarrierError as error:
        log.warning("a machine could not be hung up on: %s", error)


async def _stored(
    request: Request[object, object, State], parts: Parts, fields: MultiDict[str], kind: str, sequence: str
) -> UUID | None:
    """Keep a webhook and tell its call; None for one that was kept before.

    Raises:
        NotFoundException: it speaks of another account, or of a call that is not ours.
    """
    if fields.get("AccountSid") != parts.settings.twilio_account_sid:
        raise NotFoundException("this account's calls are not ours")
    sid, token = fields.get("CallSid", ""), request.query_params.get("token", "")
    async with parts.sessions.begin() as session:
        call_id = await calls.by_sid(session, "twilio", sid)
        if call_id is None and token and (call := await calls.by_token(session, token)):
            call_id = call.id if call.carrier_sid in (None, sid) else None
        if call_id is None:
            log.error("a carrier speaks of a call that is not ours: %s", sid)
            raise NotFoundException("no such call")
        fresh = await calls.store_event(
            session, carrier="twilio", sid=sid, kind=kind, sequence=sequence, call_id=call_id, fields=dict(fields)
        )
    return call_id if fresh else None


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


async def _apply(parts: Parts, report: Report, call_id: UUID, sequence: str) -> None:
    """Apply a stored event. If the database fails here, the event stays unapplied and the sweeper asks the carrier."""
    try:
        async with parts.sessions.begin() as session:
            recorded = await record_status(session, call_id, report, parts.clock.now())
            await session.execute(
                update(CallEvent)
                .where(CallEvent.carrier == "twilio", CallEvent.sid == report.sid)
                .where(CallEvent.kind == "status", CallEvent.sequence == sequence)
                .values(applied_at=func.now())
            )
    except (SQLAlchemyError, OSError):
        log.exception("a stored event could not be applied yet")
        return
    if recorded is not None:
        over = recorded.outcome is not None
        text = live.message(
            "callStatus",
            recorded.call_id,
            parts.clock.now(),
            status="inactive" if over else "active",
            state=recorded.state,
            outcome=recorded.outcome,
        )
        await live.publish(parts.redis, text)
