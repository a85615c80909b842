"""The items of one session and what they cost (openai-realtime.md §3.1, §4.1)."""

from typing import Any

from dialer.simulator.realtime.checks import EventError

Item = dict[str, Any]


class Conversation:
    """Items in order, with the milliseconds of sound generated or heard for each."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self._items: list[Item] = []
        self._sound_ms: dict[str, float] = {}
        self._cached = (0, 0)

    def last_id(self) -> str | None:
        """The newest item."""
        return self._items[-1]["id"] if self._items else None

    def get(self, item_id: str) -> Item:
        """An item by id. Raises EventError."""
        for item in self._items:
            if item["id"] == item_id:
                return item
        raise EventError("item_not_found", f"Item with item_id '{item_id}' does not exist.", "item_id")

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item behind `after` (`root` is the front, None the end); hands back the id before it."""
        if any(known["id"] == item["id"] for known in self._items):
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
        """The id in front of an item."""
        place = self._items.index(self.get(item_id))
        return self._items[place - 1]["id"] if place else None

    def delete(self, item_id: str) -> None:
        """Take an item out. Raises EventError."""
        self._items.remove(self.get(item_id))

    def note_sound(self, item_id: str, ms: float) -> None:
        """Say how much sound an item has."""
        self._sound_ms[item_id] = ms

    def sound_ms(self, item_id: str) -> float:
        """How much sound an item has."""
        return self._sound_ms.get(item_id, 0.0)

    def call(self, call_id: str) -> Item:
        """A function call by its call_id. Raises EventError."""
        for item in self._items:
            if item["type"] == "function_call" and item["call_id"] == call_id:
                return item
        raise EventError("invalid_tool_call_id", f"Tool call ID '{call_id}' not found in conversation.", "item.call_id")

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> str:
        """Cut an assistant's sound; its words are gone (§5). Raises EventError; hands back the words it had."""
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
        """Words that the client put in as the last message of the user and nobody has answered."""
        if not self._items:
            return None
        last = self._items[-1]
        if last["type"] != "message" or last["role"] != "user":
            return None
        texts = [part["text"] for part in last["content"] if part["type"] == "input_text"]
        return " ".join(texts) or None

    def usage(self, setup_text: str, output_text: str, output_ms: float) -> dict[str, Any]:
        """Tokens of one response: the whole context again, the part seen last time from the cache (§4.1)."""
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
