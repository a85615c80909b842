"""The locked first sentence: what it replaces in a script, and when it counts as said."""

import pytest

from dialer.domain.compliance.disclosure import Disclosure, compose, own_words


@pytest.mark.parametrize(
    ("opening", "own"),
    [
        ("Hello there!", ""),
        ("Good day $greeting. Which course?", "Which course?"),
        ("Hello $greeting, about $course: which one?", "About $course: which one?"),
        ("Hello $greeting, this is AVA, the AI assistant of Acme. $notice I help: may I?", "I help: may I?"),
        ("नमस्ते $greeting, मैं AVA हूँ, Acme की AI असिस्टेंट। $notice आपका नाम?", "आपका नाम?"),
        ("Hello $greeting, main AVA hoon. Yeh call record ho rahi hai. Naam?", "Naam?"),
        ("Namaste $greeting, AVA here.", ""),
        ("Hello ${greeting}, this is AVA about your $course form.", "This is AVA about your $course form."),
        ("Hello, this is Priya. May I?", "This is Priya. May I?"),
        ("Hello from Acme!", "Hello from Acme!"),
        ("History or Hindi?", "History or Hindi?"),
        ("This is a good day to study. Is it?", "This is a good day to study. Is it?"),
    ],
)
def test_a_script_greets_and_introduces_nobody_a_second_time(opening: str, own: str) -> None:
    assert own_words(opening) == own


LOCKED = compose("One Window", "Asha", "english", ai=True, recorded=True)


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        (LOCKED.words, ""),
        (f"{LOCKED.words} What inspired you?", " What inspired you?"),
        ("hi asha this is ava an A.I. assistant calling from OneWindow, this call is being recorded", ""),
        ("Hello Asha, this is AVA calling from One Window. This call is recorded.", None),
        ("Hello Asha, this is AVA, an AI assistant calling from One Window.", None),
        ("Hello Asha, I am an AI assistant. This call is recorded.", None),
        ("The aim: One Window, recorded.", None),
        ("", None),
    ],
)
def test_all_of_the_facts_must_be_heard(said: str, rest: str | None) -> None:
    end = LOCKED.ends_at(said)
    assert (None if end is None else said[end:]) == rest


@pytest.mark.parametrize("speech", ["english", "hindi", "hinglish"])
@pytest.mark.parametrize("ai", [True, False])
@pytest.mark.parametrize("recorded", [True, False])
def test_the_whole_sentence_discloses_and_half_of_it_does_not(speech: str, ai: bool, recorded: bool) -> None:
    locked: Disclosure = compose('Acme "Study" $5', "", speech, ai=ai, recorded=recorded)  # type: ignore[arg-type]
    assert locked.ends_at(locked.words) == len(locked.words)
    assert locked.ends_at(locked.words[: len(locked.words) // 3]) is None
    assert 0 < locked.most_ms < 15_000
