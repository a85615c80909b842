"""The conversation items of one session, and the token usage of its responses."""

from typing import Any

from dialer.simulator.realtime.checks import EventError

Item = dict[str, Any]


class Conversation:
    """Items in order, with the milliseconds of audio generated or heard for each."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self._items: list[Item] = []
        self._sound_ms: dict[str, float] = {}
        self._cached = (0, 0)

    def last_id(self) -> str | None:
        """Return the id of the newest item."""
        return self._items[-1]["id"] if self._items else None

    def get(self, item_id: str) -> Item:
        """Return an item by id. Raises EventError."""
        for item in self._items:
            if item["id"] == item_id:
                return item
        raise EventError("item_not_found", f"Item with item_id '{item_id}' does not exist.", "item_id")

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Insert an item after `after` (`root` is the front, None the end); return the id of the item before it."""
        if any(existing["id"] == item["id"] for existing in self._items):
            raise EventError("invalid_value", f"Item '{item['id']}' already exists.", "item.id")
        if after is None:
            place = len(self._items)
        elif after == "root":
            place = 0
        else:
            place = self._items.index(self.get(after)) + 1
        self._items.insert(place, item)
        return self._items[place - 1]["id"] if place else None

    def before(self, item_id: str) -> str | None:
        """Return the id of the item before this one."""
        place = self._items.index(self.get(item_id))
        return self._items[place - 1]["id"] if place else None

    def delete(self, item_id: str) -> None:
        """Delete an item. Raises EventError."""
        self._items.remove(self.get(item_id))

    def note_sound(self, item_id: str, ms: float) -> None:
        """Set the duration of an item's audio."""
        self._sound_ms[item_id] = ms

    def sound_ms(self, item_id: str) -> float:
        """Return the duration of an item's audio."""
        return self._sound_ms.get(item_id, 0.0)

    def call(self, call_id: str) -> Item:
        """Return a function call by its call_id. Raises EventError."""
        for item in self._items:
            if item["type"] == "function_call" and item["call_id"] == call_id:
                return item
        raise EventError("invalid_tool_call_id", f"Tool call ID '{call_id}' not found in conversation.", "item.call_id")

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> str:
        """Truncate an assistant item's audio and delete its transcript; return the former one. Raises EventError."""
        item = self.get(item_id)
        if item["type"] != "message" or item["role"] != "assistant":
            raise EventError("invalid_value", "Only model output audio messages can be truncated", "item_id")
        if content_index != 0 or (item["content"] and item["content"][0]["type"] != "output_audio"):
            raise EventError("invalid_value", f"Content part {content_index} is not audio", "content_index")
        generated = int(self.sound_ms(item_id))
        if audio_end_ms > generated:
            raise EventError(
                "invalid_value",
                f"Audio content of {generated}ms is already shorter than {audio_end_ms}ms",
                "audio_end_ms",
            )
        words = item["content"][0]["transcript"] if item["content"] else ""
        self._sound_ms[item_id] = float(audio_end_ms)
        item["content"] = [{"type": "output_audio", "transcript": None}]
        return words or ""

    def unanswered_text(self) -> str | None:
        """Return the text of the last item if it is a user message that the client created."""
        if not self._items:
            return None
        last = self._items[-1]
        if last["type"] != "message" or last["role"] != "user":
            return None
        texts = [part["text"] for part in last["content"] if part["type"] == "input_text"]
        return " ".join(texts) or None

    def usage(self, setup_text: str, output_text: str, output_ms: float) -> dict[str, Any]:
        """Return the token usage of a response: the whole context is input, and what was seen before is cached."""
        text = len(setup_text) // 4 + sum(_text_tokens(item) for item in self._items)
        sound = int(sum(self._sound_ms.get(item["id"], 0.0) for item in self._items) / 100)
        cached_text = min(text, self._cached[0]) // 64 * 64
        cached_sound = min(sound, self._cached[1]) // 64 * 64
        self._cached = (text, sound)
        out_text, out_sound = len(output_text) // 4 + 1, int(output_ms / 50)
        return {
            "total_tokens": text + sound + out_text + out_sound,
            "input_tokens": text + sound,
            "output_tokens": out_text + out_sound,
            "input_token_details": {
                "text_tokens": text,
                "audio_tokens": sound,
                "image_tokens": 0,
                "cached_tokens": cached_text + cached_sound,
                "cached_tokens_details": {
                    "text_tokens": cached_text,
                    "audio_tokens": cached_sound,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": out_text, "audio_tokens": out_sound},
        }


def _text_tokens(item: Item) -> int:
    if item["type"] != "message":
        return (len(item.get("arguments") or "") + len(item.get("output") or "")) // 4 + 8
    return sum(len(part.get("text") or part.get("transcript") or "") // 4 + 2 for part in item["content"])
