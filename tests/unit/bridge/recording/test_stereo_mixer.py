"""Both sides of a talk as one sound: every byte where it was heard, nothing that was not."""

from base64 import b64encode
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.audio.ulaw import SILENCE
from dialer.bridge.conversation.effects import SendClear, SendMark
from dialer.bridge.recording.stereo_mixer import MAX_GAP, StereoMixer
from dialer.carriers.media import MediaFrame, MediaMark

FRAME = 160


def pattern(start: int, size: int) -> bytes:
    """Bytes that are never silence and tell where they are from."""
    return bytes(islice(cycle(range(1, 200)), start, start + size))


def b64(sound: bytes) -> str:
    return b64encode(sound).decode()


def quiet(size: int) -> bytes:
    return bytes([SILENCE]) * size


class Line:
    """A line whose clock runs by frames of 20 ms."""

    def __init__(self, notice: int = 0) -> None:
        self.mixer = StereoMixer(notice)
        self.ms = 0
        self.said = 0
        self.made = b""

    def student(self, frames: int = 1) -> bytes:
        sound = pattern(self.said, frames * FRAME)
        for at in range(0, len(sound), FRAME):
            self.ms += 20
            self.mixer.take(MediaFrame(b64(sound[at : at + FRAME]), self.ms))
        self.said += len(sound)
        return sound

    def sides(self) -> tuple[bytes, bytes]:
        self.made += self.mixer.drain()
        return self.made[0::2], self.made[1::2]


def test_what_the_student_says_is_at_its_time_and_what_was_lost_is_silence() -> None:
    line = Line()
    first = line.student(3)
    line.ms += 40
    second = line.student(2)
    left, right = line.sides()
    assert left == first + quiet(2 * FRAME) + second
    assert right == quiet(7 * FRAME)
    assert line.mixer.ms == 140


def test_ava_is_heard_from_when_she_was_sent_one_answer_after_the_other() -> None:
    line = Line()
    line.student(2)
    one, two = pattern(50, 3 * FRAME + 40), pattern(90, FRAME)
    line.mixer.take(b64(one))
    line.student(1)
    line.mixer.take(b64(two))
    line.student(5)
    assert line.sides()[1] == quiet(2 * FRAME) + one + two + quiet(2 * FRAME - 40)


def test_what_was_cut_is_not_heard_and_the_next_answer_begins_when_it_is_sent() -> None:
    line = Line()
    line.student(1)
    cut, after = pattern(10, 50 * FRAME), pattern(77, FRAME)
    line.mixer.take(b64(cut))
    line.student(3)
    line.mixer.take(SendClear())
    line.student(2)
    line.mixer.take(b64(after))
    line.student(2)
    assert line.sides()[1] == quiet(FRAME) + cut[: 3 * FRAME] + quiet(2 * FRAME) + after + quiet(FRAME)


def test_a_carrier_that_begins_to_play_late_is_learned_from_its_marks() -> None:
    line = Line()
    line.student(1)
    one = pattern(5, 5 * FRAME)
    line.mixer.take(b64(one))
    line.mixer.take(SendMark("0:1"))
    line.student(15)
    line.mixer.take(MediaMark("0:1"))
    two = pattern(60, 2 * FRAME)
    line.mixer.take(b64(two))
    line.student(14)
    right = line.sides()[1]
    assert right[16 * FRAME :] == quiet(10 * FRAME) + two + quiet(2 * FRAME), "200 ms later than it was sent"


@pytest.mark.parametrize("known", [True, False])
def test_a_mark_that_comes_when_it_should_or_is_none_of_ours_changes_nothing(known: bool) -> None:
    line = Line()
    line.mixer.take(b64(pattern(5, 2 * FRAME)))
    line.mixer.take(SendMark("0:1"))
    line.student(2)
    line.mixer.take(MediaMark("0:1" if known else "other"))
    two = pattern(60, FRAME)
    line.mixer.take(b64(two))
    line.student(1)
    assert line.sides()[1][2 * FRAME :] == two


def test_marks_that_a_clear_gives_back_mean_nothing() -> None:
    line = Line()
    line.mixer.take(b64(pattern(5, 100 * FRAME)))
    line.mixer.take(SendMark("0:1"))
    line.student(2)
    line.mixer.take(SendClear())
    line.mixer.take(MediaMark("0:1"))
    two = pattern(60, FRAME)
    line.mixer.take(b64(two))
    line.student(1)
    assert line.sides()[1][2 * FRAME :] == two


def test_a_wire_that_trembles_makes_no_gaps() -> None:
    line = Line()
    whole = b""
    for shaken in (0, 7, -9, 3, 12, 0):
        sound = pattern(len(whole), FRAME)
        line.ms += 20
        line.mixer.take(MediaFrame(b64(sound), line.ms + shaken))
        whole += sound
    assert line.sides()[0] == whole


@pytest.mark.parametrize(
    "frame",
    [
        MediaFrame(b64(b"late" * 40), 20),
        MediaFrame(b64(b"far " * 40), MAX_GAP),
        MediaFrame(b64(b"far " * 40), 10**30),
        MediaFrame("", 80),
        MediaFrame("A", 80),
        MediaFrame("✓", 80),
    ],
)
def test_a_frame_of_another_time_or_of_no_sound_is_left_out(frame: MediaFrame) -> None:
    line = Line()
    first = line.student(3)
    line.mixer.take(frame)
    second = line.student(1)
    assert line.sides()[0] == first + second


def test_nobody_is_recorded_before_they_could_hear_that_they_are() -> None:
    """The student's side is silent until the opening was heard whole."""
    line = Line(notice=1000 * FRAME)
    line.student(2)
    line.mixer.take(b64(pattern(0, 4 * FRAME)))
    line.student(4 + 15)
    kept = line.student(3)
    assert line.sides()[0] == quiet(21 * FRAME) + kept


def test_an_opening_that_was_cut_counts_once_so_much_was_said() -> None:
    line = Line(notice=6 * FRAME)
    line.mixer.take(b64(pattern(0, 50 * FRAME)))
    line.student(3)
    line.mixer.take(SendClear())
    line.student(40)
    line.mixer.take(b64(pattern(0, 50 * FRAME)))
    line.student(3)
    kept = line.student(3)
    assert line.sides()[0] == quiet(46 * FRAME) + kept


@given(st.lists(st.integers(0, 8), max_size=60), st.integers(1, 2000))
def test_both_sides_are_as_long_as_the_clock_whatever_passes(steps: list[int], size: int) -> None:
    line = Line()
    for step in steps:
        match step:
            case 0 | 1 | 2 | 3:
                line.student(step)
            case 4:
                line.mixer.take(b64(pattern(0, size)))
            case 5:
                line.mixer.take(SendClear())
            case 6:
                line.mixer.take(SendMark("m"))
            case 7:
                line.mixer.take(MediaMark("m"))
            case _:
                line.ms += 20
    left, right = line.sides()
    assert len(left) == len(right) == line.mixer.ms * 8
