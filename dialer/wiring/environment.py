"""The environment of a child process: this one's without what it must not see, and settings as variables."""

import os

from pydantic import SecretStr

from dialer.settings import Settings

# What of this process's environment a rehearsal must not see: keys, real addresses, the user's .env.
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
    """This process's environment without anything that could make a rehearsal real."""
    return {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_PREFIXES)}


def settings_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, and no .env beside them."""
    variables = {"DIALER_ENV_FILE": os.devnull, "DIALER_LOG_LEVEL": os.environ.get("DIALER_LOG_LEVEL", "error")}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            variables[name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return variables
