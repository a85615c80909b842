"""Synthesizes the clips of students and AVA with espeak-ng, and recognizes clips by their frames.

Clips are synthesized once per process and cached, because espeak-ng's output varies slightly between runs. On a
bit-exact µ-law path each 20 ms frame of a clip is nearly unique, so recognition is a frame lookup: what was heard, and
how much of it, is exact.
"""

import asyncio
import base64
import ctypes
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np

from dialer.audio import ulaw as audio
from dialer.domain.speech.text_normalize import is_devanagari

STUDENT_VOICE = "en-us"
AVA_VOICE = "en-us+f3"

_LOUD = 150.0
_MAX_PAUSE_FRAMES = 8
_MAX_CLIPS = 800
_MIN_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Clip:
    """A synthesized text: its µ-law audio, its 20 ms frames, and those frames in base64, ready to send."""

    text: str
    voice: str
    ulaw: bytes
    frames: tuple[bytes, ...]
    payloads: tuple[str, ...]
    loud: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip recognized in audio: the share of its voiced frames, and where it began in the audio and in the clip."""

    clip: Clip
    fraction: float
    at_ms: float
    from_frame: int


class Speech:
    """Cache of clips by text and voice, and an index of their frames. Thread-safe."""

    def __init__(self) -> None:
        self._clips: OrderedDict[tuple[str, str, bool], Clip] = OrderedDict()
        self._index: dict[bytes, list[tuple[Clip, int]]] = {}
        self._lock = threading.RLock()
        self._pinned: set[tuple[str, str, bool]] = set()

    def clip(self, text: str, voice: str, *, beep: bool = False, keep: bool = False) -> Clip:
        """Return the clip of `text`, synthesizing it if needed (a few milliseconds).

        `beep` appends a voicemail tone; `keep` exempts the clip from eviction.
        """
        key = (text, voice, beep)
        with self._lock:
            if keep:
                self._pinned.add(key)
            cached = self._clips.get(key)
            if cached is not None:
                self._clips.move_to_end(key)
                return cached
        clip = _clip(text, voice, beep)
        with self._lock:
            if key in self._clips:
                return self._clips[key]
            self._clips[key] = clip
            for place, frame in enumerate(clip.frames):
                if audio.loudness(frame) > _LOUD:
                    self._index.setdefault(frame, []).append((clip, place))
            self._evict_oldest()
        return clip

    async def speak(self, text: str, voice: str, *, beep: bool = False) -> Clip:
        """Return `clip`, synthesized in a thread so that the event loop is not blocked."""
        with self._lock:
            cached = self._clips.get((text, voice, beep))
        if cached is not None:
            return cached
        return await asyncio.to_thread(self.clip, text, voice, beep=beep)

    def recognise(self, ulaw: bytes) -> tuple[Heard, ...]:
        """Return every clip with at least three voiced frames in `ulaw`, in order of their start.

        Audio that is not frame-aligned with the clip is aligned first, so the product may re-frame it.
        """
        with self._lock:
            clips = self._match(ulaw, 0)
            if not clips:
                shift = self._alignment(ulaw)
                clips = self._match(ulaw[shift:], shift) if shift else []
        return tuple(sorted(clips, key=lambda heard: heard.at_ms))

    def _match(self, ulaw: bytes, shift: int) -> list[Heard]:
        sound = [ulaw[at : at + audio.FRAME_BYTES] for at in range(0, len(ulaw), audio.FRAME_BYTES)]
        open_places = {place for place, frame in enumerate(sound) if frame in self._index}
        clips: list[Heard] = []
        while open_places:
            votes = Counter(
                (id(clip), index - place) for place in open_places for clip, index in self._index[sound[place]]
            )
            (best, offset), hits = votes.most_common(1)[0]
            if hits < _MIN_FRAMES:
                break
            places, owner = [], None
            for place in open_places:
                for clip, index in self._index[sound[place]]:
                    if id(clip) == best and index - place == offset:
                        places.append(place)
                        owner = clip
            assert owner is not None
            first = min(places)
            at_ms = first * audio.FRAME_MS + shift / audio.BYTES_PER_MS
            clips.append(Heard(owner, min(1.0, hits / owner.loud), at_ms, first + offset))
            open_places -= set(range(first, max(places) + 1))
        return clips

    def _alignment(self, ulaw: bytes) -> int:
        """Return how many bytes to skip to align `ulaw` with the frames of a clip; 0 if no clip is recognized."""
        for at in range(0, len(ulaw) - audio.FRAME_BYTES, 4 * audio.FRAME_BYTES):
            window = ulaw[at : at + audio.FRAME_BYTES]
            if audio.loudness(window) <= _LOUD:
                continue
            for clip in self._clips.values():
                place = clip.ulaw.find(window)
                if place >= 0:
                    return (at - place) % audio.FRAME_BYTES
        return 0

    def _evict_oldest(self) -> None:
        for key in list(self._clips):
            if len(self._clips) <= _MAX_CLIPS:
                return
            if key in self._pinned:
                continue
            clip = self._clips.pop(key)
            for frame in set(clip.frames) & self._index.keys():
                left = [entry for entry in self._index[frame] if entry[0] is not clip]
                if left:
                    self._index[frame] = left
                else:
                    del self._index[frame]


@cache
def process_speech() -> Speech:
    """Return the process-wide cache: students and models must share it to recognize each other's clips."""
    return Speech()


