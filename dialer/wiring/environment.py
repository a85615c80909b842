"""Environments for child processes: this process's without credentials, and settings as variables."""

import os

from pydantic import SecretStr

from dialer.settings import Settings

# Variables that a rehearsal must not inherit: keys, real URLs and the user's .env.
HIDDEN_PREFIXES = (
    "DIALER_",
    "TWILIO_",
    "EXOTEL_",
    "OPENAI_",
    "GEMINI_",
    "ANTHROPIC_",
    "CO_",
    "HF_",
    "DEEPGRAM_",
    "ELEVENLABS_",
)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without anything with which a rehearsal could place real calls."""
    return {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_PREFIXES)}


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, with the .env file disabled."""
    variables = {"DIALER_ENV_FILE": os.devnull, "DIALER_LOG_LEVEL": os.environ.get("DIALER_LOG_LEVEL", "error")}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            variables[name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return variables
