"""What the environment decides, and what of it is refused before anybody is rung."""

from pathlib import Path

import pytest

from dialer.settings import Settings, WrongSettingError, is_loopback, read_settings

REHEARSAL = "2026-11-23T11:00+05:30@60"
KEYS = {"twilio_account_sid": "AC1", "twilio_auth_token": "t", "twilio_from_number": "+15005550006"}


EXOTEL = {
    "exotel_account_sid": "exampleacct1",
    "exotel_api_key": "k",
    "exotel_api_token": "t",
    "exotel_caller_id": "08040000000",
}


def _settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]


@pytest.mark.parametrize(
    ("public", "media", "expected"),
    [
        (None, None, "ws://127.0.0.1:8001"),
        ("http://localhost:8000/", None, "ws://localhost:8001"),
        ("http://[::1]:8000", None, "ws://[::1]:8001"),
        ("https://app.example.com", None, "wss://app.example.com"),
        ("https://app.example.com:8443/dialer/", None, "wss://app.example.com:8443/dialer"),
        ("https://app.example.com", "wss://media.example.com/", "wss://media.example.com"),
        ("https://app.example.com", "wss://media.example.com/a/media-stream", "wss://media.example.com/a"),
        ("https://app.example.com", "wss://media.example.com/media-stream/", "wss://media.example.com"),
    ],
)
def test_the_address_for_sound_follows_from_the_public_one_unless_it_is_given(
    public: str | None, media: str | None, expected: str
) -> None:
    assert _settings(dialer_public_url=public, dialer_media_url=media).media_url == expected


def test_the_public_address_is_the_web_port_on_loopback_unless_it_is_given() -> None:
    assert _settings(dialer_web_port=9000).public_url == "http://127.0.0.1:9000"
    assert _settings(dialer_public_url="https://app.example.com//").public_url == "https://app.example.com"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DIALER_PUBLIC_URL", "http://app.example.com"),
        ("DIALER_PUBLIC_URL", "http://127.0.0.1.example.com"),
        ("DIALER_PUBLIC_URL", "ftp://127.0.0.1"),
        ("DIALER_PUBLIC_URL", "app.example.com"),
        ("DIALER_PUBLIC_URL", "http://localhost@app.example.com"),
        ("DIALER_PUBLIC_URL", "http://[broken"),
        ("DIALER_PUBLIC_URL", "https://"),
        ("DIALER_MEDIA_URL", "ws://media.example.com"),
        ("DIALER_MEDIA_URL", "https://media.example.com"),
    ],
)
def test_an_address_that_carriers_must_not_or_cannot_use_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(WrongSettingError, match=rf"\A{name}[^\n]*\Z"):
        read_settings()


@pytest.mark.parametrize(
    "url", ["https://app.example.com", "http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"]
)
def test_an_address_that_carriers_can_use_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DIALER_PUBLIC_URL", url)
    assert read_settings().public_url == url


def test_the_clock_is_never_moved_where_real_people_can_be_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_CLOCK", REHEARSAL)
    with pytest.raises(WrongSettingError, match=r"\ADIALER_CLOCK [^\n]*TWILIO_API_URL[^\n]*\Z"):
        read_settings()
    monkeypatch.setenv("TWILIO_API_URL", "https://127.0.0.1.example.com")
    with pytest.raises(WrongSettingError, match="DIALER_CLOCK"):
        read_settings()
    monkeypatch.setenv("TWILIO_API_URL", "http://127.0.0.1:9999")
    assert read_settings().dialer_clock == REHEARSAL


@pytest.mark.parametrize(
    ("name", "value"), [("DIALER_WEB_PORT", "eighty"), ("DIALER_WEB_PORT", "65536"), ("DIALER_BRIDGE_PORT", "-1")]
)
def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettingError, match=rf"\A{name}: [^\n]*\Z"):
        read_settings()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIALER_PUBLIC_URL", "DIALER_WEB_PORT", "TWILIO_API_URL", "DIALER_CLOCK"):
        monkeypatch.setenv(name, "")
    settings = read_settings()
    assert (settings.dialer_web_port, settings.twilio_api_url) == (8000, "https://api.twilio.com")


def test_settings_come_from_the_file_and_the_environment_outranks_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_text("DIALER_WEB_PORT=9000\nDIALER_BRIDGE_PORT=9001\nSOMETHING_ELSE=1\n", encoding="utf-8")
    monkeypatch.setenv("DIALER_ENV_FILE", str(file))
    monkeypatch.setenv("DIALER_WEB_PORT", "9100")
    settings = read_settings()
    assert (settings.dialer_web_port, settings.dialer_bridge_port) == (9100, 9001)


@pytest.mark.parametrize("missing", KEYS)
def test_a_carrier_without_all_its_credentials_is_never_routed_to(missing: str) -> None:
    whole = _settings(**KEYS)
    assert whole.has_twilio
    assert whole.carrier_urls == ("https://api.twilio.com",)
    partly = _settings(**{key: value for key, value in KEYS.items() if key != missing})
    assert not partly.has_twilio
    assert partly.carrier_urls == ()


@pytest.mark.parametrize("missing", EXOTEL)
def test_exotel_too_needs_all_its_credentials(missing: str) -> None:
    whole = _settings(**EXOTEL, **KEYS)
    assert whole.has_exotel
    assert whole.carrier_urls == ("https://api.twilio.com", "https://api.in.exotel.com")
    partly = _settings(**{key: value for key, value in EXOTEL.items() if key != missing})
    assert not partly.has_exotel
    assert partly.carrier_urls == ()


def test_the_clock_is_not_moved_while_exotel_can_ring_real_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_CLOCK", REHEARSAL)
    monkeypatch.setenv("TWILIO_API_URL", "http://127.0.0.1:9999")
    for name, value in EXOTEL.items():
        monkeypatch.setenv(name.upper(), value)
    with pytest.raises(WrongSettingError, match=r"\ADIALER_CLOCK [^\n]*EXOTEL_API_URL[^\n]*\Z"):
        read_settings()
    monkeypatch.setenv("EXOTEL_API_URL", "http://127.0.0.1:9998")
    assert read_settings().dialer_clock == REHEARSAL


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIALER_ROUTES", "91=exotel"),
        ("EXOTEL_CALLBACK_ADDRESSES", "203.0.113.7, nowhere"),
        ("EXOTEL_CALLBACK_AUTH", "no-colon"),
        ("DIALER_PROXIES", "-1"),
        ("DIALER_SEND_MAIL_URL", "mail.example.com:25"),
        ("DIALER_SEND_MAIL_URL", "https://mail.example.com"),
        ("DIALER_SEND_MAIL_URL", "smtp://mail.example.com:port"),
    ],
)
def test_a_setting_of_routes_or_callbacks_that_means_nothing_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettingError, match=rf"\A{name}[^\n]*\Z"):
        read_settings()


def test_the_table_of_routes_is_the_shipped_one_changed_by_the_setting() -> None:
    assert _settings().routes == {"+91": ("exotel", None), "": ("twilio", None)}
    assert _settings(dialer_routes="+44=exotel:08040001234").routes["+44"] == ("exotel", "08040001234")


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    secret = ("twilio_auth_token", "openai_api_key", "dialer_secret_key", "exotel_api_token", "exotel_api_key")
    settings = _settings(
        exotel_callback_auth="u:t0ps3cret",
        dialer_send_mail_url="smtp://u:t0ps3cret@h",
        **dict.fromkeys(secret, "t0ps3cret"),
    )
    assert "t0ps3cret" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("ws://localhost", True),
        ("http://[::1]:80", True),
        ("http://LOCALHOST", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here
