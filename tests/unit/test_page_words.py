"""Sentences of pages."""

import pytest

from dialer.web.pages.template_filters import in_our_words, sentence


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("choose a file first", "Choose a file first"),
        ("email: please fill this in", "Email: please fill this in"),
        ("'foo': this is not a phone number", "'foo': this is not a phone number"),
        ("photo.csv is empty", "photo.csv is empty"),
        ("mina@example.com already has an account", "mina@example.com already has an account"),
        ("the call to Ms Rao ended", "The call to Ms Rao ended"),
        ("", ""),
    ],
)
def test_a_message_begins_with_a_capital_and_user_input_keeps_its_case(says: str, shown: str) -> None:
    assert sentence(says) == shown
    assert in_our_words(says) is (says != shown), "the style sheet capitalises only these"
