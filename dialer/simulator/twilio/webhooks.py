"""Webhooks from the carrier: signed, retried as the URL's fragment asks, and spoiled as fault rules order.

Fields are those of twilio.md §2; the order of one call's webhooks is the order of its events unless a fault turns it.
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
    """What the product answered to a webhook."""

    status: int
    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class _Delivery:
    event: str
    hook: Hook
    params: Mapping[str, str]


class Webhooks:
    """The sender of all webhooks of one carrier. Each call has its own queue, so calls do not wait for each other."""

    def __init__(self, http: aiohttp.ClientSession, token: str, clock: Clock, faults: Faults, ledger: Ledger) -> None:
        self._http, self._token, self._clock = http, token, clock
        self._faults, self._ledger = faults, ledger
        self._post = WebhookSender(faults)
        self.timeout_s = 15.0

    def status(self, call: Call, event: str, status: str, extra: Mapping[str, str] | None = None) -> None:
        """Tell of one status event if it was asked for; every event takes a SequenceNumber, asked for or not."""
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
        """Queue one webhook behind the earlier ones of its call, after the faults have had their say."""
        letter = _Delivery(event, hook, params)
        sent = self._post.send(
            call.sid, call.request.to, event, lambda: self._deliver(call, letter), last=event in FINAL
        )
        if not sent:
            url = urldefrag(hook.url).url
            self._ledger.webhooks.append(WebhookEntry(call.sid, event, url, dict(params), stamp(), lost=True))

    async def ask(self, call: Call, event: str, hook: Hook, params: Mapping[str, str]) -> Answer | None:
        """Send now and hand back the answer: the fetch of TwiML. None when none came."""
        if self._faults.take("webhook", "lose", to=call.request.to, event=event):
            return None
        return await self._deliver(call, _Delivery(event, hook, params))

    async def drain(self) -> None:
        """Wait until everything queued has been delivered or given up."""
        await self._post.drain()

    async def stop(self) -> None:
        """Drop what is queued."""
        await self._post.stop()

    async def _deliver(self, call: Call, letter: _Delivery) -> Answer | None:
        """Try once, and again as often as the connection overrides in the fragment (`rc`, `rp`) allow."""
        url, fragment = urldefrag(letter.hook.url)
        overrides = dict(parse_qsl(fragment))
        retries = int(overrides.get("rc", "1")) if overrides.get("rc", "1").isdigit() else 1
        policy = set(overrides.get("rp", "ct").split(","))
        for _ in range(1 + min(retries, 5)):
            entry = WebhookEntry(call.sid, letter.event, url, dict(letter.params), stamp())
            self._ledger.webhooks.append(entry)
            answer = await self._put(url, letter, entry)
            if answer is not None and answer.status < 400:
                return answer
            if not policy & {"all", _failure(entry)}:
                break
        if entry.status is None:
            call.entry.warn(11205 if entry.error == "connect" else 11200, f"{letter.event}: {entry.error}")
        else:
            call.entry.warn(15003 if letter.event != "twiml" else 11200, f"{letter.event}: HTTP {entry.status}")
        return answer

    async def _put(self, url: str, letter: _Delivery, entry: WebhookEntry) -> Answer | None:
        get = letter.hook.method == "GET"
        target = f"{url}{'&' if '?' in url else '?'}{urlencode(letter.params)}" if get else url
        signature = sign(self._token, target, None if get else letter.params)
        headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        timeout = aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=5)
        try:
            async with self._http.request(
                letter.hook.method,
                URL(target, encoded=True),
                data=None if get else dict(letter.params),
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
    """The name that retry policies have for what went wrong: ct, rt, 4xx or 5xx."""
    if entry.status is None:
        return "ct" if entry.error == "connect" else "rt"
    return f"{entry.status // 100}xx"


def base_fields(call: Call) -> dict[str, str]:
    """The fields that every webhook about a call carries (§2)."""
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
    for who, number in numbers.items():
        country = next((code for prefix, code in _COUNTRIES.items() if number.startswith(prefix)), "")
        fields |= {f"{who}Country": country, **{f"{who}{place}": "" for place in _PLACES}}
    return fields
