"""Render a page: its template, its place in the menu, what was just done and what is wrong."""

from typing import Any

from litestar.response import Redirect, Template

MESSAGES = {
    "made": "Created.",
    "saved": "Saved.",
    "price-of-new-model": "Saved. This is the first price of this model: check that its name is exactly the one your voice uses.",
    "removed-price": "Price removed. The previous one applies again.",
    "started": "The campaign is running. Calls start within seconds, as hours and rules allow.",
    "paused": "Paused. No new calls start; calls in progress finish.",
    "stopped": "Stopped. No new calls start.",
    "undone": "Import undone. Its leads were removed from the campaign.",
    "discarded": "List discarded. No leads had been imported from it.",
    "removed": "Removed from every do-not-call list.",
    "thrown": "The kill switch is on. No new calls start.",
    "released": "The kill switch is off.",
    "chosen": "Saved. Your choice is applied when you import the list.",
    "noted": "Saved.",
    "links-revoked": "Links revoked. Emails sent from now on have new ones.",
    "left": "Deactivated. Meetings already booked stay.",
    "back": "Reactivated. Students can book again.",
    "added": "New version saved. Existing campaigns stay on the version they use.",
}
"""What a page confirms after an action, by a code in the URL, so that a URL cannot put text on a page."""


MESSAGES |= {
    f"{did}-{student}-{counselor}": f"{says} {to_student} {to_counselor}"
    for did, says in (
        ("moved", "Meeting moved."),
        ("cancelled", "Meeting cancelled. The time is free again."),
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
    """Render a page; `here` is its path in the menu."""
    said = MESSAGES.get(done) if done else None
    return Template(template, context={"here": here, "done": said, **context}, status_code=status)


def redirect(to: str, done: str | None = None) -> Redirect:
    """Redirect to another page, by GET."""
    mark = "&" if "?" in to else "?"
    return Redirect(f"{to}{mark}done={done}" if done else to, status_code=303)
