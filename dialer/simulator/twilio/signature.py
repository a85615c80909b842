"""X-Twilio-Signature, implemented from Twilio's documentation of request validation."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping


def sign(token: str, url: str, params: Mapping[str, str | Iterable[str]] | None = None) -> str:
    """Return the signature header: HMAC-SHA1 of `url`, followed by every form field in byte order of its name.

    Of a name with several values each distinct value counts once, sorted. GET requests and WebSocket upgrades have no
    `params`.
    """
    text = url
    for name in sorted(params or {}, key=str.encode):
        value = (params or {})[name]
        for part in [value] if isinstance(value, str) else sorted(set(value)):
            text += name + part
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
