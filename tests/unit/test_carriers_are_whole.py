"""What CONTRIBUTING.md says that a carrier consists of, every carrier has."""

import re
from pathlib import Path

import pytest

from dialer.settings import Settings
from dialer.wiring.accounts import CAPABILITIES, has_credentials
from dialer.wiring.carriers import MAKE_CODEC

ROOT = Path(__file__).parents[2]
CARRIERS = sorted(each.name for each in (ROOT / "dialer" / "carriers").iterdir() if (each / "rest.py").exists())


def _named() -> list[str]:
    """The paths of the list, as it writes them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"^\*\*a carrier\*\*:(.*?)^\*\*", text, re.S | re.M)
    return re.findall(r"`([\w/<>*.-]+\.(?:py|json|toml))`", part)


OWN = [path for path in _named() if "<name>" in path]
SHARED = [path for path in _named() if "<name>" not in path and path != "carriers/port.py"]


def test_the_list_names_files_of_a_carriers_own_and_files_that_name_it() -> None:
    assert len(OWN) >= 10
    assert len(SHARED) >= 9
    assert len(CARRIERS) >= 2


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("path", OWN)
def test_each_carrier_has_every_file_of_the_list(carrier: str, path: str) -> None:
    assert list(ROOT.glob(path.replace("<name>", carrier))), path


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("path", SHARED)
def test_each_carrier_is_named_where_the_list_says(carrier: str, path: str) -> None:
    assert carrier in (ROOT / path).read_text(encoding="utf-8").lower()


def test_each_carrier_has_its_profile_its_codec_and_a_place_of_its_own_on_the_bridge() -> None:
    assert sorted(CAPABILITIES) == sorted(MAKE_CODEC) == CARRIERS
    assert {name: make().carrier for name, make in MAKE_CODEC.items()} == {name: name for name in CARRIERS}
    assert len({capabilities.media_path for capabilities in CAPABILITIES.values()}) == len(CARRIERS)


def test_no_service_asks_for_a_carrier_by_its_name() -> None:
    for path in (ROOT / "dialer" / "services").rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"""["'](twilio|exotel)["']""", code), path.name


def test_without_settings_no_carrier_can_be_routed_to() -> None:
    assert has_credentials(Settings(_env_file=None)) == dict.fromkeys(CARRIERS, False)  # type: ignore[call-arg]
