"""What Twilio can do, apart from its SDK, which takes long to load."""

from dialer.carriers.port import Profile

PROFILE = Profile(media_path="/media-stream")
