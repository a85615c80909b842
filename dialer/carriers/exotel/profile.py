"""What Exotel can do, and how many calls an account may start."""

from dialer.carriers.port import Profile

PER_MINUTE = 200
"""Requests that an account may make; more by agreement with Exotel (§3.3)."""
PROFILE = Profile(
    media_path="/exotel/media-stream",
    signs=False,
    hangs_up=False,
    cancels=False,
    detects_machines=False,
    leaves_messages=False,
    hands_over=False,
    lists_live_calls=False,
    most_looks=5,
)
