"""F52: machines that answer a phone, told by what they say; and people who only speak of them."""

import pytest

from dialer.domain.compliance.voicemail_phrases import sounds_like_voicemail_greeting
from dialer.simulator.people.students import BY_ENDING, LINES

MACHINES = [
    "Please leave a message after the tone.",
    "You have reached the voicemail of this number. Please leave a message after the beep.",
    "after the tone",
    "Press 1 for admissions, press 2 for fees.",
    "For English press one.",
    "To speak to an operator, press zero or stay on the line.",
    "Please state your name.",
    "Hi, if you record your name and reason for calling, I'll see if this person is available.",
    "The person you're calling is using a screening service from Google.",
    "Go ahead and say your name, and why you're calling.",
    "Please stay on the line while I try to connect you.",
    "Your call is important to us. Please hold.",
    "All of our agents are busy.",
    "Please enter the extension number.",
    "Hindi ke liye do dabaye, English ke liye ek dabaye",
    "Angrezi ke liye 1 dabaiye",
    "beep ke baad apna sandesh chhodiye",
    "kripya apna message chod dijiye",
    "is samay sabhi lines vyast hain, kripya thodi der baad prayas karein",
    "aapne jo number dial kiya hai, dial kiya gaya number vyast hai",
    "aap jis vyakti ko call kar rahe hain woh abhi uplabdh nahi hai",
    "जिस व्यक्ति को आप कॉल कर रहे हैं वह अभी उपलब्ध नहीं है",
    "हिंदी के लिए एक दबाएं",
    "टोन के बाद अपना संदेश रिकॉर्ड करें",
    "कृपया बीप के बाद संदेश छोड़ें",
]
PEOPLE = [
    "Hello?",
    "Yes, this is Asha. Tell me your name?",
    "What is your name?",
    "I pressed 1 but nothing happened.",
    "Should I press one?",
    "Did you press 1?",
    "Can I leave a message for the counselor?",
    "Is this a voicemail?",
    "My call was recorded?",
    "I am not available now, call me later.",
    "I work for a bank, one more thing.",
    "Press on with it, please.",
    "I have two options, Canada or Germany.",
    "Give me one minute.",
    "I want to study journalism, I work at the press.",
    "mera naam Rahul hai",
    "abhi main vyast hoon",
    "ek minute rukiye",
    "do din baad call karna",
    "mujhe message kar do",
    "मैं अभी व्यस्त हूँ, बाद में फोन कीजिए",
    "मुझे कनाडा जाना है",
    "Tell me your name and why you are calling.",
    "First give your name and company.",
    "kripya thodi der baad call kijiye",
    "please WhatsApp message de dijiye",
    "main abhi uplabdh nahi hoon, baad mein call karna",
    "Stop calling me.",
    "",
]


@pytest.mark.parametrize("words", MACHINES)
def test_a_mailbox_a_menu_or_a_screener_is_told_by_its_words(words: str) -> None:
    assert sounds_like_voicemail_greeting(words)


@pytest.mark.parametrize("words", PEOPLE)
def test_a_person_is_not_taken_for_a_machine(words: str) -> None:
    assert not sounds_like_voicemail_greeting(words)


def test_no_student_of_the_simulated_world_is_taken_for_a_machine_but_the_mailbox() -> None:
    mailbox = [line.text for line in BY_ENDING["4"].lines]
    assert [text for text in LINES if sounds_like_voicemail_greeting(text)] == mailbox
