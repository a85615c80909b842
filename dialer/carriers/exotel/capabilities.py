"""What Exotel can do, and how many calls an account may start."""

from dialer.carriers.port import Capabilities

PER_MINUTE = 200
"""Requests that an account may make; more by agreement with Exotel (§3.3)."""
CAPABILITIES = Capabilities(
    media_path="/exotel/media-stream",
    signs_webhooks=False,
    can_hang_up=False,
    can_cancel=False,
    detects_voicemail=False,
    can_leave_messages=False,
    can_transfer=False,
    lists_live_calls=False,
    max_lookups=5,
)
