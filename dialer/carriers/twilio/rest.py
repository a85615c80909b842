"""Twilio's REST interface for calls through its own SDK (twilio.md §1, §6, §11), over the transport of `http`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import Connect, VoiceResponse

from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    CarrierError,
    NumberRejected,
    Placed,
    PlaceResult,
    Throttled,
    TransferEnded,
    TransferRequest,
    Unknown,
    VoicemailStatus,
)
from dialer.carriers.twilio.capabilities import CAPABILITIES
from dialer.carriers.twilio.client import REFUSALS, UNREADABLE, DeadlineClient, NotSentError, ThrottledError
from dialer.carriers.twilio.twiml import dial_twiml, say_twiml
from dialer.carriers.twilio.webhooks import ended_as, parse_status, parse_transfer, state_of
from dialer.domain.calling.routing import Route

T = TypeVar("T")
# Codes that speak of the number and will not change (twilio.md §6); other 4xx speak of the account or of our request.
NUMBER_CODES = frozenset({21211, 21214, 21215, 21216, 21217, 21219, 573005, 13224, 13225, 13227})
STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
RETRY_CALLBACK = "#rc=5&rp=all"
MAX_LISTED = 100_000
QUEUE_FULL = 22005
OVER_CODES = frozenset({21220, 20404})


class Twilio:
    """The carrier Twilio."""

    name = "twilio"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        from_number: str,
        api_url: str,
        on_loopback: bool,
        calls_per_second: float | None = None,
        routes: tuple[Route, ...] = (),
    ) -> None:
        self.on_loopback = on_loopback
        self.routes = routes
        self.calls_per_second = calls_per_second
        self.from_number = from_number
        self._http = DeadlineClient()
        self._client = Client(account_sid, auth_token, http_client=self._http)
        self._client.api.base_url = api_url.rstrip("/")

    async def place(self, order: CallRequest) -> PlaceResult:
        """Create the call with inline TwiML (twilio.md §1.1); every answer is sorted as reliability.md R5 says."""
        try:
            created = await self._client.calls.create_async(
                **_machine_detection(order),
                to=order.to,
                from_=order.from_number,
                twiml=stream_twiml(order),
                timeout=order.ring_timeout_s,
                time_limit=order.time_limit_s,
                status_callback=order.status_url + RETRY_CALLBACK,
                status_callback_method="POST",
                status_callback_event=STATUS_EVENTS,
            )
        except ThrottledError as error:
            return Throttled("Twilio asks for fewer requests (429)", error.after_s or 2.0)
        except NotSentError as error:
            return Throttled(str(error), 5.0)
        except REFUSALS as error:
            return _refusal(error)
        except UNREADABLE as error:
            return Unknown(f"no readable answer from Twilio: {type(error).__name__}: {error}")
        return Placed(created.sid) if created.sid else Unknown("Twilio's answer had no sid")

    def parse_webhook(
        self, kind: str, fields: Mapping[str, str]
    ) -> CallStatus | VoicemailStatus | TransferEnded | None:
        """A status callback (§2), the verdict of answering machine detection (§4), or the end of a `<Dial>`."""
        if kind == "handover":
            return parse_transfer(fields)
        if kind == "machine":
            return VoicemailStatus(fields["AnsweredBy"]) if fields.get("AnsweredBy") else None
        return parse_status(fields)

    async def fetch(self, sid: str) -> CallStatus:
        """Read one call."""

        async def read() -> CallStatus:
            return _report(await self._client.calls(sid).fetch_async())

        return await self._asked(read)

    async def find(self, to: str, from_number: str, since: datetime) -> tuple[CallStatus, ...]:
        """List by To and From; StartTime is empty until dialled, so the creation date is compared here (R6)."""

        async def read() -> list[CallStatus]:
            return [_report(call) for call in await self._client.calls.list_async(to=to, from_=from_number, limit=200)]

        return _since(await self._asked(read), since - timedelta(seconds=5))

    async def placed_since(self, since: datetime) -> tuple[CallStatus, ...]:
        """The whole account's list of that time."""

        async def read() -> list[CallStatus]:
            return [_report(call) for call in await self._client.calls.list_async(page_size=1000, limit=MAX_LISTED)]

        return _since(await self._asked(read), since)

    async def hang_up(self, sid: str) -> None:
        """End the call; `completed` also ends one that still rings."""
        await self._update(sid, status="completed")

    async def cancel(self, sid: str) -> None:
        """`canceled` applies to queued and ringing calls only (§1.3)."""
        await self._update(sid, status="canceled")

    async def leave_message(self, sid: str, words: str) -> None:
        """Redirect the live call to TwiML that speaks and hangs up (§1.3)."""
        await self._update(sid, twiml=say_twiml(words))

    async def transfer(self, sid: str, handover: TransferRequest) -> None:
        """Redirect the live call to `<Dial>` (§1.3); the time that was set for the talk with AVA binds no more."""

        async def change() -> None:
            await self._client.calls(sid).update_async(twiml=dial_twiml(handover), time_limit=handover.time_limit_s)

        await self._asked(change)

    async def _update(self, sid: str, **values: str) -> None:
        async def change() -> None:
            try:
                await self._client.calls(sid).update_async(**values)
            except REFUSALS as error:
                if error.code not in OVER_CODES:
                    raise

        await self._asked(change)

    async def check(self) -> str:
        """Read the account."""

        async def read() -> str:
            account = await self._client.api.accounts(self._client.username).fetch_async()
            return f"account {account.friendly_name!r} is {account.status}"

        return await self._asked(read)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    @staticmethod
    async def _asked(request: Callable[[], Awaitable[T]]) -> T:
        try:
            return await request()
        except REFUSALS as error:
            raise CarrierError(f"Twilio refused: {_words(error)}", permanent=error.status < 500) from error
        except UNREADABLE as error:
            raise CarrierError(
                f"Twilio could not be asked: {error or type(error).__name__}", permanent=False
            ) from error


