"""Twilio as our web process meets it: signed callbacks, in the fields of the recorded ones."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from litestar.testing import AsyncTestClient
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from dialer.carriers.port import Carrier
from dialer.services.dialing.sweep import Patience
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from tests.support.people import ADDRESSES, eleven
from workers.jobs import WorkerContext
from workers.webhooks import apply_all

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
VECTORS = Path(__file__).parents[1] / "vectors" / "twilio-status-callbacks.json"
SEQUENCES: dict[str, list[dict[str, str]]] = json.loads(VECTORS.read_text(encoding="utf-8"))["sequences"]


def twilio_settings(settings: Settings, **more: Any) -> Settings:
    """The same settings with an account at Twilio and a public address."""
    given = {
        **settings.model_dump(exclude={"public_url", "media_url"}),
        "dialer_public_url": "https://dialer.example.org",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_from_number": "+15005550006",
        **more,
    }
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]  # pydantic-settings takes it


async def apply_kept(sessions: Sessions, carrier: Carrier) -> int:
    """What a worker does with the callbacks that were kept; how many there were."""
    parts = WorkerContext(sessions, {carrier.name: carrier}, ADDRESSES, eleven, Patience())
    return await apply_all(parts)


async def call_back(
    client: AsyncTestClient[Any],
    settings: Settings,
    fields: dict[str, str] | list[tuple[str, str]],
    *,
    token: str | None = None,
    signature: bytes | None = None,
    key: str = AUTH_TOKEN,
    fragment: str = "",
) -> int:
    """POST a status callback as Twilio does, behind a proxy; the answer's status."""
    path = "/carriers/twilio/status" + (f"?{urlencode({'token': token})}" if token is not None else "")
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    address = f"{settings.public_url}{path}{fragment}"
    computed = RequestValidator(key).compute_signature(address, MultiDict(pairs))
    headers = {
        b"content-type": b"application/x-www-form-urlencoded",
        b"host": b"dialer.example.org",
        b"x-forwarded-for": b"203.0.113.7",
        b"x-twilio-signature": computed.encode() if signature is None else signature,
    }
    answer = await client.post(path, content=urlencode(pairs), headers=list(headers.items()))
    return int(answer.status_code)
