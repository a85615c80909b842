"""Schemas of the OpenAI Realtime API (GA): session, response and items, key by key.

`SESSION`, `TRANSCRIPTION`, `RESPONSE` and `ITEM` validate one object each; rules across objects are in `config`.
"""

from collections.abc import Mapping

from dialer.simulator.realtime.checks import (
    Check,
    a_bool,
    a_json_object,
    a_list,
    a_number,
    a_string,
    an_integer,
    an_object,
    anything,
    by_type,
    either,
    one_of,
    or_null,
)

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
_TRANSCRIBERS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-realtime-whisper",
)
_LATEST = 10 * 60 * 1000

_type = anything
_format = by_type(
    {
        "audio/pcm": an_object({"type": _type, "rate": one_of(24000)}),
        "audio/pcmu": an_object({"type": _type}),
        "audio/pcma": an_object({"type": _type}),
    }
)
_voice = either(an_object({"id": a_string("voice_.+")}, ("id",)), one_of(*VOICES))
_turns = {"type": _type, "create_response": a_bool, "interrupt_response": a_bool}
_turn_detection = by_type(
    {
        "server_vad": an_object(
            _turns
            | {
                "threshold": a_number(0, 1),
                "prefix_padding_ms": an_integer(0, _LATEST),
                "silence_duration_ms": an_integer(0, _LATEST),
                "idle_timeout_ms": or_null(an_integer(1, _LATEST)),
            }
        ),
        "semantic_vad": an_object(_turns | {"eagerness": one_of("low", "medium", "high", "auto")}),
    }
)
_transcription = an_object(
    {
        "model": one_of(*_TRANSCRIBERS),
        "language": a_string("[a-z]{2,3}"),
        "languages": a_list(a_string("[a-z]{2,3}")),
        "prompt": a_string(),
        "keywords": a_list(a_string()),
        "delay": one_of("minimal", "low", "medium", "high", "xhigh"),
    }
)
_noise = an_object({"type": one_of("near_field", "far_field"), "strength": a_number(0, 1)})
_input = an_object(
    {
        "format": _format,
        "transcription": or_null(_transcription),
        "noise_reduction": or_null(_noise),
        "turn_detection": or_null(_turn_detection),
    }
)
_tool = by_type(
    {
        "function": an_object(
            {
                "type": _type,
                "name": a_string("[a-zA-Z0-9_-]{1,64}"),
                "description": a_string(),
                "parameters": a_json_object,
            },
            ("name",),
        ),
        "mcp": an_object(
            dict.fromkeys(
                (
                    "type",
                    "server_label",
                    "server_url",
                    "connector_id",
                    "authorization",
                    "headers",
                    "allowed_tools",
                    "require_approval",
                    "server_description",
                    "defer_loading",
                ),
                anything,
            ),
            ("server_label",),
        ),
    }
)
_tool_choice = either(
    an_object({"type": one_of("function"), "name": a_string()}, ("type", "name")),
    an_object({"type": one_of("mcp"), "server_label": a_string(), "name": a_string()}, ("type", "server_label")),
    one_of("auto", "none", "required"),
)
_tokens = either(one_of("inf"), an_integer(1, 4096))
_modalities = a_list(one_of("audio", "text"), most=1)
_reasoning = an_object({"effort": one_of("minimal", "low", "medium", "high", "xhigh")})
_prompt = an_object({"id": a_string(), "version": a_string(), "variables": a_json_object}, ("id",))
_shared: Mapping[str, Check] = {
    "output_modalities": _modalities,
    "instructions": a_string(),
    "tools": a_list(_tool),
    "tool_choice": _tool_choice,
    "parallel_tool_calls": a_bool,
    "reasoning": or_null(_reasoning),
    "max_output_tokens": _tokens,
    "prompt": or_null(_prompt),
}
_truncation = either(
    an_object(
        {
            "type": one_of("retention_ratio"),
            "retention_ratio": a_number(0, 1),
            "token_limits": or_null(an_object({"post_instructions": an_integer(0, 10**6)})),
        },
        ("type", "retention_ratio"),
    ),
    one_of("auto", "disabled"),
)
_tracing = either(
    an_object({"workflow_name": a_string(), "group_id": a_string(), "metadata": a_json_object}), one_of("auto", None)
)
SESSION = an_object(
    {
        **_shared,
        "type": one_of("realtime"),
        "model": a_string(),
        "audio": an_object(
            {
                "input": _input,
                "output": an_object({"format": _format, "voice": _voice, "speed": a_number(0.25, 1.5)}),
            }
        ),
        "truncation": _truncation,
        "tracing": _tracing,
        "include": or_null(a_list(one_of("item.input_audio_transcription.logprobs"))),
    }
)
TRANSCRIPTION = an_object(
    {
        "type": one_of("transcription"),
        "audio": an_object({"input": _input}),
        "include": or_null(a_list(one_of("item.input_audio_transcription.logprobs"))),
    }
)
_content = by_type(
    {
        "input_text": an_object({"type": _type, "text": a_string()}, ("text",)),
        "input_audio": an_object({"type": _type, "audio": a_string(), "transcript": or_null(a_string())}, ("audio",)),
        "input_image": an_object({"type": _type, "image_url": a_string(), "detail": a_string()}, ("image_url",)),
        "output_text": an_object({"type": _type, "text": a_string()}, ("text",)),
        "output_audio": an_object({"type": _type, "transcript": or_null(a_string()), "audio": a_string()}),
    }
)
_item_fields: Mapping[str, Check] = {
    "type": _type,
    "id": a_string(".{1,64}"),
    "object": one_of("realtime.item"),
    "status": one_of("in_progress", "completed", "incomplete"),
}
ITEM = by_type(
    {
        "message": an_object(
            {**_item_fields, "role": one_of("user", "assistant", "system"), "content": a_list(_content)},
            ("role", "content"),
        ),
        "function_call": an_object(
            {**_item_fields, "name": a_string(), "call_id": a_string(), "arguments": a_string()}, ("name", "arguments")
        ),
        "function_call_output": an_object(
            {**_item_fields, "call_id": a_string(), "output": a_string()}, ("call_id", "output")
        ),
        "item_reference": an_object({"type": _type, "id": a_string()}, ("id",)),
    }
)
CONTENT_OF = {
    "user": {"input_text", "input_audio", "input_image"},
    "system": {"input_text"},
    "assistant": {"output_text", "output_audio"},
}
RESPONSE = an_object(
    {
        **_shared,
        "audio": an_object({"output": an_object({"format": _format, "voice": _voice})}),
        "conversation": one_of("auto", "none"),
        "metadata": or_null(a_json_object),
        "input": a_list(ITEM),
    }
)
