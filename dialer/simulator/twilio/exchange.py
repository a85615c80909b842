"""Shared dependencies and operations of all Twilio calls: fetching TwiML, speaking, and settling a call."""

import math
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from dialer.simulator.clock import Clock, now, rfc2822
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import stamp
from dialer.simulator.people.speech import Speech
from dialer.simulator.twilio.call import Call
from dialer.simulator.twilio.params import Hook
from dialer.simulator.twilio.twiml import Document, TwimlError, parse
from dialer.simulator.twilio.webhooks import Webhooks, base_fields

_PRICE_AFTER_S = 3.0
_PRICE_PER_MINUTE = 0.014
_SPOKEN_PER_CHARACTER_S = 0.06


@dataclass(frozen=True, slots=True)
class TwilioContext:
    """The dependencies shared by all calls."""

    http: aiohttp.ClientSession
    webhooks: Webhooks
    speech: Speech
    clock: Clock
    faults: Faults
    token: str
    base_url: Callable[[], str]
    background: Callable[[Coroutine[Any, Any, None]], None]
    adopt: Callable[[Call], None]
    """Registers a call that another call dialed with the account."""


async def fetch(call: Call, exchange: TwilioContext, hook: Hook) -> Document | None:
    """Fetch the first TwiML of an answered call from the product."""
    params = base_fields(call) | {"CallStatus": "in-progress"}
    if call.answered_by and call.request.detection and not call.request.detection.asynchronous:
        params |= {"AnsweredBy": call.answered_by, "MachineDetectionDuration": str(call.detection_ms)}
    return await ask_document(call, exchange, "twiml", hook, params)


async def ask_document(
    call: Call, exchange: TwilioContext, event: str, hook: Hook, params: Mapping[str, str]
) -> Document | None:
    """Send a webhook and parse the TwiML it returns; None, with a warning, if the response is not TwiML."""
    response = await exchange.webhooks.ask(call, event, hook, params)
    if response is None or response.status >= 300:
        return None
    if response.content_type not in ("text/xml", "application/xml"):
        call.entry.warn(12300, f"content type {response.content_type}")
        return None
    return parsed(call, response.text)


def parsed(call: Call, xml: str) -> Document | None:
    try:
        document = parse(xml)
    except TwimlError as error:
        call.entry.warn(error.code, str(error))
        return None
    for code, text in document.warnings:
        call.entry.warn(code, text)
    return document


async def say(call: Call, exchange: TwilioContext, text: str) -> None:
    """Speak a text on the call; the ledger records it if it was heard to the end."""
    if not await exchange.clock.until(call.over, len(text) * _SPOKEN_PER_CHARACTER_S):
        call.entry.said.append(text)


def finish(call: Call, exchange: TwilioContext, status: str, sip: int, talked_s: float) -> None:
    """Set the final status and send the webhooks; the price is known some seconds later, as at Twilio."""
    call.duration_s = max(1, round(talked_s)) if status == "completed" else None
    minutes = math.ceil((call.duration_s or 0) / 60)
    call.ended = now()
    call.entry.ended, call.entry.duration_s = stamp(), call.duration_s
    call.move(status)
    extra = {"CallDuration": str(call.duration_s or 0), "Duration": str(minutes), "SipResponseCode": str(sip)}
    if call.answered_by:
        extra["AnsweredBy"] = call.answered_by
    recording: dict[str, str] = {}
    if call.recording_sid:
        url = f"{exchange.base_url()}/2010-04-01/Accounts/{call.account_sid}/Recordings/{call.recording_sid}"
        recording = {
            "RecordingUrl": url,
            "RecordingSid": call.recording_sid,
            "RecordingDuration": str(call.duration_s or 0),
        }
    exchange.webhooks.status(call, "completed", status, extra | recording)
    if recording and call.request.recording and "completed" in call.request.recording_events:
        fields = {"AccountSid": call.account_sid, "CallSid": call.sid, **recording, "RecordingStatus": "completed"}
        fields |= {"RecordingChannels": "1", "RecordingStartTime": rfc2822(call.started) or ""}
        fields |= {"RecordingSource": "OutboundAPI", "RecordingTrack": "both"}
        exchange.webhooks.send(call, "recording", call.request.recording, fields)

    async def bill() -> None:
        await exchange.clock.sleep(_PRICE_AFTER_S)
        call.price = f"-{minutes * _PRICE_PER_MINUTE:.5f}"

    if status == "completed":
        exchange.background(bill())
