"""Carrier accounts from the settings: what routing and explanations need, without the carriers' clients."""

from dataclasses import dataclass

from dialer.carriers.exotel import capabilities as exotel
from dialer.carriers.port import Capabilities, CarrierAccount
from dialer.carriers.twilio import capabilities as twilio
from dialer.domain.calling.routing import Route, routes_of
from dialer.settings import Settings, is_loopback

CAPABILITIES: dict[str, Capabilities] = {"twilio": twilio.CAPABILITIES, "exotel": exotel.CAPABILITIES}
"""Each carrier's capabilities, with or without credentials, by the names that campaigns and routes use."""


@dataclass(slots=True)
class Account:
    """A carrier account with credentials; has the same attributes as the carrier's client."""

    name: str
    capabilities: Capabilities
    on_loopback: bool
    from_number: str
    routes: tuple[Route, ...]
    calls_per_second: float | None


def has_credentials(settings: Settings) -> dict[str, bool]:
    """Return, by carrier, whether the settings have its credentials."""
    return {"twilio": settings.has_twilio, "exotel": settings.has_exotel}


def accounts_of(settings: Settings) -> dict[str, CarrierAccount]:
    """Return every account with credentials, in the order of `make_carriers`."""
    configured = {
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
        for name, (url, number, per_second) in configured.items()
        if has_credentials(settings)[name]
    }
