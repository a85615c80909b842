"""Messages as a broken, hostile or newer peer would send them: the documented ones, damaged by a seeded random."""

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

ODD: Sequence[Any] = (
    None, True, -1, 0, 1e308, 2**63, "", "\0", "x" * 5000, "½", [], {}, [[]], {"a": {"b": []}}, "1e9", "-5", "NaN", "٣",
)  # fmt: skip
JUNK = (b"", b"{}", b"[]", b"null", b'"x"', b"{" * 500, b"\xff\xfe", b'{"event":', b'{"type":"error"}', b" \n")


def mutate(random: Random, messages: Sequence[Any]) -> bytes:
    """One message, as documented (one time in five) or with one to three things wrong with it."""
    message = json.loads(json.dumps(random.choice(messages)))
    if random.random() < 0.2:
        return json.dumps(message).encode()
    for _ in range(random.randint(1, 3)):
        message = _damage(random, message, messages)
    raw = json.dumps(message, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return raw if random.random() < 0.8 else _tear(random, raw)


def _damage(random: Random, value: Any, messages: Sequence[Any]) -> Any:
    """Somewhere below, a key is lost, a value exchanged, something added or taken from another message."""
    if not isinstance(value, (dict, list)) or not value or random.random() < 0.1:
        return deepcopy(random.choice(ODD))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = random.choice(keys)
    match random.randint(0, 5):
        case 0:
            del value[key]
        case 1:
            value[key] = deepcopy(random.choice(ODD))
        case 2 if isinstance(value, dict):
            other = deepcopy(random.choice(messages))
            value.update(other if isinstance(other, dict) else {})
        case 3 if isinstance(value, dict):
            value[str(random.choice(ODD))] = value.pop(key)
        case _:
            value[key] = _damage(random, value[key], messages)
    return value


def _tear(random: Random, raw: bytes) -> bytes:
    """Bytes lost, doubled, flipped, or none of the message at all."""
    at = random.randrange(len(raw) + 1)
    match random.randint(0, 4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + raw[max(0, at - 20) :]
        case 2 if raw:
            torn = bytearray(raw)
            for _ in range(random.randint(1, 8)):
                torn[random.randrange(len(torn))] ^= 1 << random.randrange(8)
            return bytes(torn)
        case 3:
            return raw + random.choice(JUNK)
        case _:
            return random.choice(JUNK)
