"""The parts of a pipeline that are tested together: every STT and TTS at least once, and every LLM provider."""

PARTS = [("deepgram", "deepgram"), ("flux", "elevenlabs"), ("elevenlabs", "openai"), ("openai", "deepgram")]
TEXTS = ["anthropic", "gemini", "cohere", "huggingface", "openai"]
