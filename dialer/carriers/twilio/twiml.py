"""TwiML for a call that is under way (twilio.md §3): words said to somebody, and a person dialled. Pure."""

from twilio.twiml.voice_response import Dial, VoiceResponse

from dialer.carriers.port import TransferRequest


def say_twiml(words: str) -> str:
    """Say words, then hang up."""
    response = VoiceResponse()
    response.say(words)
    response.hangup()
    return str(response)


def brief_twiml(words: str) -> str:
    """Say words to who was dialled; with the document's end the two are connected."""
    response = VoiceResponse()
    response.say(words)
    return str(response)


def hangup_twiml() -> str:
    """Hang up."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def dial_twiml(handover: TransferRequest) -> str:
    """Ring a person while the student hears it ring, say the brief to that person, connect the two.

    Whatever comes of it, Twilio asks `over_url` what is next; the number dialled is connected as `from_number` calling.
    """
    dial = Dial(
        action=handover.over_url,
        method="POST",
        answer_on_bridge=True,
        timeout=handover.ring_timeout_s,
        time_limit=handover.time_limit_s,
        caller_id=handover.from_number,
    )
    dial.number(handover.to, url=handover.brief_url, method="POST")
    response = VoiceResponse()
    response.append(dial)
    return str(response)
