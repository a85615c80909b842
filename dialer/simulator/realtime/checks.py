"""Strict validators of JSON values: the first problem is raised as an OpenAI Realtime `error` event."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Check = Callable[[Any, str], None]


class EventError(Exception):
    """An invalid client event, with the code, message and parameter of the `error` event to send."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def an_object(known: Mapping[str, Check], required: Collection[str] = ()) -> Check:
    """Accept an object with only the known keys, including all required ones."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        for key in value:
            if key not in known:
                raise EventError("unknown_parameter", f"Unknown parameter: '{path}.{key}'.", f"{path}.{key}")
        for key in required:
            if key not in value:
                raise missing(f"{path}.{key}")
        for key, inner in value.items():
            known[key](inner, f"{path}.{key}")

    return check


def by_type(kinds: Mapping[str, Check]) -> Check:
    """Accept an object whose `type` selects the validator."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        if "type" not in value:
            raise missing(f"{path}.type")
        if value["type"] not in kinds:
            raise bad_value(f"{path}.type", value["type"], kinds)
        kinds[value["type"]](value, path)

    return check


def a_list(inner: Check, most: int | None = None) -> Check:
    """Accept a list of up to `most` items that pass `inner`."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        if most is not None and len(value) > most:
            raise EventError("invalid_value", f"Invalid '{path}': too long. At most {most} expected.", path)
        for place, item in enumerate(value):
            inner(item, f"{path}[{place}]")

    return check


def or_null(inner: Check) -> Check:
    """Accept null, or a value that passes `inner`."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def either(*checks: Check) -> Check:
    """Accept a value that passes any of the checks; otherwise raise the error of the last one."""

    def check(value: Any, path: str) -> None:
        for inner in checks[:-1]:
            try:
                return inner(value, path)
            except EventError:
                continue
        return checks[-1](value, path)

    return check


def one_of(*allowed: Any) -> Check:
    """Accept one of these constants."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, (dict, list)) or value not in allowed:
            raise bad_value(path, value, allowed)

    return check


def a_number(least: float, most: float) -> Check:
    """Accept a number in an inclusive range."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong_type(path, "a number", value)
        if not least <= value <= most:
            raise EventError("invalid_value", f"Invalid '{path}': {value} is not between {least} and {most}.", path)

    return check


def an_integer(least: int, most: int) -> Check:
    """Accept an integer in an inclusive range."""
    in_range = a_number(least, most)

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(path, "an integer", value)
        in_range(value, path)

    return check


def a_string(pattern: str | None = None) -> Check:
    """Accept a string that fully matches `pattern`, if given."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(path, "a string", value)
        if pattern is not None and not re.fullmatch(pattern, value):
            raise EventError("invalid_value", f"Invalid '{path}': does not match {pattern}.", path)

    return check


def a_bool(value: Any, path: str) -> None:
    """Accept a boolean."""
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean", value)


def anything(_value: Any, _path: str) -> None:
    """Accept any value."""


def a_json_object(value: Any, path: str) -> None:
    """Accept any object."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)


def missing(path: str) -> EventError:
    """Return the error for a missing parameter."""
    return EventError("missing_required_parameter", f"Missing required parameter: '{path}'.", path)


def wrong_type(path: str, expected: str, value: Any) -> EventError:
    """Return the error for a value of the wrong type."""
    return EventError("invalid_type", f"Invalid type for '{path}': expected {expected}, but got {value!r:.60}.", path)


def bad_value(path: str, value: Any, allowed: Collection[Any]) -> EventError:
    """Return the error for a value that is not allowed."""
    supported = ", ".join(repr(choice) for choice in allowed)
    return EventError("invalid_value", f"Invalid value: {value!r:.60}. Supported values are: {supported}.", path)
