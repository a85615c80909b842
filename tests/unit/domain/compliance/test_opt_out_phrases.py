"""People who do not want to be called, people who only want to be called later, and machines."""

import pytest

from dialer.domain.compliance.opt_out_phrases import sounds_like_opt_out, sounds_like_voicemail

NEVER_AGAIN = [
    "don't call me again",
    "Please don't call me again.",
    "stop calling",
    "Stop calling me!",
    "remove my number",
    "take me off your list",
    "do not ring",
    "do not ring me",
    "unsubscribe",
    "mujhe call mat karo",
    "dobara call mat karna",
    "phone mat karo",
    "मुझे कॉल मत करो",
    "फोन मत करना",
    "मुझे दोबारा फ़ोन मत कीजिए",
    "don’t ever call me",
    "never call me again",
    "I told you not to call me",
    "I don't want any more calls",
    "I don't want you to call me",
    "please do not contact me again",
    "please remove me from your database",
    "put me on your do not call list",
    "I'm on the DND",
    "leave me alone",
    "not interested, don't call",
    "no don't call me",
    "lose my number",
    "please stop these calls",
    "I don't want to be called",
    "can you please not call me again",
    "call karna band karo",
    "mera number list se hata do",
    "number hata dijiye",
    "mujhe call nahi chahiye",
    "aaj ke baad call mat karna",
    "phir se call mat karna",
    "मुझे फिर कभी कॉल मत करना",
    "कॉल करना बंद करो",
    "मेरा नंबर हटा दो",
    "Don't call me. I will call you later",
    "don't call me again ever, don't call tomorrow",
    "please delete my number",
    "opt out",
    "Don't you dare call me again",
    "stop bothering me",
    "aage se phone mat karna",
    "mat call karo",
    "you people stop calling me",
    "don't disturb me",
    "Do not call this number",
    "mujhe pareshan mat karo",
    "from now on don't call me",
    "Don't call me after this",
    "call mat karna mujhe",
    "I no longer want calls",
    "Please quit calling",
    "call na karein",
    "आगे से फोन मत कीजिएगा",
    "bas, ab call mat karna",
]
NOT_NOW = [
    "don't call me now, call tomorrow",
    "call me later",
    "abhi mat karo, kal karna",
    "I can't stop calling my friend",
    "Don't call me right now",
    "don't call me today please",
    "abhi call mat karo, kal karna",
    "अभी कॉल मत करो, कल करना",
    "please call me tomorrow",
    "don't call before six",
    "don't call me at work",
    "I don't call my parents much",
    "you never call me back",
    "why don't you call me tomorrow",
    "don't hesitate to call me",
    "don't forget to call me",
    "call karna mat bhoolna",
    "they don't call me",
    "maine call nahi kiya",
    "main call nahi karna chahta",
    "if you don't call me tomorrow I will join another",
    "I am not interested",
    "no thank you",
    "hello",
    "don't call it a day",
    "can you call me on Monday",
    "phone mat kaatna",
    "please stop calling me in the morning, call in the evening",
    "don't call me now call me tomorrow",
    "abhi busy hoon baad mein call karna",
    "remove Canada from my list",
    "I want to study data science",
    "don't call me until Monday",
    "kal call karna",
    "please do not hang up",
    "I'd like to call my father first",
    "take my number down",
    "don't stop calling me",
    "stop, let me speak",
    "please don't ring after 9",
    "shaam ko call mat karna, subah karna",
    "my parents never call me",
    "don't text, call me later",
    "I don't want to call",
]
MACHINES = [
    "please leave a message",
    "Please leave your message after the tone.",
    "after the beep",
    "at the tone please record your message",
    "The person you are calling is not available",
    "the person you're calling",
    "is not available",
    "The subscriber you have dialed is not reachable",
    "your call has been forwarded to voicemail",
    "mailbox is full",
    "The mailbox is full and cannot accept messages",
    "you have reached the voicemail of Rahul",
    "Hi, this is Priya, I can't come to the phone right now, leave a message",
    "The number you have dialed is switched off",
    "the customer you are trying to reach is busy",
    "You've reached Rahul",
    "aap jis vyakti ko call kar rahe hain",
    "आप जिस व्यक्ति से संपर्क करना चाहते हैं",
    "जिस नंबर पर आप कॉल कर रहे हैं वह स्विच ऑफ है",
    "your call has been forwarded to an automatic voice message system",
    "leave your name and number",
    "Please state your name after the tone",
    "At the tone, please record your message. When you have finished recording you may hang up",
    "is currently unavailable",
]
PEOPLE = [
    "he is not available",
    "my son is not available right now",
    "Rahul is not available, who is this",
    "I'm not available now, call later",
    "can I leave a message for the counselor",
    "is this a voicemail?",
    "hello who is this",
    "I will leave a message to my father",
    "my phone was switched off yesterday",
    "are you a machine",
    "I'm busy",
    "she is not available to talk",
    "yes speaking",
    "what message",
    "I have mail from you",
    "should I leave my job",
]


@pytest.mark.parametrize("words", NEVER_AGAIN)
def test_a_wish_never_to_be_called_again_is_heard(words: str) -> None:
    assert sounds_like_opt_out(words)


@pytest.mark.parametrize("words", NOT_NOW)
def test_a_wish_for_another_time_or_about_somebody_else_is_no_opt_out(words: str) -> None:
    assert not sounds_like_opt_out(words)


@pytest.mark.parametrize("words", MACHINES)
def test_a_machine_is_told_by_its_announcement(words: str) -> None:
    assert sounds_like_voicemail(words)


@pytest.mark.parametrize("words", PEOPLE)
def test_a_person_who_speaks_of_machines_is_a_person(words: str) -> None:
    assert not sounds_like_voicemail(words)


@pytest.mark.parametrize("words", ["", " ", "...", "?!", "मैं कनाडा जाना चाहता हूँ", "haan ji boliye"])
def test_silence_and_small_talk_are_neither(words: str) -> None:
    assert not sounds_like_opt_out(words)
    assert not sounds_like_voicemail(words)


def test_an_opt_out_in_the_middle_of_a_turn_is_heard() -> None:
    assert sounds_like_opt_out("Okay, listen. I am in a meeting and please don't call me again. Bye.")
    assert sounds_like_opt_out("NO!! DON’T CALL ME AGAIN")
