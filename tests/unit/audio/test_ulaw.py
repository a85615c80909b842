"""Telephone sound: the tables are G.711, lengths are kept, and a changed rate still sounds the same."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.audio import ulaw


def _sine(hertz: float, rate: int, seconds: float = 0.5, height: int = 10_000) -> ulaw.Pcm:
    return (np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate) * height).astype(np.int16)


def test_every_sample_and_every_byte_are_coded_as_the_reference_code_does() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        audioop = pytest.importorskip("audioop")
    samples = np.arange(-32768, 32768).astype(np.int16)
    assert ulaw.ulaw_encode(samples) == audioop.lin2ulaw(samples.tobytes(), 2)
    codes = bytes(range(256))
    assert ulaw.ulaw_decode(codes).tobytes() == audioop.ulaw2lin(codes, 2)


def test_known_codes_of_g711() -> None:
    samples = np.array([0, 32767, -32768, 1000, -1000], dtype=np.int16)
    assert ulaw.ulaw_encode(samples) == bytes([0xFF, 0x80, 0x00, 0xCE, 0x4E])
    assert ulaw.ulaw_decode(bytes([0xFF, 0x7F, 0x80, 0x00])).tolist() == [0, 0, 32124, -32124]


def test_decoded_sound_codes_back_to_the_same_bytes() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # minus zero becomes zero
    assert ulaw.ulaw_encode(ulaw.ulaw_decode(codes)) == codes


@given(st.binary(max_size=2000))
def test_frames_hold_all_the_sound_and_only_silence_is_added(sound: bytes) -> None:
    cut = ulaw.frames(sound)
    assert all(len(frame) == ulaw.FRAME_BYTES for frame in cut)
    whole = b"".join(cut)
    assert whole.startswith(sound)
    assert set(whole[len(sound) :]) <= {ulaw.SILENCE}
    assert len(whole) - len(sound) < ulaw.FRAME_BYTES


def test_a_frame_is_twenty_milliseconds() -> None:
    assert ulaw.duration_ms(ulaw.SILENCE_FRAME) == ulaw.FRAME_MS == 20


def test_pcm_bytes_are_little_endian_and_an_odd_byte_is_dropped() -> None:
    assert ulaw.pcm_from_bytes(b"\x01\x00\xff\xff\x07").tolist() == [1, -1]
    assert ulaw.pcm_to_bytes(np.array([1, -1], dtype=np.int16)) == b"\x01\x00\xff\xff"


def test_silence_is_not_loud_and_speech_level_is_told_in_samples() -> None:
    assert ulaw.loudness(ulaw.SILENCE_FRAME) == 0
    assert ulaw.loudness(b"") == 0
    square = ulaw.ulaw_encode(np.full(160, 8000, dtype=np.int16))
    assert ulaw.loudness(square) == pytest.approx(8000, rel=0.05)


@pytest.mark.parametrize(("rate_in", "rate_out"), list(itertools.permutations((8000, 16000, 22050, 24000), 2)))
def test_a_tone_keeps_its_pitch_and_height_at_another_rate(rate_in: int, rate_out: int) -> None:
    got = ulaw.resample(_sine(1000, rate_in), rate_in, rate_out)
    wanted = _sine(1000, rate_out)
    assert abs(len(got) - len(wanted)) <= 1
    inner = slice(rate_out // 50, min(len(got), len(wanted)) - rate_out // 50)
    assert np.abs(got[inner].astype(int) - wanted[inner]).max() < 20


def test_a_tone_too_high_for_the_new_rate_does_not_come_back_as_another() -> None:
    got = ulaw.resample(_sine(6000, 22050), 22050, 8000)
    assert np.abs(got[200:-200]).max() < 20


def test_the_same_rate_and_no_sound_are_left_alone() -> None:
    tone = _sine(440, 8000)
    assert ulaw.resample(tone, 8000, 8000) is tone
    assert len(ulaw.resample(tone[:0], 8000, 24000)) == 0
