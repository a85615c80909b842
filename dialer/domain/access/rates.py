"""Rate limits: how often one key (an account or a client address) may do something. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` requests per `within_s` seconds for each key."""

    name: str
    most: int
    within_s: int


SIGN_IN = Rate("sign-in", 20, 300)
"""Keyed by client address: locking one account does not stop an attack spread over many accounts."""
PASSWORD = Rate("password", 20, 300)
"""Keyed by account: limits password guesses made from an unattended, signed-in browser."""
UPLOAD = Rate("upload", 60, 3600)
EXPORT = Rate("export", 120, 3600)
START = Rate("start", 120, 3600)
TRY = Rate("try", 60, 600)
"""Turns of text trials of scripts, page and API together: every turn is a paid request to a text model."""
