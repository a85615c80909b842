"""What options may be, where the modules that define it take long to load; a test compares each with its origin."""

CARRIERS = ("twilio", "exotel")
VOICES = (
    "openai_realtime",
    "gemini_live",
    "cascade_anthropic",
    "cascade_gemini",
    "cascade_cohere",
    "cascade_huggingface",
    "cascade_openai",
)
SHEETS = ("leads", "calls", "bookings", "transcripts")
FORMATS = ("csv", "xlsx")
NOISE_REDUCTIONS = ("near_field", "far_field")
VAD_KINDS = ("server_vad", "semantic_vad")
VAD_EAGERNESS = ("low", "medium", "high", "auto")
MACHINE_CHOICES = ("off", "hang_up", "leave_message")
MAX_LEADS = 500
"""How many leads a rehearsal takes at most."""
SHIPPED = "ava"
"""The script that every database has."""
NOTHING = "none"
"""Chosen for an option of a script: that of the settings."""
LIMITS = {
    "slot_minutes": (5, 480),
    "notice_minutes": (0, 20160),
    "buffer_before_minutes": (0, 240),
    "buffer_after_minutes": (0, 240),
    "max_per_day": (0, 100),
}
"""Of a counselor's numbers."""
