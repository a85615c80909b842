"""The tools as the model sees them (design.md §7): names, arguments and what they are for.

The same pydantic models make the JSON schema for the voice and check what the model sends.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from dialer.voices.port import ToolSpec

MAX_CHARS = 500


def _plain(value: object) -> object:
    """Words as they can be stored: a wish not to be called counts however long it is said."""
    return value.replace("\0", "").strip()[:MAX_CHARS] if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_plain), StringConstraints(strip_whitespace=True, min_length=1)]


class Arguments(BaseModel):
    """Refuses what the tool does not know, so that nothing is lost silently."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SaveEnquiry(Arguments):
    """Write down what the student just said about themselves and their plans, in their own words. Call it as soon as you hear any of it, with only what is new or corrected."""

    name: Words | None = None
    inspiration: Words | None = Field(None, description="why they want to study abroad")
    country: Words | None = Field(None, description="preferred country or countries")
    course: Words | None = Field(None, description="course or subject")
    intake: Words | None = Field(None, description="when they want to start")
    budget: Words | None = Field(None, description="what they can spend, with currency and period if said")
    funding: Words | None = Field(None, description="whether a scholarship, loan or other funding is needed")
    qualification: Words | None = Field(None, description="latest qualification")
    grades: Words | None = None
    english_test: Words | None = Field(None, description="IELTS, TOEFL or other, and the score")
    career_goal: Words | None = None
    preferences: Words | None = Field(None, description="city, campus, certain universities")
    email: Words | None = Field(None, description="their e-mail address, as they said it")


class FindSlots(Arguments):
    """Find free times for a meeting with a One Window expert. Offer only what it returns."""

    day: Words | None = Field(
        None, description="YYYY-MM-DD in the student's own time zone; leave out if they named none"
    )
    part_of_day: Literal["morning", "afternoon", "evening"] | None = None


class HoldSlot(Arguments):
    """Hold one of the offered times for a few minutes, then read back what it says and ask if it is right."""

    slot: Words = Field(description="the slot's token from find_slots")


class BookSlot(Arguments):
    """Book the held time after the student agreed to it."""

    slot: Words = Field(description="the same token that was held")


class CallBack(Arguments):
    """Promise to call back at another time, because they cannot talk now."""

    when: Words = Field(description="local date and time (ISO) or their words, such as 'after 6 tomorrow'")
    ask_for: Words | None = Field(None, description="the person to ask for, if not the student")


class OptOut(Arguments):
    """They do not want to be called again. Call it at once, whatever the words were."""

    words: Words = Field(description="what they said")


class Transfer(Arguments):
    """They want to speak to a person now."""

    reason: Words


class EndCall(Arguments):
    """End the call after your goodbye, with how it went."""

    outcome: Literal["not_interested", "wrong_person", "qualified", "call_later", "voicemail", "other"]
    reason: Words | None = Field(None, description="in a few words; 'minor' or 'driving' where that is why")


TOOLS: dict[str, type[Arguments]] = {
    "save_enquiry": SaveEnquiry,
    "find_slots": FindSlots,
    "hold_slot": HoldSlot,
    "book_slot": BookSlot,
    "call_back": CallBack,
    "opt_out": OptOut,
    "transfer": Transfer,
    "end_call": EndCall,
}


def specs() -> tuple[ToolSpec, ...]:
    """Every tool, for a voice's set-up: plain JSON schemas without references."""
    return tuple(ToolSpec(name, (model.__doc__ or "").strip(), _schema(model)) for name, model in TOOLS.items())


def _schema(model: type[Arguments]) -> dict[str, object]:
    """The model's schema, with optional fields as absent instead of null, and without pydantic's titles."""
    fields: dict[str, object] = {}
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        kinds = [kind for kind in field.pop("anyOf", []) if kind.get("type") != "null"]
        merged = {**(kinds[0] if kinds else {}), **field}
        fields[name] = {
            key: value for key, value in merged.items() if key not in ("title", "default", "maxLength", "minLength")
        }
    return {
        "type": "object",
        "properties": fields,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }
