"""Exotel's status callbacks: unsigned, in one of three encodings, with up to three attempts (Exotel Voice API v1)."""

import json
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from dialer.simulator.exotel.call import FINAL, Call, ist
from dialer.simulator.exotel.connect import national
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import Ledger, WebhookEntry, stamp
from dialer.simulator.webhook_sender import WebhookSender

Encoding = Literal["json", "urlencoded", "multipart"]
TRIES = 3


class Callbacks:
    """Sends the callbacks of one account."""

    def __init__(self, http: aiohttp.ClientSession, encoding: Encoding, faults: Faults, ledger: Ledger) -> None:
        self._http, self._encoding, self._ledger = http, encoding, ledger
        self.post = WebhookSender(faults)
        self.timeout_s = 15.0

    def tell(self, call: Call, event: str) -> None:
        """Send an event (`ringing`, `answered`, `terminal`) if the call subscribed to it.

        Without subscribed events only the end is sent, with fewer fields.
        """
        url = call.request.callback
        subscribed = event in call.request.events
        if url is None or not (subscribed or (event == "terminal" and not call.request.events)):
            return
        fields = _fields(call, event) if subscribed else _few_fields(call)
        name = call.status if event == "terminal" else event
        shown = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
        sent = self.post.send(
            call.sid,
            call.request.to,
            name,
            lambda: self._deliver(call, name, url, fields, shown),
            last=name in FINAL,
        )
        if not sent:
            self._ledger.webhooks.append(WebhookEntry(call.sid, name, url, shown, stamp(), lost=True))

    async def _deliver(self, call: Call, event: str, url: str, fields: dict[str, Any], shown: dict[str, str]) -> None:
        """Deliver a callback; only status 200 ends the attempts."""
        for _ in range(TRIES):
            entry = WebhookEntry(call.sid, event, url, shown, stamp())
            self._ledger.webhooks.append(entry)
            await self._put(url, fields, entry)
            if entry.status == 200:
                return
        call.entry.warn(entry.status or 504, f"{event}: {entry.error or f'HTTP {entry.status}'}")

    async def _put(self, url: str, fields: dict[str, Any], entry: WebhookEntry) -> None:
        address, headers = split_credentials(url)
        body, kind = _encoded(fields, self._encoding)
        if kind is not None:
            headers["Content-Type"] = kind
        try:
            async with self._http.post(
                URL(address, encoded=True),
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=5),
                allow_redirects=False,
            ) as response:
                entry.status = response.status
        except TimeoutError:
            entry.error = "timeout"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            entry.error = f"broken: {error}"


def split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Return a URL without its user and password, and the Authorization header made from them."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    host = parts.netloc.rpartition("@")[2]
    credentials = URL(url, encoded=True)
    headers = {"Authorization": aiohttp.encode_basic_auth(credentials.user or "", credentials.password or "")}
    return urlunsplit(parts._replace(netloc=host)), headers


def _few_fields(call: Call) -> dict[str, Any]:
    return {"CallSid": call.sid, "DateUpdated": ist(call.updated), "Status": call.status, "RecordingUrl": ""}


def _fields(call: Call, event: str) -> dict[str, Any]:
    final = event == "terminal"
    leg = {"OnCallDuration": call.talked_s, "Status": call.status, "AnsweredBy": "NA"}
    fields: dict[str, Any] = {
        "CallSid": call.sid,
        "EventType": event,
        "DateCreated": ist(call.created),
        "DateUpdated": ist(call.updated),
        "Status": call.status,
        "To": national(call.request.to),
        "From": national(call.request.to),
        "PhoneNumberSid": call.request.caller_id,
        "StartTime": ist(call.created),
        "EndTime": (ist(call.ended) or "") if final else "",
        "Direction": "outbound-api",
        "RecordingUrl": "",
    }
    if call.request.custom_field is not None:
        fields["CustomField"] = call.request.custom_field
    return fields | ({"ConversationDuration": str(call.talked_s), "Legs": [leg]} if final else {})


def _encoded(fields: dict[str, Any], encoding: Encoding) -> tuple[Any, str | None]:
    """Return the body and its content type; None where the HTTP client sets it."""
    if encoding == "json":
        return json.dumps(fields).encode(), "application/json"
    flat = [(name, value) for name, value in fields.items() if name != "Legs"]
    for place, leg in enumerate(fields.get("Legs", ())):
        flat += [(f"Legs[{place}][{name}]", str(value)) for name, value in leg.items()]
    if encoding == "urlencoded":
        return urlencode(flat).encode(), "application/x-www-form-urlencoded"
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in flat:
        form.add_field(name, value)
    return form, None
