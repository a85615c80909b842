"""The accounts with carriers, from the settings: enough to route calls by and to explain, without what talks to them."""

from dataclasses import dataclass

from dialer.carriers.exotel import capabilities as exotel
from dialer.carriers.port import Capabilities, CarrierAccount
from dialer.carriers.twilio import capabilities as twilio
from dialer.domain.calling.routing import Route, routes_of
from dialer.settings import Settings, is_loopback

CAPABILITIES: dict[str, Capabilities] = {"twilio": twilio.CAPABILITIES, "exotel": exotel.CAPABILITIES}
"""What each carrier can do, with or without credentials, by the names that campaigns and routes use."""


@dataclass(slots=True)
class Account:
    """An account with credentials, as its carrier has them too."""

    name: str
    capabilities: Capabilities
    on_loopback: bool
    from_number: str
    routes: tuple[Route, ...]
    calls_per_second: float | None


def has_credentials(settings: Settings) -> dict[str, bool]:
    """Which carriers can be routed to."""
    return {"twilio": settings.has_twilio, "exotel": settings.has_exotel}


def accounts_of(settings: Settings) -> dict[str, CarrierAccount]:
    """Every account with credentials, in the order of `make_carriers`."""
    known = {
        "twilio": (settings.twilio_api_url, settings.twilio_from_number, settings.twilio_calls_per_second),
        "exotel": (
            settings.exotel_api_url,
            settings.exotel_caller_id,
            settings.exotel_calls_per_second or exotel.PER_MINUTE / 60,
        ),
    }
    return {
        name: Account(
            name, CAPABILITIES[name], is_loopback(url), number or "", routes_of(settings.routes, name), per_second
        )
        for name, (url, number, per_second) in known.items()
        if has_credentials(settings)[name]
    }
