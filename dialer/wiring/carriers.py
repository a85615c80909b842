"""The carriers of a process, made from its settings: the only place that names concrete ones."""

from dialer.carriers.port import Carrier
from dialer.carriers.twilio.rest import Twilio
from dialer.settings import Settings, is_loopback


def make_carriers(settings: Settings) -> dict[str, Carrier]:
    """Every carrier with credentials, by name, in the order in which they are preferred."""
    carriers: dict[str, Carrier] = {}
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from_number:
        carriers["twilio"] = Twilio(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            from_number=settings.twilio_from_number,
            api_url=settings.twilio_api_url,
            on_loopback=is_loopback(settings.twilio_api_url),
            calls_per_second=settings.twilio_calls_per_second,
        )
    return carriers
