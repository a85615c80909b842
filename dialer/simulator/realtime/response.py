"""A response in progress, and its `realtime.response` object."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dialer.simulator.realtime.conversation import Conversation, Item


@dataclass(slots=True)
class Response:
    """A response in progress."""

    id: str
    request: Mapping[str, Any]
    config: Mapping[str, Any]
    in_conversation: bool
    output: list[Item] = field(default_factory=list)
    text: str = ""
    sound_ms: float = 0.0
    cut_short: str | None = None
    status: str = "in_progress"
    details: dict[str, Any] | None = None

    def setting(self, key: str) -> Any:
        """Return a setting of the response, else of the session."""
        return self.request[key] if key in self.request else self.config[key]

    @property
    def speaks(self) -> bool:
        """Whether the output is audio, not text only."""
        return bool(self.setting("output_modalities") == ["audio"])

    @property
    def output_format(self) -> dict[str, Any]:
        """The audio format of this response."""
        own: dict[str, Any] = self.request.get("audio", {}).get("output", {}).get("format")
        return own or dict(self.config["audio"]["output"]["format"])

    def to_json(self, conversation: Conversation) -> dict[str, Any]:
        """Return the `realtime.response` object."""
        usage: dict[str, Any] | None = None
        if self.status == "failed":
            usage = {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0}
        elif self.status != "in_progress":
            setup = str(self.setting("instructions")) + json.dumps(self.setting("tools"))
            usage = conversation.usage(setup, self.text, self.sound_ms)
        output = {"format": self.output_format, "voice": self.config["audio"]["output"]["voice"]}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self.status,
            "status_details": self.details,
            "output": [copied(item) for item in self.output],
            "conversation_id": conversation.id if self.in_conversation else None,
            "output_modalities": self.setting("output_modalities"),
            "max_output_tokens": self.setting("max_output_tokens"),
            "audio": {"output": output},
            "usage": usage,
            "metadata": self.request.get("metadata"),
        }


def copied(item: Item) -> Item:
    """Return a snapshot of an item, to be sent."""
    return {**item, "content": list(item["content"])} if "content" in item else dict(item)
