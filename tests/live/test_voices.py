"""Every voice with a real key in the environment says a word: `./run test -m live tests/live`. It costs a few cents.

What has no key is skipped, and said. The settings are those of the environment, as `dialer up` would read them.
"""

import os

import pytest

from dialer.doctor.voices import examine, what_is_missing
from dialer.settings import Settings
from dialer.wiring.voices import NAMES, make_voices

pytestmark = pytest.mark.live

# Read before the tests put the environment out of each other's sight.
OURS = ("anthropic_", "gemini_", "co_", "hf_", "openai_", "deepgram_", "elevenlabs_", "dialer_cascade_")
GIVEN = {
    name: os.environ[name.upper()]
    for name in Settings.model_fields
    if name.startswith(OURS) and os.environ.get(name.upper())
}


@pytest.mark.parametrize("name", NAMES)
async def test_the_real_voice_is_set_up_and_says_a_word(name: str) -> None:
    settings = Settings(_env_file=None, **GIVEN)  # type: ignore[arg-type, call-arg]  # pydantic reads the texts
    if name not in make_voices(settings):
        pytest.skip(f"{name}: {what_is_missing(settings, name)}")
    state, says = await examine(settings, name)
    assert state == "ok", says
