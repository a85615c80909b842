"""Everything that the environment (or `.env`) decides, read once by the entry points.

Nothing below the edges reads the environment: what a flow or an adapter needs is passed to it.
"""

import os
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from dialer.domain.access.roles import Role
from dialer.domain.calling.routing import Table, parse_table

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class WrongSettingError(Exception):
    """A setting that cannot be used; the message is one line that says which and what to do."""


class Settings(BaseSettings):
    """The dialer's settings; every field's name in capitals is its environment variable."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    dialer_database_url: str | None = None
    dialer_redis_url: str | None = None
    dialer_data_dir: Path = Path("data")
    dialer_recordings: str | None = None
    """Where recordings lie: a folder, or any address that fsspec knows (s3://bucket/folder)."""
    dialer_public_url: str | None = None
    dialer_media_url: str | None = None
    dialer_web_host: str = "127.0.0.1"
    dialer_bridge_host: str = "127.0.0.1"
    dialer_web_port: int = Field(8000, ge=0, le=65535)
    dialer_bridge_port: int = Field(8001, ge=0, le=65535)
    dialer_bridge_most_calls: int = Field(200, ge=1)
    """How many calls one bridge takes; more are not called."""
    dialer_bridge_sockets: Literal["picows", "websockets"] = "picows"
    """Which library carries the bridge's sockets."""
    dialer_secret_key: SecretStr | None = None
    dialer_second_factor_roles: str = ""
    """Roles that need two-factor authentication, comma-separated."""
    dialer_metrics_token: SecretStr | None = None
    """What a scraper shows at the bridge's `/metrics`; without it nobody may read them."""
    dialer_old_secret_keys: SecretStr | None = None
    """Secret keys of before, comma-separated: what they sealed is still read."""
    dialer_hook_hosts: str = ""
    """Hosts (with a port, if not 443; parted by commas) that hooks may reach although they are private or without TLS."""
    dialer_zone: str = "Asia/Kolkata"
    """The workspace's own zone (IANA): what pages tell times in where nobody else's is meant."""
    dialer_clock: str | None = None
    dialer_send_mail_url: SecretStr | None = None
    """The mail server, smtp(s)://user:password@host:port; where it is unset, emails are written to the data folder."""
    dialer_mail_from: str | None = None
    """The address that emails and invitations are from."""
    dialer_texts: Literal["off", "sms", "whatsapp"] = "off"
    """Whether a student without an email address is sent a short text about their meeting, through Twilio."""
    dialer_texts_from: str | None = None
    """The number that texts come from; unset, TWILIO_FROM_NUMBER."""
    dialer_placing_after_s: float = Field(45.0, gt=0)
    """A request to a carrier that was not answered for so long is unknown: its worker is gone."""
    dialer_unknown_horizon_s: float = Field(900.0, gt=0)
    """An unknown call that a carrier's list does not show for so long was not placed."""

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from_number: str | None = None
    twilio_api_url: str = "https://api.twilio.com"
    twilio_calls_per_second: float | None = Field(None, gt=0)

    exotel_account_sid: str | None = None
    exotel_api_key: SecretStr | None = None
    exotel_api_token: SecretStr | None = None
    exotel_caller_id: str | None = None
    exotel_api_url: str = "https://api.in.exotel.com"
    exotel_calls_per_second: float | None = Field(None, gt=0)
    exotel_callback_auth: SecretStr | None = None
    """`user:password` that Exotel is to show at our addresses; nothing is asked for where it is unset."""
    exotel_callback_addresses: str = ""
    """The addresses and networks that Exotel calls from, separated by commas; any, where it is empty."""

    dialer_routes: str = ""
    """Which carrier rings which numbers, showing what: `+91=exotel:08040001234, *=twilio`."""
    dialer_proxies: int = Field(0, ge=0, le=10)
    """How many reverse proxies of ours a carrier's request comes through: whose word on its address is taken."""

    openai_api_key: SecretStr | None = None
    openai_realtime_url: str = "wss://api.openai.com/v1/realtime"
    openai_realtime_model: str = "gpt-realtime-2.1"
    openai_realtime_dialect: Literal["ga", "beta"] = "ga"
    """`beta` for compatible servers that still speak the shapes that OpenAI switched off."""

    gemini_api_key: SecretStr | None = None
    gemini_url: str = "https://generativelanguage.googleapis.com"
    gemini_live_model: str = "gemini-2.5-flash-native-audio-preview-12-2025"

    gemini_model: str = "gemini-3.5-flash-lite"

    dialer_cascade_stt: Literal["deepgram", "flux", "elevenlabs", "openai"] = "deepgram"
    """Who transcribes in the voices that are put together from parts."""
    dialer_cascade_tts: Literal["deepgram", "elevenlabs", "openai"] = "deepgram"
    """Who speaks in them."""
    openai_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-6.1-terra"
    openai_speech_model: str = "gpt-4o-mini-tts"
    openai_speech_voice: str = "ash"
    anthropic_api_key: SecretStr | None = None
    anthropic_url: str = "https://api.anthropic.com"
    anthropic_model: str = "claude-haiku-5-5"
    co_api_key: SecretStr | None = None
    co_url: str = "https://api.cohere.com"
    co_model: str = "command-a-03-2025"
    hf_token: SecretStr | None = None
    hf_url: str = "https://router.huggingface.co/v1"
    hf_model: str = "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8"
    deepgram_api_key: SecretStr | None = None
    deepgram_url: str = "https://api.deepgram.com"
    deepgram_model: str = "nova-3"
    deepgram_flux_model: str = "flux-general-en"
    deepgram_voice: str = "aura-2-helena-en"
    elevenlabs_api_key: SecretStr | None = None
    elevenlabs_url: str = "https://api.elevenlabs.io"
    elevenlabs_model: str = "eleven_flash_v2_5"
    elevenlabs_stt_model: str = "scribe_v2_realtime"
    elevenlabs_voice: str = "EXAVITQu4vr4xnSDxMaL"

    @cached_property
    def public_url(self) -> str:
        """Where carriers reach the web process, without a trailing slash."""
        return (self.dialer_public_url or f"http://127.0.0.1:{self.dialer_web_port}").rstrip("/")

    @cached_property
    def media_url(self) -> str:
        """Where carriers reach the bridge: ws(s), without a path such as /media-stream and without a trailing slash."""
        if self.dialer_media_url:
            return self.dialer_media_url.rstrip("/").removesuffix("/media-stream").rstrip("/")
        public = urlsplit(self.public_url)
        if is_loopback(self.public_url):
            host = f"[{public.hostname}]" if ":" in (public.hostname or "") else public.hostname
            return f"ws://{host}:{self.dialer_bridge_port}"
        return urlunsplit(("wss" if public.scheme == "https" else "ws", public.netloc, public.path, "", ""))

    @cached_property
    def hook_hosts(self) -> frozenset[str]:
        """The hosts that hooks may reach although they are private or without TLS."""
        return frozenset(host.strip() for host in self.dialer_hook_hosts.split(",") if host.strip())

    @cached_property
    def recordings(self) -> str:
        """Where recordings lie when they are finished."""
        return self.dialer_recordings or str(self.dialer_data_dir.absolute() / "recordings")

    @property
    def second_factor_roles(self) -> frozenset[str]:
        """The roles that need two-factor authentication. Raises WrongSettingError for one that does not exist."""
        roles = frozenset(role.strip() for role in self.dialer_second_factor_roles.split(",") if role.strip())
        if unknown := roles - {role.value for role in Role}:
            raise WrongSettingError(f"DIALER_SECOND_FACTOR_ROLES names no role: {', '.join(sorted(unknown))}")
        return roles

    @property
    def recordings_in_the_making(self) -> Path:
        """The folder of this machine in which calls that go on are recorded."""
        return self.dialer_data_dir.absolute() / "recording"

    @property
    def carrier_urls(self) -> tuple[str, ...]:
        """The address of every carrier that has credentials."""
        told = ((self.has_twilio, self.twilio_api_url), (self.has_exotel, self.exotel_api_url))
        return tuple(url for has, url in told if has)

    @property
    def has_twilio(self) -> bool:
        """A carrier without credentials is never routed to."""
        return bool(self.twilio_account_sid and self.twilio_auth_token and self.twilio_from_number)

    @property
    def has_exotel(self) -> bool:
        """Likewise."""
        return bool(self.exotel_account_sid and self.exotel_api_key and self.exotel_api_token and self.exotel_caller_id)

    @cached_property
    def routes(self) -> Table:
        """The table of carriers by destination. Raises ValueError."""
        return parse_table(self.dialer_routes)

    def refuse_unsafe(self) -> None:
        """Raise WrongSettingError for addresses that carriers could not or must not use."""
        _refuse_unreachable("DIALER_PUBLIC_URL", self.public_url, "http", "https")
        _refuse_unreachable("DIALER_MEDIA_URL", self.media_url, "ws", "wss")
        if self.dialer_redis_url and not self.dialer_redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise WrongSettingError(
                f"DIALER_REDIS_URL must start with redis:// or rediss://, not {self.dialer_redis_url[:8]!r}"
            )
        try:
            ZoneInfo(self.dialer_zone)
        except (ZoneInfoNotFoundError, ValueError):
            says = f"DIALER_ZONE must be an IANA zone such as Asia/Kolkata, not {self.dialer_zone!r}"
            raise WrongSettingError(says) from None
        self._refuse_callbacks()
        self._refuse_post()
        if self.dialer_clock:
            # Twilio's must be moved whether or not it has credentials: an address that points there is enough.
            told = [("TWILIO_API_URL", self.twilio_api_url)]
            told += [("EXOTEL_API_URL", self.exotel_api_url)] if self.has_exotel else []
            outside = [(name, url) for name, url in told if not is_loopback(url)]
            if outside:
                name, url = outside[0]
                raise WrongSettingError(
                    f"DIALER_CLOCK moves the clock for rehearsal only, but {url} is a real carrier: "
                    f"unset DIALER_CLOCK, or point {name} at a carrier on loopback"
                )

    @property
    def send_mail_url(self) -> str | None:
        """The mail server's address, with its password."""
        return self.dialer_send_mail_url.get_secret_value() if self.dialer_send_mail_url else None

    def _refuse_post(self) -> None:
        try:
            post = urlsplit(self.send_mail_url or "smtp://nobody")
            known = post.scheme in ("smtp", "smtps") and bool(post.hostname) and post.port != 0
        except ValueError:
            known = False
        if not known:
            raise WrongSettingError("DIALER_SEND_MAIL_URL must be smtp://host:port or smtps://user:password@host:port")

    def _refuse_callbacks(self) -> None:
        try:
            _ = self.routes
        except ValueError as error:
            raise WrongSettingError(f"DIALER_ROUTES: {error}") from error
        try:
            for each in filter(None, (each.strip() for each in self.exotel_callback_addresses.split(","))):
                ip_network(each, strict=False)
        except ValueError as error:
            raise WrongSettingError(f"EXOTEL_CALLBACK_ADDRESSES: {error}; write addresses and commas") from error
        _ = self.second_factor_roles
        if self.exotel_callback_auth and ":" not in self.exotel_callback_auth.get_secret_value():
            raise WrongSettingError("EXOTEL_CALLBACK_AUTH must be user:password")


def _refuse_unreachable(name: str, url: str, plain: str, secure: str) -> None:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname)
    except ValueError:
        raise WrongSettingError(f"{name} is no address: {url!r}") from None
    if not whole or (parts.scheme != secure and not (parts.scheme == plain and is_loopback(url))):
        raise WrongSettingError(f"{name} must start with {secure}:// ({plain}:// only on loopback), not {url!r}")


def is_loopback(url: str) -> bool:
    """Whether the address names this machine by a loopback name."""
    return urlsplit(url).hostname in LOOPBACK


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        WrongSettingError: a variable that cannot be read, or an unsafe combination.
    """
    try:
        settings = Settings(_env_file=os.environ.get("DIALER_ENV_FILE", ".env"))  # type: ignore[call-arg]  # pydantic-settings takes it
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        raise WrongSettingError(f"{name}: {first['msg']}; change it in the environment or in .env") from error
    settings.refuse_unsafe()
    return settings
