"""How a page is shown: a template with the page's name for the menu, what was just done, and what is wrong."""

from typing import Any

from litestar.response import Redirect, Template

# What a page may say after something was done: told by a word in the address, so that no address can put words in it.
DONE = {
    "made": "Made.",
    "saved": "Saved.",
    "started": "The campaign is running. Calls begin within seconds, as hours and rules allow.",
    "paused": "Paused: nothing new is placed; calls in progress finish.",
    "stopped": "Stopped: nothing new is placed.",
    "undone": "The list is taken back: its leads are out again.",
    "listed": "Listed. What was about to ring is taken back.",
    "removed": "Removed from every list.",
    "thrown": "The kill switch is on: nothing new is placed, anywhere.",
    "released": "The kill switch is off.",
    "chosen": "Your choice is kept; it is done when you bring the list in.",
    "moved": "Moved; a new invitation is on its way to both.",
    "cancelled": "Cancelled: its time is free again, and both are written to.",
    "noted": "Noted.",
    "left": "No longer offered. The meetings that are made stay.",
    "back": "Offered again.",
    "added": "A new version was made. Campaigns keep the version that they were made with.",
}


def shown(template: str, here: str, *, done: str | None = None, status: int = 200, **context: Any) -> Template:
    """The page; `here` is its address in the menu."""
    said = DONE.get(done) if done else None
    return Template(template, context={"here": here, "done": said, **context}, status_code=status)


def go(to: str, done: str | None = None) -> Redirect:
    """On to another page, by GET."""
    mark = "&" if "?" in to else "?"
    return Redirect(f"{to}{mark}done={done}" if done else to, status_code=303)
