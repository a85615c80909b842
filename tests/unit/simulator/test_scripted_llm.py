"""What the simulated text models make of a history: every student's line is known, cut or not, and nothing said twice."""

import unicodedata

import pytest

from dialer.simulator.people.scripted_model import OPENING, QUESTIONS, CallTool, Say
from dialer.simulator.people.students import CANADA, CONFIRM, ENGAGED, FIRST_ONE, LINES, MEET, NEXT_YEAR
from dialer.simulator.providers.llm.schema import fault_in_schema
from dialer.simulator.providers.llm.scripted_llm import Called, FromModel, FromUser, Past, Result, lines_in, next_reply

TOOLS = ("save_enquiry", "find_slots", "hold_slot", "book_slot", "end_call")
BEGIN = FromUser("[Begin the call.]")


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_known_by_its_words_however_they_are_written(line: str) -> None:
    plain = "".join(each for each in line if each == "'" or not unicodedata.category(each).startswith("P")).lower()
    assert lines_in(line) == lines_in(plain) == [line]


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_which_most_was_heard_is_known(line: str) -> None:
    words = line.split()
    assert lines_in(" ".join(words[: max(3, len(words) * 6 // 10)])) == [line]


@pytest.mark.parametrize("first", LINES)
def test_two_lines_in_one_turn_are_both_known_in_their_order(first: str) -> None:
    for second in LINES:
        assert first == second or lines_in(f"{first} {second}") == [first, second]


def test_words_that_nobody_says_are_no_line() -> None:
    assert lines_in("the weather is nice over there") == []
    assert next_reply([BEGIN, FromModel(OPENING), FromUser("the weather is nice")], TOOLS) == Say(
        "Sorry, I did not catch that. Could you say it again?"
    )


def test_ava_opens_where_nothing_was_said_yet() -> None:
    assert next_reply([], TOOLS) == next_reply([BEGIN], TOOLS) == Say(OPENING)


def test_a_student_who_speaks_first_is_answered_rather_than_greeted() -> None:
    assert isinstance(next_reply([BEGIN, FromUser(CANADA.text)], TOOLS), CallTool)


def test_an_instruction_beside_the_students_words_is_told_apart_from_them() -> None:
    history = [BEGIN, FromModel(OPENING), FromUser(f'{CANADA.text} [Say "One moment."]')]
    assert next_reply(history, TOOLS) == Say("One moment.")
    assert isinstance(next_reply([*history, FromModel("One moment."), FromUser("[Go on.]")], TOOLS), CallTool)


def test_a_tool_that_is_not_offered_is_not_called() -> None:
    assert next_reply([FromUser(CANADA.text)], ()) == Say(CANADA.answer)


def test_a_question_that_was_asked_is_not_asked_again_even_if_it_was_cut() -> None:
    history: list[Past] = [BEGIN, FromModel(OPENING), FromUser("[Go on.]"), FromModel(QUESTIONS[0][:20])]
    assert next_reply([*history, FromUser("[Go on.]")], TOOLS) == Say(QUESTIONS[1])


def test_a_whole_booking_is_gone_through_from_history_alone() -> None:
    history: list[Past] = [BEGIN, FromModel(OPENING)]
    answers = {
        "save_enquiry": '{"saved": {}, "say": "Noted."}',
        "find_slots": '{"slots": [{"slot": "s1"}], "say": "Ten o\'clock?"}',
        "hold_slot": '{"held": true, "say": "Shall I book it?"}',
        "book_slot": '{"booked": true, "say": "It is booked."}',
    }
    called: list[tuple[str, dict[str, str]]] = []
    for line in (ENGAGED, CANADA, NEXT_YEAR, MEET, FIRST_ONE, CONFIRM):
        history.append(FromUser(line.text))
        while isinstance(act := next_reply(history, TOOLS), CallTool):
            called.append((act.name, dict(act.arguments)))
            call = Called(f"call_{len(called)}", act.name, act.arguments)
            history += [FromModel("", (call,)), Result(call.call_id, answers[act.name])]
        history.append(FromModel(act.text))
    assert [name for name, _ in called] == [*["save_enquiry"] * 3, "find_slots", "hold_slot", "book_slot"]
    assert called[-1] == ("book_slot", {"slot": "s1"})
    assert history[-1] == FromModel("It is booked.")


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"type": "words"}, "schema.type"),
        ({"type": "object", "properties": []}, "schema.properties"),
        ({"type": "object", "required": "name"}, "schema.required"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "schema.properties.a"),
        ({"type": "string", "enum": []}, "schema.enum"),
        ({"anyOf": [{"type": "null"}, {"type": "none"}]}, "schema.anyOf[1]"),
        ("object", "schema"),
    ],
)
def test_the_first_fault_of_a_schema_is_named_with_its_place(schema: object, at: str) -> None:
    fault = fault_in_schema(schema, "schema")
    assert fault is not None
    assert fault.startswith(at)


def test_a_schema_without_fault_has_none() -> None:
    inner = {"type": ["string", "null"], "enum": ["a"]}
    assert fault_in_schema({"type": "object", "properties": {"a": inner}, "required": ["a"]}, "schema") is None
