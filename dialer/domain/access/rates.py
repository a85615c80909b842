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
SUPPRESS = Rate("suppress", 120, 3600)
"""Requests that add numbers to do-not-call."""
SINGLE_CALL = Rate("call", 30, 600)
"""Calls asked for one by one, by the page and the API together."""
MEETING_LINK = Rate("meeting-link", 20, 3600)
"""By link: changes of one meeting by whoever has its link. A move writes two emails."""
MEETING_ADDRESS = Rate("meeting-address", 120, 3600)
"""By client address: changes by links, and attempts with links that are none."""
FEED = Rate("feed", 120, 3600)
"""By client address: feeds read, and attempts with URLs that are none. Google refreshes each once an hour."""
TRY = Rate("try", 60, 600)
"""Turns of text trials of scripts, page and API together: every turn is a paid request to a text model."""