def _clip(text: str, voice: str, beep: bool) -> Clip:
    pcm, rate = _espeak().synthesise(text, _in_hindi(voice) if is_devanagari(text) else voice)
    spoken = audio.resample(pcm, rate, audio.RATE).astype(np.float64)
    loudest = float(np.abs(spoken).max()) if len(spoken) else 0.0
    if loudest:
        spoken *= 20000 / loudest
    cut = _shorten_pauses(audio.frames(audio.ulaw_encode(spoken.astype(np.int16))))
    if beep:
        cut += [audio.SILENCE_FRAME] * 12 + audio.frames(_beep())
    return Clip(
        text=text,
        voice=voice,
        ulaw=b"".join(cut),
        frames=tuple(cut),
        payloads=tuple(base64.b64encode(frame).decode() for frame in cut),
        loud=max(1, sum(audio.loudness(frame) > _LOUD for frame in cut)),
    )


def _in_hindi(voice: str) -> str:
    """Return the Hindi voice with the same espeak variant, for text in Devanagari."""
    return "hi" + voice[voice.find("+") :] if "+" in voice else "hi"


def _shorten_pauses(cut: list[bytes]) -> list[bytes]:
    """Trim silence at both ends and shorten pauses, so that no VAD ends a turn within a sentence."""
    trimmed: list[bytes] = []
    pause: list[bytes] = []
    for frame in cut:
        if audio.loudness(frame) > _LOUD:
            trimmed += pause[:_MAX_PAUSE_FRAMES] if trimmed else []
            pause = []
            trimmed.append(frame)
        else:
            pause.append(frame)
    return trimmed


def _beep() -> bytes:
    time = np.arange(audio.RATE * 6 // 10) / audio.RATE
    return audio.ulaw_encode((np.sin(2 * np.pi * 1004 * time) * 9000).astype(np.int16))


class _Espeak:
    """The espeak-ng library. Its state is global to the process, hence the lock around each synthesis."""

    _RETRIEVAL = 1
    _UTF8 = 1
    _NO_EXIT = 0x8000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: list[bytes] = []
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = int(self._library.espeak_Initialize(self._RETRIEVAL, 0, data, self._NO_EXIT))
        if self._rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        shape = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = shape(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, voice: str) -> tuple[audio.Pcm, int]:
        """Return the PCM of `text` and its sample rate."""
        with self._lock:
            self._pieces = []
            if self._library.espeak_SetVoiceByName(voice.encode()):
                raise ValueError(f"no such voice: {voice}")
            raw = text.encode() + b"\0"
            if self._library.espeak_Synth(raw, len(raw), 0, 0, 0, self._UTF8, None, None):
                raise RuntimeError("espeak-ng refused the text")
            self._library.espeak_Synchronize()
            return audio.pcm_from_bytes(b"".join(self._pieces)), self._rate

    def _take(self, wave: "ctypes._Pointer[ctypes.c_short]", samples: int, _events: int) -> int:
        if wave and samples > 0:
            self._pieces.append(ctypes.string_at(wave, samples * 2))
        return 0


@cache
def _espeak() -> _Espeak:
    return _Espeak()
