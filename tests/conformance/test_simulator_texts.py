"""The text models as the world plays them: what they say, what they call, and what each of them refuses."""

import json
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
from openai import AsyncOpenAI

from dialer.simulator.faults import Fault
from dialer.simulator.people.scripted_model import OPENING, QUESTIONS
from dialer.simulator.people.students import BY_ENDING, CANADA, ENGAGED
from dialer.simulator.world import World, WorldSettings, simulated_world

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}
SHOWN = {"name": "save_enquiry", "description": "Save.", "parameters": SCHEMA}
BEGIN = "[Instruction of the house: begin.]"


class Asking:
    """How one provider is asked, and where its answer stands."""

    path = ""
    model = ""
    headers: Mapping[str, str]

    def body(self, *said: str) -> dict[str, Any]:
        messages = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(said)]
        tools = [{"type": "function", "function": SHOWN}]
        return {"model": self.model, "messages": messages, "tools": tools}

    def url(self, world: World, *, stream: bool) -> str:
        return world.anthropic_url + self.path

    def streaming(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "stream": True}

    def sent(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as it goes over the wire."""
        return body

    def answered(self, body: dict[str, Any], answer: dict[str, Any], output: str) -> dict[str, Any]:
        """The next request, with the answer of a tool in it."""
        message = answer["choices"][0]["message"]
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": output}
        return {**body, "messages": [*body["messages"], message, result]}

    def with_tools(self, body: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """The body with the one tool of `body` under each of these names."""
        one = json.dumps(body["tools"])
        tools = [tool for name in names for tool in json.loads(one.replace("save_enquiry", name))]
        if "functionDeclarations" in tools[0]:
            tools = [{"functionDeclarations": [each for tool in tools for each in tool["functionDeclarations"]]}]
        return {**body, "tools": tools}

    def calls(self, answer: dict[str, Any]) -> bool:
        """Whether the answer is a tool call."""
        told = json.dumps(answer)
        return any(
            sign in told for sign in ('"tool_use", "id"', '"tool_calls": [', '"function_call"', '"functionCall"')
        )

    def text(self, answer: dict[str, Any]) -> str:
        return str(answer["choices"][0]["message"]["content"])

    def call(self, answer: dict[str, Any]) -> tuple[str, Any]:
        function = answer["choices"][0]["message"]["tool_calls"][0]["function"]
        return function["name"], json.loads(function["arguments"])

    def streamed(self, events: list[dict[str, Any]]) -> str:
        return "".join(each["choices"][0]["delta"].get("content") or "" for each in events if each["choices"])

    def says(self, error: dict[str, Any]) -> str:
        return str(error["error"]["message"])


class OpenAi(Asking):
    path, model = "/v1/chat/completions", "gpt-4.1-mini"
    headers = MappingProxyType({"Authorization": "Bearer sk-simulated"})


class Responses(Asking):
    path, model = "/v1/responses", "gpt-4.1-mini"
    headers = MappingProxyType({"Authorization": "Bearer sk-simulated"})

    def body(self, *said: str) -> dict[str, Any]:
        told = super().body(*said)
        return {"model": self.model, "messages": told["messages"], "tools": [{"type": "function", **SHOWN}]}

    def sent(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"input" if name == "messages" else name: value for name, value in body.items()}

    def answered(self, body: dict[str, Any], answer: dict[str, Any], output: str) -> dict[str, Any]:
        call = answer["output"][0]
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        return {**body, "messages": [*body["messages"], call, result]}

    def text(self, answer: dict[str, Any]) -> str:
        return str(answer["output"][0]["content"][0]["text"])

    def call(self, answer: dict[str, Any]) -> tuple[str, Any]:
        return answer["output"][0]["name"], json.loads(answer["output"][0]["arguments"])

    def streamed(self, events: list[dict[str, Any]]) -> str:
        return "".join(each["delta"] for each in events if each["type"] == "response.output_text.delta")


class HuggingFace(Asking):
    path, model = "/hf/v1/chat/completions", "Qwen/Qwen3-32B:example"
    headers = MappingProxyType({"Authorization": "Bearer hf_simulated"})

    def says(self, error: dict[str, Any]) -> str:
        return str(error["error"] if isinstance(error["error"], str) else error["error"]["message"])


class CohereChat(Asking):
    path, model = "/v2/chat", "command-a-03-2025"
    headers = MappingProxyType({"Authorization": "Bearer co-simulated"})

    def answered(self, body: dict[str, Any], answer: dict[str, Any], output: str) -> dict[str, Any]:
        message = answer["message"]
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": output}
        return {**body, "messages": [*body["messages"], message, result]}

    def text(self, answer: dict[str, Any]) -> str:
        return str(answer["message"]["content"][0]["text"])

    def call(self, answer: dict[str, Any]) -> tuple[str, Any]:
        function = answer["message"]["tool_calls"][0]["function"]
        return function["name"], json.loads(function["arguments"])

    def streamed(self, events: list[dict[str, Any]]) -> str:
        told = [each["delta"]["message"]["content"]["text"] for each in events if each["type"] == "content-delta"]
        return "".join(told)

    def says(self, error: dict[str, Any]) -> str:
        return str(error["message"])


class Claude(Asking):
    path, model = "/v1/messages", "claude-haiku-4-5"
    headers = MappingProxyType({"x-api-key": "sk-ant-simulated", "anthropic-version": "2023-06-01"})

    def body(self, *said: str) -> dict[str, Any]:
        tools = [{"name": "save_enquiry", "input_schema": SCHEMA}]
        return {**super().body(*said), "tools": tools, "max_tokens": 300, "system": "You are AVA."}

    def answered(self, body: dict[str, Any], answer: dict[str, Any], output: str) -> dict[str, Any]:
        result = {"type": "tool_result", "tool_use_id": answer["content"][0]["id"], "content": output}
        more = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [result]}]
        return {**body, "messages": [*body["messages"], *more]}

    def text(self, answer: dict[str, Any]) -> str:
        return str(answer["content"][0]["text"])

    def call(self, answer: dict[str, Any]) -> tuple[str, Any]:
        return answer["content"][0]["name"], answer["content"][0]["input"]

    def streamed(self, events: list[dict[str, Any]]) -> str:
        return "".join(each["delta"]["text"] for each in events if each["type"] == "content_block_delta")


class GeminiText(Asking):
    path, model = "/v1beta/models/", "gemini-3-flash-preview"
    headers = MappingProxyType({"x-goog-api-key": "AIza-simulated"})

    def body(self, *said: str) -> dict[str, Any]:
        contents = [{"role": ("user", "model")[at % 2], "parts": [{"text": text}]} for at, text in enumerate(said)]
        return {"contents": contents, "tools": [{"functionDeclarations": [SHOWN]}], "model": self.model}

    def url(self, world: World, *, stream: bool) -> str:
        method = ":streamGenerateContent?alt=sse" if stream else ":generateContent"
        return world.gemini_url + self.path + self.model + method

    def streaming(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def answered(self, body: dict[str, Any], answer: dict[str, Any], output: str) -> dict[str, Any]:
        content = answer["candidates"][0]["content"]
        call = content["parts"][0]["functionCall"]
        response = {"id": call["id"], "name": call["name"], "response": json.loads(output)}
        result = {"role": "user", "parts": [{"functionResponse": response}]}
        return {**body, "contents": [*body["contents"], content, result]}

    def text(self, answer: dict[str, Any]) -> str:
        return str(answer["candidates"][0]["content"]["parts"][0]["text"])

    def call(self, answer: dict[str, Any]) -> tuple[str, Any]:
        call = answer["candidates"][0]["content"]["parts"][0]["functionCall"]
        return call["name"], call["args"]

    def streamed(self, events: list[dict[str, Any]]) -> str:
        return "".join(map(self.text, events))


EVERYBODY = [Claude(), OpenAi(), Responses(), HuggingFace(), CohereChat(), GeminiText()]
everybody = pytest.mark.parametrize("asking", EVERYBODY, ids=lambda each: type(each).__name__)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20)) as made:
        yield made


class Client:
    def __init__(self, world: World, http: aiohttp.ClientSession, asking: Asking) -> None:
        self._world, self._http, self._asking = world, http, asking

    async def ask(self, body: dict[str, Any], status: int = 200, **headers: str) -> dict[str, Any]:
        url = self._asking.url(self._world, stream=False)
        async with self._http.post(
            url, json=self._asking.sent(body), headers={**self._asking.headers, **headers}
        ) as answer:
            told: dict[str, Any] = await answer.json()
            assert answer.status == status, told
            return told

    async def stream(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        url = self._asking.url(self._world, stream=True)
        async with self._http.post(
            url, json=self._asking.streaming(self._asking.sent(body)), headers=self._asking.headers
        ) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            lines = (await answer.text()).split("\n")
        told = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [json.loads(line) for line in told if line != "[DONE]"]


@pytest.fixture
def client(world: World, http: aiohttp.ClientSession, asking: Asking) -> Client:
    return Client(world, http, asking)


# What is said


@everybody
async def test_ava_opens_the_call_when_she_is_told_to_begin(client: Client, asking: Asking) -> None:
    assert asking.text(await client.ask(asking.body(BEGIN))) == OPENING


@everybody
async def test_the_words_come_in_pieces_that_make_the_whole(client: Client, asking: Asking) -> None:
    events = await client.stream(asking.body(BEGIN))
    assert asking.streamed(events) == OPENING
    assert len(events) > 4


@everybody
async def test_words_in_quotation_marks_are_said_as_they_are(client: Client, asking: Asking) -> None:
    body = asking.body(BEGIN, OPENING, f'{CANADA.text} [Instruction of the house: say "One moment, please."]')
    assert asking.text(await client.ask(body)) == "One moment, please."


@everybody
async def test_a_tool_is_called_on_what_was_heard_and_its_words_are_said(
    client: Client, asking: Asking, world: World
) -> None:
    body = asking.body(BEGIN, OPENING, ENGAGED.text)
    answer = await client.ask(body)
    name, arguments = asking.call(answer)
    assert (name, arguments["name"]) == ("save_enquiry", "Priya")
    after = await client.ask(asking.answered(body, answer, '{"saved": {}, "say": "Lovely, Priya."}'))
    assert asking.text(after) == "Lovely, Priya."
    tool = world.ledger.services[0].tools[0]
    assert (tool.name, tool.output is not None) == ("save_enquiry", True)
    assert not world.ledger.refusals


@everybody
async def test_a_whole_call_is_held_from_the_first_word_to_the_last(
    client: Client, asking: Asking, world: World
) -> None:
    """Student 0 books a meeting; every request carries the whole history, as the real services want it."""
    answers = {
        "save_enquiry": {"saved": {}, "say": "Noted."},
        "find_slots": {"slots": [{"slot": "s1", "starts": "", "say": ""}], "say": "Would ten o'clock suit you?"},
        "hold_slot": {"held": True, "say": "Ten o'clock. Shall I book it?"},
        "book_slot": {"booked": True, "say": "It is booked."},
        "end_call": {"ending": True, "say": "Goodbye."},
    }
    body = asking.with_tools(asking.body(BEGIN), list(answers))
    key = "contents" if "contents" in body else "messages"
    called = []
    for said in [None, *(line.text for line in BY_ENDING["0"].lines)]:
        if said is not None:
            body[key] = [*body[key], asking.body(said)[key][0]]
        answer = await client.ask(body)
        while asking.calls(answer):
            name, _ = asking.call(answer)
            called.append(name)
            body = asking.answered(body, answer, json.dumps(answers[name]))
            answer = await client.ask(body)
        body[key] = [*body[key], asking.body("", asking.text(answer))[key][1]]
    assert called == [*["save_enquiry"] * 3, "find_slots", "hold_slot", "book_slot", "end_call"]
    assert asking.text(answer) == "Goodbye."
    assert not world.ledger.refusals


@everybody
async def test_a_sentence_that_was_cut_in_the_middle_is_still_understood(client: Client, asking: Asking) -> None:
    answer = await client.ask(asking.body(BEGIN, OPENING, "yes hello my name is priya my cousin"))
    assert asking.call(answer)[0] == "save_enquiry"


@everybody
async def test_no_question_is_asked_twice(client: Client, asking: Asking) -> None:
    body = asking.body(BEGIN, OPENING, "[Go on.]", QUESTIONS[0], "[Go on.]")
    assert asking.text(await client.ask(body)) == QUESTIONS[1]


@everybody
async def test_a_tool_call_can_be_streamed(client: Client, asking: Asking, world: World) -> None:
    events = await client.stream(asking.body(ENGAGED.text))
    assert "save_enquiry" in json.dumps(events)
    assert world.ledger.services[-1].tools[0].name == "save_enquiry"


# Who is turned away


@everybody
async def test_a_wrong_key_is_refused(client: Client, asking: Asking, world: World) -> None:
    wrong = {name: value + "x" for name, value in asking.headers.items() if name != "anthropic-version"}
    error = await client.ask(asking.body(BEGIN), 400 if isinstance(asking, GeminiText) else 401, **wrong)
    assert asking.says(error)
    assert world.ledger.refusals
    assert not world.ledger.services


@everybody
async def test_an_unknown_model_is_refused(client: Client, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(asking), "model", "somebody-9")
    error = await client.ask(asking.body(BEGIN), 400 if isinstance(asking, HuggingFace) else 404)
    assert "somebody-9" in asking.says(error)


@everybody
async def test_a_tool_whose_schema_is_none_is_refused(client: Client, asking: Asking) -> None:
    body = json.loads(json.dumps(asking.body(BEGIN)).replace('"type": "string"', '"type": "words"'))
    await client.ask(body, 400)


@everybody
async def test_a_body_without_messages_is_refused(client: Client, asking: Asking) -> None:
    body = asking.body(BEGIN)
    await client.ask({**body, ("contents" if "contents" in body else "messages"): []}, 400)


@everybody
@pytest.mark.parametrize("broken", ["{", '"words"', "[]", '{"model": 5, "messages": 5, "contents": 5, "tools": 5}'])
async def test_a_body_that_is_no_request_is_refused_and_breaks_nothing(
    world: World, http: aiohttp.ClientSession, asking: Asking, broken: str
) -> None:
    async with http.post(asking.url(world, stream=False), data=broken, headers=asking.headers) as answer:
        assert 400 <= answer.status < 500
        assert asking.says(await answer.json())


@everybody
@pytest.mark.parametrize("key", ["tools", "messages", "contents", "temperature", "generationConfig"])
@pytest.mark.parametrize("value", [5, "words", [5], [{}], {"a": 1}])
async def test_whatever_stands_at_a_key_is_answered_and_breaks_nothing(
    world: World, http: aiohttp.ClientSession, asking: Asking, key: str, value: object
) -> None:
    body = {**asking.sent(asking.body(BEGIN)), key: value}
    async with http.post(asking.url(world, stream=False), json=body, headers=asking.headers) as answer:
        assert answer.status < 500, await answer.text()


@everybody
async def test_a_call_without_its_result_is_refused_and_a_result_without_its_call(
    client: Client, asking: Asking
) -> None:
    body = asking.body(ENGAGED.text)
    after = asking.answered(body, await client.ask(body), "{}")
    key = "contents" if "contents" in after else "messages"
    said, call, result = after[key]
    await client.ask({**after, key: [said, result]}, 400)
    await client.ask({**after, key: [said, call, said]}, 400)
    await client.ask({**after, key: [said, call, result]})


@everybody
async def test_too_many_requests_are_told_when_to_come_back(
    world: World, http: aiohttp.ClientSession, asking: Asking
) -> None:
    world.faults.add(Fault("text", "refuse", status=429, retry_after=3))
    url = asking.url(world, stream=False)
    async with http.post(url, json=asking.sent(asking.body(BEGIN)), headers=asking.headers) as answer:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "3"


@everybody
async def test_a_stream_can_break_in_the_middle(client: Client, asking: Asking, world: World) -> None:
    world.faults.add(Fault("text", "drop"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.stream(asking.body(BEGIN))
    world.faults.add(Fault("text", "failed"))
    assert "failed by a fault rule" in json.dumps(await client.stream(asking.body(BEGIN)))


# What one of them alone refuses


@pytest.mark.parametrize("asking", [Claude()])
@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": None},
        {"max_tokens": 0},
        {"surprise": 1},
        {"temperature": 1.5},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]},
        {"messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi."}]},
        {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]},
        {"messages": [{"role": "system", "content": "You are AVA."}, {"role": "user", "content": "Hi."}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": ""}]}]},
    ],
)
async def test_anthropic_refuses_what_its_interface_does_not_take(
    client: Client, asking: Asking, change: dict[str, Any]
) -> None:
    error = await client.ask({**asking.body(BEGIN), **change}, 400)
    assert error["error"]["type"] == "invalid_request_error"


async def test_anthropic_wants_to_know_which_version_is_meant(world: World, http: aiohttp.ClientSession) -> None:
    asking = Claude()
    key = {"x-api-key": "sk-ant-simulated"}
    async with http.post(asking.url(world, stream=False), json=asking.body(BEGIN), headers=key) as answer:
        assert answer.status == 400
        assert "anthropic-version" in asking.says(await answer.json())


@pytest.mark.parametrize("asking", [Claude()])
async def test_anthropics_newer_version_takes_no_temperature_any_more(client: Client, asking: Asking) -> None:
    body = {**asking.body(BEGIN), "temperature": 0.5}
    assert asking.text(await client.ask(body)) == OPENING
    assert "temperature" in asking.says(await client.ask(body, 400, **{"anthropic-version": "2026-10-21"}))


@pytest.mark.parametrize("asking", [Claude()])
async def test_a_token_of_a_bearer_is_a_key_as_well(world: World, http: aiohttp.ClientSession, asking: Asking) -> None:
    for key, status in (("sk-ant-simulated", 200), ("sk-other", 401)):
        headers = {"Authorization": f"Bearer {key}", "anthropic-version": "2026-10-21"}
        async with http.post(asking.url(world, stream=False), json=asking.body(BEGIN), headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("asking", [Claude()])
async def test_anthropic_tells_its_events_in_order(client: Client, asking: Asking) -> None:
    kinds = [event["type"] for event in await client.stream(asking.body(BEGIN)) if event["type"] != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


@pytest.mark.parametrize("asking", [Claude()])
async def test_an_answer_ends_where_its_bound_is(client: Client, asking: Asking) -> None:
    answer = await client.ask({**asking.body(BEGIN), "max_tokens": 5})
    assert answer["stop_reason"] == "max_tokens"
    assert OPENING.startswith(asking.text(answer).strip())


@pytest.mark.parametrize("asking", [OpenAi()])
@pytest.mark.parametrize(
    "change",
    [
        {"stream_options": {"include_usage": True}},
        {"temperature": 3},
        {"model": "gpt-5-mini", "max_tokens": 10},
        {"messages": [{"role": "nobody", "content": "Hi."}]},
        {"messages": [{"role": "assistant", "content": None}]},
        {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "{}"}]},
    ],
)
async def test_openai_refuses_what_its_interface_does_not_take(
    client: Client, asking: Asking, change: dict[str, Any]
) -> None:
    error = await client.ask({**asking.body(BEGIN), **change}, 400)
    assert error["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("asking", [CohereChat()])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"surprise": 1}, 422),
        ({"tool_choice": "auto"}, 400),
        ({"messages": [{"role": "user", "content": ""}]}, 400),
        ({"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]}, 400),
    ],
)
async def test_cohere_refuses_what_its_interface_does_not_take(
    client: Client, asking: Asking, change: dict[str, Any], status: int
) -> None:
    assert await client.ask({**asking.body(BEGIN), **change}, status)


@pytest.mark.parametrize("asking", [GeminiText()])
async def test_gemini_wants_the_signature_of_its_thought_back(client: Client, asking: Asking) -> None:
    body = asking.body(ENGAGED.text)
    after = asking.answered(body, await client.ask(body), "{}")
    del after["contents"][-2]["parts"][0]["thoughtSignature"]
    assert "thought_signature" in asking.says(await client.ask(after, 400))


@pytest.mark.parametrize("asking", [GeminiText()])
@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"contents": [{"role": "user", "parts": []}]},
        {"contents": [{"role": "system", "parts": [{"text": "Hi."}]}]},
        {"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {}}}]}]},
    ],
)
async def test_gemini_refuses_what_its_interface_does_not_take(
    client: Client, asking: Asking, change: dict[str, Any]
) -> None:
    error = await client.ask({**asking.body(BEGIN), **change}, 400)
    assert error["error"]["status"] == "INVALID_ARGUMENT"


# Which models there are


@everybody
async def test_a_model_that_is_there_is_told_of_and_another_is_not(
    world: World, http: aiohttp.ClientSession, asking: Asking
) -> None:
    if isinstance(asking, HuggingFace):
        async with http.get(f"{world.hf_url}/models", headers=asking.headers) as answer:
            assert "Qwen/Qwen3-32B" in {page["id"] for page in (await answer.json())["data"]}
        return
    base = world.gemini_url + "/v1beta" if isinstance(asking, GeminiText) else world.openai_url
    for model, status in ((asking.model, 200), ("somebody-9", 404)):
        async with http.get(f"{base}/models/{model}", headers=asking.headers) as answer:
            assert answer.status == status
            told = await answer.json()
            name = str(told.get("id") or told.get("name"))
            assert (name.removeprefix("models/") == asking.model) is (status == 200)


async def test_the_vendors_own_package_understands_the_stream(world: World) -> None:
    async with AsyncOpenAI(api_key="sk-simulated", base_url=world.openai_url, max_retries=0) as openai:
        stream = await openai.chat.completions.create(
            model="gpt-4.1-mini",
            messages=[{"role": "user", "content": BEGIN}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == OPENING
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > chunks[-1].usage.completion_tokens > 0


async def test_a_response_can_be_gone_on_with_by_its_id(world: World) -> None:
    async with AsyncOpenAI(api_key="sk-simulated", base_url=world.openai_url, max_retries=0) as openai:
        tools: Any = [{"type": "function", "name": "save_enquiry", "parameters": SCHEMA, "strict": False}]
        async with openai.responses.stream(model="gpt-4.1-mini", input=ENGAGED.text, tools=tools) as stream:
            kinds = [event.type async for event in stream]
            first = await stream.get_final_response()
        call = first.output[0]
        assert call.type == "function_call"
        told: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": '{"say": "Lovely."}'}]
        after = await openai.responses.create(
            model="gpt-4.1-mini", input=told, tools=tools, previous_response_id=first.id
        )
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert after.output_text == "Lovely."
