"""The tools as the model sees them, and what of its arguments is believed."""

import json
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from dialer.ava.tool_schemas import TOOLS, EndCall, FindSlots, SaveEnquiry, specs

PROMISED = {
    "save_enquiry": (
        *("name", "inspiration", "country", "course", "intake", "budget", "funding", "qualification", "grades"),
        *("english_test", "career_goal", "preferences", "email"),
    ),
    "find_slots": ("day", "part_of_day"),
    "hold_slot": ("slot",),
    "book_slot": ("slot",),
    "call_back": ("when", "ask_for"),
    "opt_out": ("words",),
    "transfer": ("reason",),
    "end_call": ("outcome", "reason"),
}
REQUIRED = {
    "save_enquiry": [],
    "find_slots": [],
    "hold_slot": ["slot"],
    "book_slot": ["slot"],
    "call_back": ["when"],
    "opt_out": ["words"],
    "transfer": ["reason"],
    "end_call": ["outcome"],
}
SMALLEST = {
    **{name: dict.fromkeys(fields, "x") for name, fields in REQUIRED.items()},
    "end_call": {"outcome": "other"},
}


def _schemas(value: object) -> Iterator[dict[str, object]]:
    """Every object of a JSON schema that describes something, without the names of the fields."""
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            for each in inner.values() if key == "properties" and isinstance(inner, dict) else [inner]:
                yield from _schemas(each)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


def test_the_model_has_the_eight_promised_tools_with_the_promised_arguments() -> None:
    seen = {spec.name: tuple(spec.parameters["properties"]) for spec in specs()}
    assert seen == PROMISED
    assert {spec.name: spec.parameters["required"] for spec in specs()} == REQUIRED


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.name)
def test_a_tool_is_described_in_a_plain_schema(spec: object) -> None:
    tool = next(each for each in specs() if each == spec)
    assert tool.description
    assert tool.parameters["type"] == "object"
    assert tool.parameters["additionalProperties"] is False
    for schema in _schemas(tool.parameters):
        assert not {"$ref", "$defs", "title", "anyOf", "default", "null"} & set(schema)
    assert all(field["type"] == "string" for field in tool.parameters["properties"].values())
    json.dumps(tool.parameters)


def test_closed_choices_are_told_to_the_model() -> None:
    tools = {spec.name: spec.parameters["properties"] for spec in specs()}
    assert tools["find_slots"]["part_of_day"]["enum"] == ["morning", "afternoon", "evening"]
    assert tools["end_call"]["outcome"]["enum"] == [
        *("not_interested", "wrong_person", "qualified", "call_later", "voicemail", "other")
    ]


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_takes_what_it_needs_and_refuses_what_it_does_not_know(name: str) -> None:
    given = SMALLEST[name]
    TOOLS[name].model_validate_json(json.dumps(given))
    with pytest.raises(ValidationError, match="extra"):
        TOOLS[name].model_validate_json(json.dumps({**given, "call_id": "x"}))
    for needed in given:
        with pytest.raises(ValidationError, match="Field required"):
            TOOLS[name].model_validate_json(json.dumps({key: given[key] for key in given if key != needed}))


@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", "5", '"x"', '{"outcome": 5}', '{"outcome": "booked"}'])
def test_arguments_that_are_not_what_was_asked_for_are_refused(arguments: str) -> None:
    with pytest.raises(ValidationError):
        EndCall.model_validate_json(arguments)


def test_words_are_trimmed_and_neither_empty_nor_endless() -> None:
    assert SaveEnquiry.model_validate_json('{"country": "  Canada "}').country == "Canada"
    assert FindSlots.model_validate_json('{"day": null}').day is None
    for words in ("", "   "):
        with pytest.raises(ValidationError):
            SaveEnquiry.model_validate_json(json.dumps({"country": words}))
    for length in (500, 501, 5000):
        cut = SaveEnquiry.model_validate_json(json.dumps({"country": "x" * length})).country
        assert cut == "x" * 500, "a wish is kept, however long it is said"
