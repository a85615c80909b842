"""A student is handed to a person: the carrier takes the call off its media stream and rings the counselor."""

import logging

from dialer.bridge.io.call_worker import BridgeContext
from dialer.carriers.port import CarrierError, TransferRequest
from dialer.services.calls.accept_stream import AcceptedCall
from dialer.services.calls.transfer import TransferTarget

log = logging.getLogger(__name__)


async def transfer_call(
    shared: BridgeContext, answered: AcceptedCall, sid: str, token: str, person: TransferTarget
) -> str | None:
    """Ask the carrier, once; why it cannot be, None where the student is on the way."""
    extra = {"call_id": str(answered.talk.call_id)}
    carrier = shared.carriers.get(answered.carrier)
    if carrier is None:
        return f"{answered.carrier} has no credentials"
    handover = TransferRequest(
        to=person.phone,
        from_number=carrier.from_number,
        brief_url=shared.urls.url("brief", carrier.name, token),
        over_url=shared.urls.url("handover", carrier.name, token),
    )
    try:
        await carrier.transfer(sid, handover)
    except CarrierError as error:
        log.error("not handed over: %s", error, extra=extra)
        return str(error)
    log.info("handed over to counselor %s", person.counselor_id, extra=extra)
    return None
