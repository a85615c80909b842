"""What is sent to speakers and what their messages mean (speech.md §§3 and 4)."""

import json
from base64 import b64encode
from random import Random
from typing import Any

import pytest

from dialer.voices.pipeline.port import Fault, Message, SentenceDone, SpeechAudio, TtsEvent, TtsProtocol
from dialer.voices.pipeline.tts import deepgram, elevenlabs
from tests.support.mutation import mutate


def reads(speaker: TtsProtocol, *messages: dict[str, Any] | bytes) -> list[TtsEvent]:
    """What messages say."""
    raw = [each if isinstance(each, bytes) else json.dumps(each) for each in messages]
    return [event for each in raw for event in speaker.decode(each)]


def objects(messages: Any) -> list[dict[str, Any]]:
    """Messages, read."""
    return [json.loads(each) for each in messages]


def test_aura_is_asked_for_headerless_phone_sound() -> None:
    address = deepgram.endpoint("https://tts.example.com", "k", "aura-2-helena-en")
    assert address.url == "wss://tts.example.com/v1/speak?model=aura-2-helena-en&encoding=mulaw&sample_rate=8000"
    assert address.headers == {"Authorization": "Token k"}


def test_aura_s_sound_belongs_to_the_oldest_sentence_that_was_not_flushed() -> None:
    speaker = deepgram.Deepgram("aura-2-helena-en")
    assert objects(speaker.speak(7, "Hello.")) == [{"type": "Speak", "text": "Hello."}, {"type": "Flush"}]
    speaker.speak(8, "How are you?")
    said = reads(speaker, {"type": "Metadata"}, b"a", b"b", {"type": "Flushed", "sequence_id": 0}, b"c", b"")
    assert said == [SpeechAudio(7, b"a"), SpeechAudio(7, b"b"), SentenceDone(7), SpeechAudio(8, b"c")]
    assert reads(speaker, {"type": "Flushed", "sequence_id": 1}) == [SentenceDone(8)]
    assert reads(speaker, {"type": "Flushed", "sequence_id": 2}, b"d") == []


def test_aura_s_sound_after_an_interruption_is_dropped_until_it_says_cleared() -> None:
    speaker = deepgram.Deepgram("aura-2-helena-en")
    speaker.speak(1, "Hello.")
    assert objects(speaker.stop()) == [{"type": "Clear"}]
    speaker.speak(2, "Yes?")
    assert reads(speaker, b"late", {"type": "Flushed", "sequence_id": 0}, b"later") == []
    assert reads(speaker, {"type": "Cleared", "sequence_id": 0}, b"new") == [SpeechAudio(2, b"new")]
    assert reads(speaker, {"type": "Flushed", "sequence_id": 1}) == [SentenceDone(2)]
    assert speaker.stop() == (), "nothing is in the making"


def test_aura_s_warning_is_not_its_end_and_its_error_is() -> None:
    speaker = deepgram.Deepgram("aura-2-helena-en")
    assert reads(speaker, {"type": "Warning", "code": "W", "description": "long"}) == []
    said = reads(speaker, {"type": "Error", "code": "E", "description": "no"})
    assert said == [Fault("E", "no", renewable=True)]
    assert objects(speaker.bye()) == [{"type": "Close"}]


def test_elevenlabs_is_asked_for_headerless_phone_sound_of_a_voice() -> None:
    address = elevenlabs.endpoint("http://127.0.0.1:1/elevenlabs", "k", "voice1", "eleven_flash_v2_5")
    assert address.url == (
        "ws://127.0.0.1:1/elevenlabs/v1/text-to-speech/voice1/multi-stream-input?model_id=eleven_flash_v2_5"
        "&output_format=ulaw_8000&auto_mode=true&inactivity_timeout=170"
    )
    assert address.headers == {"xi-api-key": "k"}


@pytest.mark.parametrize(("speed", "sent"), [(1.0, 1.0), (0.25, 0.7), (1.5, 1.2)])
def test_elevenlabs_opens_a_context_for_each_sentence_and_closes_it_at_once(speed: float, sent: float) -> None:
    speaker = elevenlabs.ElevenLabs("eleven_flash_v2_5", speed)
    assert objects(speaker.speak(3, "Hello.")) == [
        {
            "text": " ",
            "context_id": "s3",
            "voice_settings": {"stability": 0.5, "similarity_boost": 0.8, "speed": sent},
        },
        {"text": "Hello. ", "context_id": "s3"},
        {"context_id": "s3", "flush": True},
        {"context_id": "s3", "close_context": True},
    ]


def piece(context: str, sound: bytes | None = None, *, final: bool | None = None) -> dict[str, Any]:
    audio = b64encode(sound).decode() if sound else None
    return {"audio": audio, "contextId": context, "isFinal": final, "alignment": None}


def test_elevenlabs_sound_is_told_by_its_context_whichever_comes_first() -> None:
    speaker = elevenlabs.ElevenLabs("eleven_flash_v2_5")
    speaker.speak(3, "Hello.")
    speaker.speak(4, "How are you?")
    said = reads(speaker, piece("s4", b"b"), piece("s3", b"a"), piece("s3", final=True), piece("s4", b"c", final=True))
    assert said == [SpeechAudio(4, b"b"), SpeechAudio(3, b"a"), SentenceDone(3), SpeechAudio(4, b"c"), SentenceDone(4)]


def test_elevenlabs_sound_of_a_context_that_is_not_wanted_is_dropped() -> None:
    speaker = elevenlabs.ElevenLabs("eleven_flash_v2_5")
    speaker.speak(3, "Hello.")
    assert speaker.stop() == ()
    speaker.speak(4, "Yes?")
    late = (piece("s3", b"a"), piece("s3", final=True), piece("s99", b"x"), piece("other", b"x"))
    assert reads(speaker, *late, piece("s4", b"b")) == [SpeechAudio(4, b"b")]


def test_elevenlabs_complaint_ends_the_session() -> None:
    speaker = elevenlabs.ElevenLabs("eleven_flash_v2_5")
    said = reads(speaker, {"error": "quota_exceeded", "message": "no money", "code": 1008})
    assert said == [Fault("quota_exceeded", "no money", renewable=True)]
    assert objects(speaker.idle()) == [{"text": ""}], "a keep-alive that names a context would open it"
    assert objects(speaker.bye()) == [{"close_socket": True}]


def test_no_damaged_message_breaks_a_speaker() -> None:
    random = Random(6)
    documented = [piece("s1", b"a", final=True), {"type": "Flushed"}, {"type": "Cleared"}, {"error": "x"}]
    every: list[TtsProtocol] = [deepgram.Deepgram("m"), elevenlabs.ElevenLabs("m")]
    for n in range(3000):
        raw = mutate(random, documented)
        message: Message = raw if random.random() < 0.5 else raw.decode("utf-8", "replace")
        for each in every:
            if n % 10 == 0:
                each.stop()
            each.speak(n, "Hello.")
            for event in each.decode(message):
                assert isinstance(event, (Fault, SpeechAudio, SentenceDone))
