"""Sound that changes its rate piece by piece is what it would be whole, close enough, and never late."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.audio.resample import Downsampler, Upsampler
from dialer.audio.ulaw import Pcm, ulaw_decode, ulaw_encode


def tone(hz: float, rate: int, ms: int, size: int = 12_000) -> Pcm:
    return (np.sin(2 * np.pi * hz * np.arange(rate * ms // 1000) / rate) * size).astype(np.int16)


def power(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


@pytest.mark.parametrize("hz", [200, 1000, 3000])
def test_a_voice_keeps_its_loudness_both_ways(hz: int) -> None:
    up = Upsampler().take(tone(hz, 8000, 500))
    down = Downsampler().take(tone(hz, 24_000, 500))
    assert len(up) == 8000
    assert len(down) == 4000
    assert power(up[400:]) == pytest.approx(power(tone(hz, 8000, 500)), rel=0.05)
    assert power(down[400:]) == pytest.approx(power(tone(hz, 24_000, 500)), rel=0.05)


@pytest.mark.parametrize("hz", [5000, 7000, 9500])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_another_tone(hz: int) -> None:
    assert power(Downsampler().take(tone(hz, 24_000, 500))[400:]) < 0.02 * power(tone(hz, 24_000, 500))


@given(st.lists(st.integers(0, 500), max_size=20), st.integers(0, 2**32 - 1))
def test_pieces_of_any_length_make_the_same_sound(cuts: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).integers(-32768, 32767, 3000).astype(np.int16)
    places = np.unique(np.clip(np.cumsum(cuts), 0, len(sound)))
    for kind in (Upsampler, Downsampler):
        whole, pieces = kind(), kind()
        made = np.concatenate([pieces.take(part) for part in np.split(sound, places)])
        assert np.array_equal(made, whole.take(sound))


def test_telephone_sound_comes_through_sixteen_kilohertz_to_the_last_bit() -> None:
    sound = bytes(np.random.default_rng(7).integers(0, 256, 1600, dtype=np.uint8)).replace(b"\x7f", b"\xff")
    up, made = Upsampler(), b""
    for at in range(0, len(sound), 160):
        made += ulaw_encode(up.take(ulaw_decode(sound[at : at + 160]))[0::2])
    late = 8
    assert made[late:] == sound[:-late]


def test_neither_holds_back_more_than_two_milliseconds() -> None:
    click = np.zeros(800, np.int16)
    click[400] = 20_000
    assert abs(int(np.argmax(np.abs(Upsampler().take(click)))) / 16 - 400 / 8) <= 2
    assert abs(int(np.argmax(np.abs(Downsampler().take(np.repeat(click, 3))))) / 8 - 400 / 8) <= 2
