"""Strict checks of JSON shapes: a value passes whole, or its first fault is raised (openai-realtime.md §6)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Check = Callable[[Any, str], None]


class EventError(Exception):
    """An `error` event to come: code, words and the parameter at fault."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def an_object(known: Mapping[str, Check], required: Collection[str] = ()) -> Check:
    """An object with these keys and no other."""

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
    """An object whose `type` picks the shape."""

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
    """A list of one kind."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        if most is not None and len(value) > most:
            raise EventError("invalid_value", f"Invalid '{path}': too long. At most {most} expected.", path)
        for place, each in enumerate(value):
            inner(each, f"{path}[{place}]")

    return check


def or_null(inner: Check) -> Check:
    """The value, or null."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def either(*checks: Check) -> Check:
    """A value that passes one of the checks; the last one's fault is told."""

    def check(value: Any, path: str) -> None:
        for inner in checks[:-1]:
            try:
                return inner(value, path)
            except EventError:
                continue
        return checks[-1](value, path)

    return check


def one_of(*allowed: Any) -> Check:
    """One of these constants."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, (dict, list)) or value not in allowed:
            raise bad_value(path, value, allowed)

    return check


def a_number(least: float, most: float) -> Check:
    """A number in a range, both ends included."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong_type(path, "a number", value)
        if not least <= value <= most:
            raise EventError("invalid_value", f"Invalid '{path}': {value} is not between {least} and {most}.", path)

    return check


def an_integer(least: int, most: int) -> Check:
    """A whole number in a range."""
    in_range = a_number(least, most)

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(path, "an integer", value)
        in_range(value, path)

    return check


def a_string(pattern: str | None = None) -> Check:
    """A string, of a form if given."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(path, "a string", value)
        if pattern is not None and not re.fullmatch(pattern, value):
            raise EventError("invalid_value", f"Invalid '{path}': does not match {pattern}.", path)

    return check


def a_bool(value: Any, path: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean", value)


def anything(_value: Any, _path: str) -> None:
    """No demand."""


def a_json_object(value: Any, path: str) -> None:
    """Any object."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)


def missing(path: str) -> EventError:
    """The refusal of a parameter that is not there."""
    return EventError("missing_required_parameter", f"Missing required parameter: '{path}'.", path)


def wrong_type(path: str, wanted: str, value: Any) -> EventError:
    """The refusal of a value of another type."""
    return EventError("invalid_type", f"Invalid type for '{path}': expected {wanted}, but got {value!r:.60}.", path)


def bad_value(path: str, value: Any, allowed: Collection[Any]) -> EventError:
    """The refusal of a value that is none of those allowed."""
    shown = ", ".join(repr(each) for each in allowed)
    return EventError("invalid_value", f"Invalid value: {value!r:.60}. Supported values are: {shown}.", path)
