"""Sentences of pages."""

import pytest

from dialer.web.pages.template_filters import in_our_words, sentence, words


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


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("no_answer", "No answer"),
        ("busy", "Line busy"),
        ("SIP 486", "Line busy"),
        ("SIP 487", "No answer"),
        ("SIP 404", "Number not in service"),
        ("SIP 503", "Carrier error (SIP 503)"),
        ("SIP 418", "Call failed (SIP 418)"),
        ("machine_start", "Voicemail detected"),
        ("voicemail detected (machine_start)", "Voicemail detected"),
        ("a machine answered (fax)", "Fax machine detected"),
        ("a machine answered: 'leave a message'", "Voicemail detected: 'leave a message'"),
        ("voicemail detected (machine_end_other)", "Voicemail detected"),
        ("some_new_code", "Some new code"),
        ("wants to study in Canada_or UK", "wants to study in Canada_or UK"),
        ("mina@example.com", "mina@example.com"),
        ("", "–"),
        (None, "–"),
    ],
)
def test_a_stored_code_reads_as_its_meaning_and_free_text_stays(code: str | None, label: str) -> None:
    assert words(code) == label
