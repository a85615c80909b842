"""Prices of the models that were known when the first schema was written; `dialer prices set` adds newer ones."""

from datetime import date

SINCE = date(2020, 1, 1)  # no earlier list is known
# USD for a million tokens of each kind (OpenAI's model pages, read in November 2026).
SPEECH = {
    ("gpt-realtime-2.1", "gpt-realtime-2"): (4.00, 0.40, 24.00, 32.00, 0.40, 64.00),
    ("gpt-realtime-1.5", "gpt-realtime"): (4.00, 0.40, 16.00, 32.00, 0.40, 64.00),
    ("gpt-realtime-2.1-mini", "gpt-realtime-mini"): (0.60, 0.06, 2.40, 10.00, 0.30, 20.00),
}
SPEECH_KINDS = ("text_in", "text_cached", "text_out", "audio_in", "audio_cached", "audio_out")
# USD for a million milliseconds: a minute's price / 60,000 * 1,000,000.
TRANSCRIPTION = {"gpt-transcribe": 0.075, "gpt-live-transcribe": 0.283333, "gpt-realtime-whisper": 0.283333}
TRANSCRIPTION_TOKENS = {"gpt-4o-transcribe": (2.50, 10.00), "gpt-4o-mini-transcribe": (1.25, 5.00)}


def known_prices() -> list[dict[str, object]]:
    """The prices known when this was written; `dialer prices set` adds newer ones."""
    known = [
        (model, kind, price)
        for models, listed in SPEECH.items()
        for model in models
        for kind, price in zip(SPEECH_KINDS, listed, strict=True)
    ]
    known += [(model, "transcribed_ms", price) for model, price in TRANSCRIPTION.items()]
    for model, (come_in, out) in TRANSCRIPTION_TOKENS.items():
        known += [(model, f"transcribed_{kind}_in", come_in) for kind in ("audio", "text")]
        known.append((model, "transcribed_text_out", out))
    where = "https://developers.openai.com/api/docs/models/"
    return [
        {"model": model, "kind": kind, "per_million": price, "since": SINCE, "source": where + model}
        for model, kind, price in known
    ]
