"""The pure parts of a cascade: sentences, what was heard of an answer, whose sound comes first, when the student speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.audio import ulaw
from dialer.audio.vad.webrtc import WebRtcVad
from dialer.simulator.people.speech import process_speech
from dialer.voices.pipeline.audio_queue import AudioQueue
from dialer.voices.pipeline.chat_history import (
    INSTRUCTED,
    AssistantEntry,
    ChatHistory,
    Sentence,
    SystemEntry,
    ToolCallEntry,
)
from dialer.voices.pipeline.sentence_splitter import MAX_CHARS, SentenceSplitter


def sentences(*pieces: str) -> list[str]:
    """What is given to a speaker, piece by piece."""
    made = SentenceSplitter()
    return [*(each for piece in pieces for each in made.take(piece)), *made.end()]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("Hello. How are you?",), ["Hello.", "How are you?"]),
        (("Hel", "lo", ". ", "How"), ["Hello.", "How"]),
        (("Your budget is 3.5 lakh. Good.",), ["Your budget is 3.5 lakh.", "Good."]),
        (
            ("Dr. Rao and Mrs. Sen meet you at 4 p.m. tomorrow.",),
            ["Dr. Rao and Mrs. Sen meet you at 4 p.m.", "tomorrow."],
        ),
        (("Ask for J. Smith. He knows.",), ["Ask for J. Smith.", "He knows."]),
        (("So do I. Shall we?",), ["So do I.", "Shall we?"]),
        (("Wait… what?! Really?",), ["Wait…", "what?!", "Really?"]),
        (("आप कैसे हैं। मैं ठीक हूँ।",), ["आप कैसे हैं।", "मैं ठीक हूँ।"]),
        (('She said "Yes." Then she left.',), ['She said "Yes."', "Then she left."]),
        (("First\nSecond\n\n",), ["First", "Second"]),
        (("- **Canada**\n- `Ireland`\n",), ["Canada", "Ireland"]),
        (("...", " ", "!!"), []),
        (("",), []),
    ],
)
def test_a_sentence_is_spoken_as_soon_as_it_is_whole(pieces: tuple[str, ...], expected: list[str]) -> None:
    assert sentences(*pieces) == expected


def test_the_first_sentence_does_not_wait_for_the_second() -> None:
    made = SentenceSplitter()
    assert made.take("Canada is a fine choice. And") == ["Canada is a fine choice."]
    assert made.take(" so is") == []
    assert made.end() == ["And so is"]


def test_a_sentence_without_an_end_is_spoken_in_parts_at_its_commas_or_its_words() -> None:
    made = SentenceSplitter()
    clause = "there are many universities in Canada, "
    parts = made.take(clause * 20)
    assert parts
    assert all(len(each) <= MAX_CHARS and each.endswith("Canada,") for each in parts)
    assert all(len(each) <= MAX_CHARS for each in SentenceSplitter().take("word " * 200))
    assert SentenceSplitter().take("x" * 500) == [], "a word is not parted"


@given(st.text(alphabet="ab1.?! \n", max_size=60), st.data())
def test_however_words_are_cut_into_pieces_the_same_words_are_spoken(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    letters = [each for each in "".join(sentences(*pieces)) if each.isalnum()]
    whole = [each for each in text if each.isalnum()]
    assert letters == whole


# -- what was heard --------------------------------------------------------------------------------------------------


def answered(history: ChatHistory, *parts: tuple[str, int], item: str = "a1") -> AssistantEntry:
    """An answer of sentences and their length in ms."""
    made = history.add_assistant(item)
    made.sentences = [Sentence(words, ms * 8) for words, ms in parts]
    made.response = object()
    return made


@pytest.mark.parametrize(
    ("heard_ms", "words", "cut"),
    [
        (0, "", True),
        (500, "One two", True),
        (1000, "One two three four.", True),
        (1250, "One two three four. Five six", True),
        (3000, "One two three four. Five six seven eight nine ten.", False),
        (9999, "One two three four. Five six seven eight nine ten.", False),
    ],
)
def test_an_answer_is_remembered_as_far_as_it_was_heard(heard_ms: int, words: str, cut: bool) -> None:
    history = ChatHistory()
    answer = answered(history, ("One two three four.", 1000), ("Five six seven eight nine ten.", 750))
    history.cut("a1", heard_ms)
    assert answer.words == words
    assert answer.cut is cut


def test_an_answer_of_which_nothing_was_heard_is_forgotten_but_not_what_it_did() -> None:
    history = ChatHistory()
    history.add_user("Hello.")
    answered(history, ("Good morning.", 500))
    did = answered(history, ("Let me see.", 500), item="a2")
    did.calls.append(ToolCallEntry("c", "native", "save_enquiry", "{}"))
    history.cut("a1", 0)
    history.cut("a2", 0)
    history.cut("nobody", 5)
    assert history.entries == [SystemEntry("Hello."), did]
    assert did.words == ""


def test_results_go_to_their_calls_and_those_of_nobody_are_told_in_words() -> None:
    history = ChatHistory()
    answer = answered(history)
    answer.calls += [ToolCallEntry("c1", "n1", "find_slots", "{}"), ToolCallEntry("c2", "n2", "save_enquiry", "{}")]
    assert history.waits_for_tools
    history.add_tool_result("c2", '{"saved":{}}')
    assert history.waits_for_tools
    history.add_tool_result("c1", '{"slots":[]}')
    assert not history.waits_for_tools
    assert answer.results == {"c1": '{"slots":[]}', "c2": '{"saved":{}}'}
    history.add_tool_result("lost", "{}")
    assert history.entries[-1] == SystemEntry(f"[{INSTRUCTED}a tool gave {{}}]")


def test_an_earlier_session_is_recalled_in_its_order() -> None:
    history = ChatHistory()
    history.replay("a0", "ava", "Hello, this is AVA.")
    history.replay("s0", "student", "Hello.")
    history.replay("s1", "student", "")
    history.replay_tool_call("t0", ToolCallEntry("c0", "c0", "save_enquiry", "{}"))
    history.add_tool_result("c0", "{}")
    first, second, third = history.entries
    assert isinstance(first, AssistantEntry)
    assert first.words == "Hello, this is AVA."
    assert second == SystemEntry("Hello.")
    assert isinstance(third, AssistantEntry)
    assert third.results == {"c0": "{}"}


# -- two sentences in the making -------------------------------------------------------------------------------------


def test_the_second_sentence_is_not_heard_before_the_first() -> None:
    order = AudioQueue(4)
    assert order.sound(5, b"b") == []
    assert order.sound(4, b"a") == [(4, b"a")]
    assert order.done(5) == []
    assert order.sound(3, b"old") == []
    assert order.done(4) == [(5, b"b")]
    assert order.sound(6, b"c") == [(6, b"c")]


@given(st.permutations([(n, part) for n in range(4) for part in range(3)]))
def test_whatever_comes_first_each_sentence_is_heard_whole_and_in_its_place(steps: list[tuple[int, int]]) -> None:
    order, heard, left = AudioQueue(0), list[tuple[int, bytes]](), dict.fromkeys(range(4), 3)
    for sentence, _ in steps:
        left[sentence] -= 1
        heard += order.sound(sentence, b"%d" % sentence)
        if not left[sentence]:
            heard += order.done(sentence)
    assert b"".join(sound for _, sound in heard) == b"000111222333"


# -- ears ------------------------------------------------------------------------------------------------------------

SPEECH = b"".join(process_speech().clip("I want to study data science in Canada.", "en").frames)
QUIET = ulaw.SILENCE_FRAME * 100


def turns(ears: WebRtcVad, sound: bytes, piece: int) -> tuple[list[str], bytes]:
    """What begins and ends in a sound that comes in pieces, and what a transcriber is given of it."""
    changes, given_sound = list[str](), bytearray()
    for at in range(0, len(sound), piece):
        took = ears.take(sound[at : at + piece])
        changes += ["began"] * took.began + ["ended"] * took.ended
        given_sound += took.sound
    return changes, bytes(given_sound)


@pytest.mark.parametrize("piece", [160, 320, 100, 800, 4001])
def test_a_student_speaks_from_the_first_word_to_the_pause_whatever_the_carrier_sends_at_once(piece: int) -> None:
    ears = WebRtcVad(0.5, 200, 500)
    changes, sound = turns(ears, QUIET + SPEECH + QUIET, piece)
    assert changes == ["began", "ended"]
    assert SPEECH.strip(b"\xff\x7f") in sound, "no word of it is lost"
    assert len(SPEECH) / 8 - 200 <= ears.end_ms - 2000 <= len(SPEECH) / 8 + 300


def test_a_short_pause_does_not_end_a_turn_and_a_long_one_does() -> None:
    for pause_ms, expected in ((300, ["began", "ended"]), (900, ["began", "ended", "began", "ended"])):
        pause = ulaw.SILENCE_FRAME * (pause_ms // 20)
        assert turns(WebRtcVad(0.5, 200, 500), QUIET + SPEECH + pause + SPEECH + QUIET, 160)[0] == expected


def test_a_quiet_line_says_nothing_and_costs_nothing() -> None:
    assert turns(WebRtcVad(0.5, 200, 500), QUIET * 5, 160) == ([], b"")


def test_a_click_is_no_speech() -> None:
    assert turns(WebRtcVad(0.5, 200, 500), QUIET + SPEECH[4000:4160] + QUIET, 160)[0] == []
