"""X-Twilio-Signature, written from twilio.md §7 alone."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping


def sign(token: str, url: str, params: Mapping[str, str | Iterable[str]] | None = None) -> str:
    """The header over `url` as it was given, then every form field in byte order of its name.

    A name with several values counts each distinct value once, in order. GET requests and websocket upgrades have no
    `params`.
    """
    text = url
    for name in sorted(params or {}, key=str.encode):
        value = (params or {})[name]
        for part in [value] if isinstance(value, str) else sorted(set(value)):
            text += name + part
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
