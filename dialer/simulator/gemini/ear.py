"""The audio input of Gemini Live: 16 kHz PCM, turn detection and recognition."""

from collections.abc import Mapping
from typing import Any

from dialer.simulator.people import stt
from dialer.simulator.people.speech import Speech

RATE = 16_000


class GeminiAudioInput(stt.SimulatedStt):
    """Turns 16 kHz PCM into turns. `detection` is the session's `automaticActivityDetection`."""

    def __init__(self, speech: Speech, detection: Mapping[str, Any]) -> None:
        super().__init__(
            speech,
            "linear16",
            RATE,
            {
                "prefix_padding_ms": detection.get("prefixPaddingMs", 100),
                "silence_duration_ms": detection.get("silenceDurationMs", 500),
            },
        )
