"""How often an account or an address may do something. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many in so many seconds, for each key."""

    name: str
    most: int
    within_s: int


SIGN_IN = Rate("sign-in", 20, 300)
"""By address: a lock of one account is not all there is."""
PASSWORD = Rate("password", 20, 300)
"""By account: who found a browser unattended is not to guess."""
UPLOAD = Rate("upload", 60, 3600)
EXPORT = Rate("export", 120, 3600)
START = Rate("start", 120, 3600)
SINGLE_CALL = Rate("call", 30, 600)
"""Calls asked for one by one, by the page and the API together."""
MEETING_LINK = Rate("meeting-link", 20, 3600)
"""By link: changes of one meeting by whoever has its link. A move writes two emails."""
MEETING_ADDRESS = Rate("meeting-address", 120, 3600)
"""By client address: changes by links, and attempts with links that are none."""
FEED = Rate("feed", 120, 3600)
"""By client address: feeds read, and attempts with URLs that are none. Google refreshes each once an hour."""
TRY = Rate("try", 60, 600)
"""Turns of scripts tried in text, by the page and the API together: each asks a text model, and costs."""
