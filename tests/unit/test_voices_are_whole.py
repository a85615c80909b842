"""What CONTRIBUTING.md says that a voice, and a part of a cascade, consists of, every one has."""

import re
from pathlib import Path
from typing import get_args

import pytest

from dialer.doctor.voices import KEYS
from dialer.settings import Settings
from dialer.wiring.voices import NAMES, make_voices
from tests.support.pipeline_parts import PARTS, TEXTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = {
    name: rest.replace("`", "").replace(" ", "").split("|")
    for name, rest in re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.M)
    if name in NAMES
}
SHARED = ("dialer/settings.py", "dialer/doctor/voices.py", "dialer/cli/rehearsal/environment.py")


def _parts(kind: str) -> set[str]:
    """The files of one kind of a pipeline's parts."""
    found = (ROOT / "dialer" / "voices" / "pipeline" / kind).glob("*.py")
    return {each.stem for each in found} - {"__init__", "base", "agent", "loading"}


def test_the_table_names_every_voice() -> None:
    assert list(ROWS) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_voice_has_the_files_of_its_row_and_its_key_everywhere(name: str) -> None:
    *files, key = ROWS[name]
    assert len(files) == 3
    for path in files:
        assert (ROOT / path).is_file(), path
    assert KEYS[name] == key
    for path in SHARED:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert key in text or key.lower() in text, path
    assert key.lower() in Settings.model_fields
    prefix = key.split("_")[0].lower()
    address = next(each for each in (f"{prefix}_url", f"{prefix}_realtime_url") if each in Settings.model_fields)
    assert address.removesuffix("_url").split("_")[0] in (ROOT / "dialer/cli/rehearsal/world.py").read_text(
        encoding="utf-8"
    )


def test_a_voice_without_its_keys_is_not_there() -> None:
    assert make_voices(Settings(_env_file=None)) == {}  # type: ignore[call-arg]


def test_each_transcriber_and_speaker_can_be_chosen_and_is_tried_in_the_simulated_world() -> None:
    hears = set(get_args(Settings.model_fields["dialer_cascade_stt"].annotation))
    speaks = set(get_args(Settings.model_fields["dialer_cascade_tts"].annotation))
    assert hears == _parts("stt") == {stt for stt, _ in PARTS}
    assert speaks == _parts("tts") == {tts for _, tts in PARTS}


def test_each_text_model_is_a_voice_and_is_tried_in_the_simulated_world() -> None:
    assert {f"cascade_{each}" for each in TEXTS} == {name for name in NAMES if name.startswith("cascade_")}
    own = {Path(ROWS[name][0]).stem for name in NAMES if name.startswith("cascade_")}
    assert own == _parts("llm")
