"""Twilio's Message resource: creating a message, with the errors that the dialer can cause.

To, From and Body are required; a body has at most 1,600 characters; From is a number of the account, and its channel
(SMS or WhatsApp) must match that of To.
"""

import re

from aiohttp import web

from dialer.simulator.ledger import Ledger, TextEntry
from dialer.simulator.settings import WorldSettings
from dialer.simulator.twilio.call import new_sid
from dialer.simulator.twilio.params import TwilioError

MAX_CHARS = 1600
NUMBER = re.compile(r"(whatsapp:)?(\+[1-9]\d{6,14})")


async def create_message(request: web.Request, settings: WorldSettings, ledger: Ledger) -> web.Response:
    """Accept a message. Raises TwilioError."""
    form = await request.post()
    to, sender, body = (str(form.get(name, "")) for name in ("To", "From", "Body"))
    if not to:
        raise TwilioError(400, 21604, "A 'To' phone number is required.")
    if not sender:
        raise TwilioError(400, 21603, "A 'From' phone number is required.")
    if not body:
        raise TwilioError(400, 21602, "Message body is required.")
    if len(body) > MAX_CHARS:
        raise TwilioError(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    to_match, from_match = NUMBER.fullmatch(to), NUMBER.fullmatch(sender)
    if to_match is None:
        raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if from_match is None or from_match[2] not in settings.from_numbers:
        raise TwilioError(400, 21606, f"The 'From' phone number {sender} is not a number of this account.")
    if to_match[1] != from_match[1]:
        raise TwilioError(400, 63007, "Twilio could not find a Channel with the specified From address")
    entry = TextEntry(new_sid("SM"), to, sender, body)
    ledger.texts.append(entry)
    message = {"sid": entry.sid, "status": "queued", "to": to, "from": sender, "body": body, "error_code": None}
    return web.json_response(message, status=201)
