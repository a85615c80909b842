"""Every server event of OpenAI's GA interface that means nothing to a phone call, and why (openai-realtime.md §4).

What is neither here nor read by `openai_realtime` is unknown: ignored, and said once a call.
"""

from collections.abc import Mapping

TOLD_ELSEWHERE = "an event that is read says the same"
NOT_ASKED_FOR = "comes only where a client asks for it, which this one does not"
NOT_ON_A_WEBSOCKET = "belongs to WebRTC and SIP"

IGNORED: Mapping[str, str] = {
    "conversation.created": "a session has one conversation",
    "conversation.item.created": "the Beta's name for item.added, still in the GA union",
    "conversation.item.done": TOLD_ELSEWHERE,
    "conversation.item.truncated": "our own record was cut when the truncation was asked for",
    "conversation.item.deleted": NOT_ASKED_FOR,
    "conversation.item.retrieved": NOT_ASKED_FOR,
    "conversation.item.input_audio_transcription.delta": "the whole transcript follows",
    "conversation.item.input_audio_transcription.segment": NOT_ASKED_FOR,
    "input_audio_buffer.cleared": NOT_ASKED_FOR,
    "input_audio_buffer.timeout_triggered": "silence is counted by the bridge, which knows what was played",
    "input_audio_buffer.dtmf_event_received": NOT_ON_A_WEBSOCKET,
    "output_audio_buffer.started": NOT_ON_A_WEBSOCKET,
    "output_audio_buffer.stopped": NOT_ON_A_WEBSOCKET,
    "output_audio_buffer.cleared": NOT_ON_A_WEBSOCKET,
    "response.output_item.added": "an item counts when it is whole",
    "response.content_part.added": TOLD_ELSEWHERE,
    "response.content_part.done": TOLD_ELSEWHERE,
    "response.output_audio.done": "what was sent is counted, and response.done ends the answer",
    "response.output_text.delta": "answers are asked for in sound only",
    "response.output_text.done": "answers are asked for in sound only",
    "response.function_call_arguments.delta": "a call is run when its item is done",
    "response.function_call_arguments.done": "also comes for calls that were cut; output_item.done says which are whole",
    "mcp_list_tools.in_progress": NOT_ASKED_FOR,
    "mcp_list_tools.completed": NOT_ASKED_FOR,
    "mcp_list_tools.failed": NOT_ASKED_FOR,
    "response.mcp_call_arguments.delta": NOT_ASKED_FOR,
    "response.mcp_call_arguments.done": NOT_ASKED_FOR,
    "response.mcp_call.in_progress": NOT_ASKED_FOR,
    "response.mcp_call.completed": NOT_ASKED_FOR,
    "response.mcp_call.failed": NOT_ASKED_FOR,
}
