"""What Twilio can do, apart from its SDK, which takes long to load."""

from dialer.carriers.port import Capabilities

CAPABILITIES = Capabilities(media_path="/media-stream")