def _machine_detection(order: CallRequest) -> dict[str, str]:
    """Asynchronous detection: the talk begins at once, the verdict comes by webhook (§4)."""
    if order.machine_url is None:
        return {}
    return {
        "machine_detection": "DetectMessageEnd" if order.await_beep else "Enable",
        "async_amd": "true",
        "async_amd_status_callback": order.machine_url,
        "async_amd_status_callback_method": "POST",
    }


def stream_twiml(order: CallRequest) -> str:
    """`<Connect><Stream>` with the call's id and one-time token as parameters; a query string would be dropped (§3)."""
    connect = Connect()
    stream = connect.stream(url=order.media_url)
    stream.parameter(name="call_id", value=str(order.call_id))
    stream.parameter(name="token", value=order.token)
    response = VoiceResponse()
    response.append(connect)
    return str(response)


def _refusal(error: TwilioRestException | TwilioServiceException) -> PlaceResult:
    says = f"Twilio refused: {_words(error)}"
    if error.code in NUMBER_CODES:
        return NumberRejected(says)
    if error.code == QUEUE_FULL:
        return Throttled(says, 60.0)
    if 400 <= error.status < 500:
        return AccountRejected(says)
    return Unknown(f"Twilio answered {error.status}; the call may have been accepted")


def _words(error: TwilioRestException | TwilioServiceException) -> str:
    said = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
    return f"{said} (code {error.code})"


def _since(reports: list[CallStatus], since: datetime) -> tuple[CallStatus, ...]:
    recent = [report for report in reports if report.created_at is not None and report.created_at >= since]
    return tuple(sorted(recent, key=lambda report: report.created_at or since))


def _report(call: CallInstance) -> CallStatus:
    state = state_of(call.status)
    return CallStatus(
        sid=call.sid,
        state=state,
        ended=ended_as(call.status, None),
        duration_s=int(call.duration) if call.duration else None,
        answered_by=call.answered_by,
        cost=abs(Decimal(call.price)) if call.price else None,
        currency=call.price_unit,
        to=call.to or "",
        from_number=call._from or "",
        created_at=call.date_created.replace(tzinfo=UTC) if call.date_created else None,
        parent_sid=call.parent_call_sid or None,
        inbound=(call.direction or "").startswith("inbound"),
    )
