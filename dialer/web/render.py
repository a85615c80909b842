"""How a page is shown: a template with the page's name for the menu, what was just done, and what is wrong."""

from typing import Any

from litestar.response import Redirect, Template

# What a page may say after something was done: told by a word in the address, so that no address can put words in it.
MESSAGES = {
    "made": "Made.",
    "saved": "Saved.",
    "price-of-new-model": "Saved. This is the first price of this model: check that its name is written as your voice uses it.",
    "removed-price": "Price removed. The one before it counts again.",
    "started": "The campaign is running. Calls begin within seconds, as hours and rules allow.",
    "paused": "Paused: nothing new is placed; calls in progress finish.",
    "stopped": "Stopped: nothing new is placed.",
    "undone": "Import undone. Its leads were removed from the campaign.",
    "discarded": "List discarded. No leads had been imported from it.",
    "removed": "Removed from every list.",
    "thrown": "The kill switch is on: nothing new is placed, anywhere.",
    "released": "The kill switch is off.",
    "chosen": "Saved. Your choice is applied when you import the list.",
    "noted": "Noted.",
    "left": "No longer offered. The meetings that are made stay.",
    "back": "Offered again.",
    "added": "A new version was made. Campaigns keep the version that they were made with.",
}


MESSAGES |= {
    f"{did}-{student}-{counselor}": f"{says} {to_student} {to_counselor}"
    for did, says in (
        ("moved", "The meeting is moved."),
        ("cancelled", "The meeting is cancelled and its time is free."),
    )
    for student, to_student in (
        ("mail", "The student gets an email."),
        ("text", "The student has no email address and gets a text message."),
        ("none", "The student has no email address: call them."),
    )
    for counselor, to_counselor in (
        ("mail", "The counselor gets an email."),
        ("none", "The counselor has no email address: tell them yourself."),
    )
}


def render_page(template: str, here: str, *, done: str | None = None, status: int = 200, **context: Any) -> Template:
    """The page; `here` is its address in the menu."""
    said = MESSAGES.get(done) if done else None
    return Template(template, context={"here": here, "done": said, **context}, status_code=status)


def redirect(to: str, done: str | None = None) -> Redirect:
    """On to another page, by GET."""
    mark = "&" if "?" in to else "?"
    return Redirect(f"{to}{mark}done={done}" if done else to, status_code=303)
