"""Twilio's webhooks: signed, retried by the connection overrides in the URL's fragment, and subject to fault rules.

Fields are those of Twilio's status callback documentation. Webhooks of one call are sent in the order of its events
unless a fault changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urldefrag, urlencode

import aiohttp
from yarl import URL

from dialer.simulator.clock import Clock, now, rfc2822
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import Ledger, WebhookEntry, stamp
from dialer.simulator.twilio.call import FINAL, Call
from dialer.simulator.twilio.params import Hook
from dialer.simulator.twilio.signature import sign
from dialer.simulator.webhook_sender import WebhookSender

_COUNTRIES = {"+91": "IN", "+1": "US", "+44": "GB", "+61": "AU", "+971": "AE"}
_PLACES = ("City", "State", "Zip")


@dataclass(frozen=True, slots=True)
class Answer:
    """The product's response to a webhook."""

    status: int
    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class _Delivery:
    event: str
    hook: Hook
    params: Mapping[str, str]


class Webhooks:
    """Sends the carrier's webhooks. Each call has its own queue, so calls do not wait for each other."""

    def __init__(self, http: aiohttp.ClientSession, token: str, clock: Clock, faults: Faults, ledger: Ledger) -> None:
        self._http, self._token, self._clock = http, token, clock
        self._faults, self._ledger = faults, ledger
        self._post = WebhookSender(faults)
        self.timeout_s = 15.0

    def status(self, call: Call, event: str, status: str, extra: Mapping[str, str] | None = None) -> None:
        """Send a status event if the call subscribed to it; every event takes a SequenceNumber, sent or not."""
        params = base_fields(call) | {
            "CallbackSource": "call-progress-events",
            "CallStatus": status,
            "SequenceNumber": str(call.sequence),
            "Timestamp": rfc2822(now()) or "",
            **(extra or {}),
        }
        call.sequence += 1
        if call.request.status and event in call.request.status_events:
            self.send(call, status if event == "completed" else event, call.request.status, params)

    def send(self, call: Call, event: str, hook: Hook, params: Mapping[str, str]) -> None:
        """Apply the faults and queue a webhook behind the earlier ones of its call."""
        delivery = _Delivery(event, hook, params)
        sent = self._post.send(
            call.sid, call.request.to, event, lambda: self._deliver(call, delivery), last=event in FINAL
        )
        if not sent:
            url = urldefrag(hook.url).url
            self._ledger.webhooks.append(WebhookEntry(call.sid, event, url, dict(params), stamp(), lost=True))

    async def ask(self, call: Call, event: str, hook: Hook, params: Mapping[str, str]) -> Answer | None:
        """Send a webhook at once and return the response, to fetch TwiML; None without a response."""
        if self._faults.take("webhook", "lose", to=call.request.to, event=event):
            return None
        return await self._deliver(call, _Delivery(event, hook, params))

    async def drain(self) -> None:
        """Wait until everything queued has been delivered or abandoned."""
        await self._post.drain()

    async def stop(self) -> None:
        """Cancel all queued webhooks."""
        await self._post.stop()

    async def _deliver(self, call: Call, delivery: _Delivery) -> Answer | None:
        """Send a webhook and retry as the connection overrides in the fragment (`rc`, `rp`) allow."""
        url, fragment = urldefrag(delivery.hook.url)
        overrides = dict(parse_qsl(fragment))
        retries = int(overrides.get("rc", "1")) if overrides.get("rc", "1").isdigit() else 1
        policy = set(overrides.get("rp", "ct").split(","))
        for _ in range(1 + min(retries, 5)):
            entry = WebhookEntry(call.sid, delivery.event, url, dict(delivery.params), stamp())
            self._ledger.webhooks.append(entry)
            response = await self._put(url, delivery, entry)
            if response is not None and response.status < 400:
                return response
            if not policy & {"all", _failure(entry)}:
                break
        if entry.status is None:
            call.entry.warn(11205 if entry.error == "connect" else 11200, f"{delivery.event}: {entry.error}")
        else:
            call.entry.warn(15003 if delivery.event != "twiml" else 11200, f"{delivery.event}: HTTP {entry.status}")
        return response

    async def _put(self, url: str, delivery: _Delivery, entry: WebhookEntry) -> Answer | None:
        get = delivery.hook.method == "GET"
        target = f"{url}{'&' if '?' in url else '?'}{urlencode(delivery.params)}" if get else url
        signature = sign(self._token, target, None if get else delivery.params)
        headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        timeout = aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=5)
        try:
            async with self._http.request(
                delivery.hook.method,
                URL(target, encoded=True),
                data=None if get else dict(delivery.params),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                entry.status = response.status
                return Answer(response.status, response.content_type, await response.text())
        except aiohttp.ClientConnectorError:
            entry.error = "connect"
        except TimeoutError:
            entry.error = "timeout"
        except (aiohttp.ClientError, ValueError) as error:
            entry.error = f"broken: {error}"
        return None


def _failure(entry: WebhookEntry) -> str:
    """Return a failure's name in retry policies: ct (connect), rt (read timeout), 4xx or 5xx."""
    if entry.status is None:
        return "ct" if entry.error == "connect" else "rt"
    return f"{entry.status // 100}xx"


def base_fields(call: Call) -> dict[str, str]:
    """Return the fields that every webhook about a call has."""
    fields = {"AccountSid": call.account_sid, "CallSid": call.sid, "ApiVersion": "2010-04-01"}
    fields |= {"Direction": "outbound-dial" if call.parent_sid else "outbound-api"}
    if call.parent_sid:
        fields["ParentCallSid"] = call.parent_sid
    numbers = {
        "From": call.request.from_,
        "To": call.request.to,
        "Caller": call.request.from_,
        "Called": call.request.to,
    }
    fields |= numbers
    for party, number in numbers.items():
        country = next((code for prefix, code in _COUNTRIES.items() if number.startswith(prefix)), "")
        fields |= {f"{party}Country": country, **{f"{party}{place}": "" for place in _PLACES}}
    return fields
