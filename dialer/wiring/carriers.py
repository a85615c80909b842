"""Creates the carrier clients from the settings; only this module imports concrete carriers."""

from collections.abc import Callable

from dialer.carriers.exotel import rest as exotel
from dialer.carriers.exotel.media import ExotelMedia
from dialer.carriers.media import MediaCodec
from dialer.carriers.port import Carrier
from dialer.carriers.twilio import rest as twilio
from dialer.carriers.twilio.media import TwilioMedia
from dialer.domain.calling.routing import routes_of
from dialer.settings import Settings, is_loopback

TWILIO_MEDIA = TwilioMedia()
MAKE_CODEC: dict[str, Callable[[], MediaCodec]] = {"twilio": lambda: TWILIO_MEDIA, "exotel": ExotelMedia}
"""Returns the codec for a new media stream, by carrier."""


def make_carriers(settings: Settings) -> dict[str, Carrier]:
    """Create every carrier with credentials, by name, in order of preference where no route matches."""
    carriers: dict[str, Carrier] = {}
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from_number:
        carriers["twilio"] = twilio.Twilio(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            from_number=settings.twilio_from_number,
            api_url=settings.twilio_api_url,
            on_loopback=is_loopback(settings.twilio_api_url),
            calls_per_second=settings.twilio_calls_per_second,
            routes=routes_of(settings.routes, "twilio"),
        )
    if (
        settings.exotel_account_sid
        and settings.exotel_api_key
        and settings.exotel_api_token
        and settings.exotel_caller_id
    ):
        auth = settings.exotel_callback_auth
        carriers["exotel"] = exotel.Exotel(
            account_sid=settings.exotel_account_sid,
            api_key=settings.exotel_api_key.get_secret_value(),
            api_token=settings.exotel_api_token.get_secret_value(),
            caller_id=settings.exotel_caller_id,
            api_url=settings.exotel_api_url,
            on_loopback=is_loopback(settings.exotel_api_url),
            calls_per_second=settings.exotel_calls_per_second,
            callback_auth=auth.get_secret_value() if auth else None,
            routes=routes_of(settings.routes, "exotel"),
        )
    return carriers
