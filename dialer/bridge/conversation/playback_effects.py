"""What goes down the line to the student besides AVA's own sound: a clip, or an end to what is playing. Pure."""

from dialer.bridge.conversation.effects import Effect, PlayClip, SendClear, SendMark, SendToVoice
from dialer.bridge.conversation.playback import Playback
from dialer.bridge.conversation.transcript import OURS, Transcript
from dialer.bridge.prompts.loader import Clip
from dialer.voices.port import Truncate


def play(clip: Clip, playback: Playback, transcript: Transcript, stream_ms: int) -> list[Effect]:
    """Send a sentence of our own, after what is queued; it counts as said by AVA."""
    item, saves = transcript.clip(clip, stream_ms)
    playback.add(item, clip.size, stream_ms)
    mark = playback.due_mark(item_ended=True)
    return [PlayClip(clip), *([SendMark(mark, ends=True)] if mark else []), *saves]


def interrupt(playback: Playback, transcript: Transcript, stream_ms: int, *, tell: bool) -> list[Effect]:
    """Stop what is playing: first at the phone, then, if the voice is to be told, in the model's memory."""
    if not playback.is_playing(stream_ms):
        return []
    effects: list[Effect] = [SendClear()]
    for cut in playback.cut(stream_ms):
        if tell and not cut.item.startswith(OURS):  # the voice knows nothing of what we said ourselves
            effects.append(SendToVoice(Truncate(cut.item, cut.heard_ms)))
        effects += transcript.cut(cut.item, cut.heard_ms)
    return effects
