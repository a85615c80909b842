"""A talk as a text model is told it: its sides in turn, results right after their calls, what was cut as it was heard."""

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

from dialer.voices.pipeline.chat_history import NOT_KNOWN, ChatHistory, Sentence, ToolCallEntry
from dialer.voices.pipeline.llm.agent import ANSWERED, GO_ON, messages_of, usage_of


def sides(messages: list[ModelMessage]) -> list[list[str]]:
    """What stands in each message: `user:…`, `ava:…`, a tool's call or result."""
    return [[_said(part) for part in message.parts] for message in messages]


def _said(part: object) -> str:
    match part:
        case UserPromptPart(content):
            return f"user: {content}"
        case TextPart(content):
            return f"ava: {content}"
        case ToolCallPart(name, tool_call_id=native):
            return f"call: {name} {native}"
        case ToolReturnPart(name, content, tool_call_id=native):
            return f"result: {name} {native} {content}"
        case other:
            return type(other).__name__


def native(*words: str) -> ModelResponse:
    """An answer as the library gave it: thought about, signed, with a call of a tool."""
    return ModelResponse(
        parts=[
            ThinkingPart("hm", signature="sig"),
            *(TextPart(each) for each in words),
            ToolCallPart("find_slots", "{}", tool_call_id="n1", provider_details={"thought_signature": "s"}),
        ],
        provider_name="google",
        model_name="gemini",
    )


def test_the_instructions_stand_with_every_request_and_the_student_s_words_in_their_order() -> None:
    history = ChatHistory()
    history.add_system("Say hello.")
    answer = history.add_assistant("a1")
    answer.sentences.append(Sentence("Hello.", 800))
    history.add_user("Hi.")
    history.add_user("Who is this?")
    messages = messages_of("You are AVA.", history.entries)
    assert sides(messages) == [
        ["user: [Instruction of the house, not words of the student: Say hello.]"],
        ["ava: Hello."],
        ["user: Hi.", "user: Who is this?"],
    ]
    requests = [each for each in messages if isinstance(each, ModelRequest)]
    assert [each.instructions for each in requests] == ["You are AVA."] * 2


def test_a_talk_begins_and_ends_with_the_user_s_side() -> None:
    history = ChatHistory()
    history.replay("a1", "ava", "Hello.")
    history.replay("a2", "ava", "Are you there?")
    told = sides(messages_of("x", history.entries))
    assert told == [
        [f"user: {ANSWERED}"],
        ["ava: Hello."],
        [f"user: {GO_ON}"],
        ["ava: Are you there?"],
        [f"user: {GO_ON}"],
    ]
    assert sides(messages_of("x", [])) == [[f"user: {GO_ON}"]]


def test_results_come_right_after_their_calls_whatever_was_said_meanwhile() -> None:
    history = ChatHistory()
    history.add_user("When?")
    answer = history.add_assistant("a1")
    answer.calls += [ToolCallEntry("c1", "n1", "find_slots", "{}"), ToolCallEntry("c2", "n2", "save_enquiry", "{}")]
    history.add_user("Tomorrow would be good.")
    history.add_tool_result("c1", '{"slots":[]}')
    assert sides(messages_of("x", history.entries)) == [
        ["user: When?"],
        ["call: find_slots n1", "call: save_enquiry n2"],
        [
            'result: find_slots n1 {"slots":[]}',
            f"result: save_enquiry n2 {NOT_KNOWN}",
            "user: Tomorrow would be good.",
        ],
    ]


def test_an_answer_heard_whole_goes_back_as_it_came_and_one_that_was_cut_keeps_its_signed_calls() -> None:
    history = ChatHistory()
    history.add_user("When?")
    answer = history.add_assistant("a1")
    answer.response = native("One moment.", "I will look.")
    answer.sentences += [Sentence("One moment.", 8000), Sentence("I will look.", 8000)]
    answer.calls.append(ToolCallEntry("c1", "n1", "find_slots", "{}"))
    history.add_tool_result("c1", "{}")
    whole = messages_of("x", history.entries)[1]
    assert whole is answer.response
    history.cut("a1", 1000)
    cut = messages_of("x", history.entries)[1]
    assert sides([cut]) == [["ava: One moment.", "call: find_slots n1"]]
    assert cut.parts[1] is answer.response.parts[-1]


def test_what_was_read_from_a_cache_is_counted_apart() -> None:
    usage = RequestUsage(input_tokens=100, cache_read_tokens=60, output_tokens=7)
    assert usage_of(usage) == {"text_in": 40, "text_cached": 60, "text_out": 7}
    assert usage_of(RequestUsage()) == {}
