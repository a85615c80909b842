"""Voices for students and for AVA, and ears that recognise every clip by its frames.

Clips are made by espeak-ng once per process and kept, since its output differs a little from run to run (stack.md).
On a bit-exact µ-law path each 20 ms frame of a clip is nearly unique, so hearing is a look-up of frames and
not recognition of speech: what was heard, and how much of it, is exact.
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
_KEPT_CLIPS = 800
_FEWEST_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Clip:
    """Something said: its words, its µ-law sound in whole frames, and those frames as base64 ready to send."""

    text: str
    voice: str
    ulaw: bytes
    frames: tuple[bytes, ...]
    payloads: tuple[str, ...]
    loud: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip found in some sound: the share of its spoken frames, and where in the sound and the clip it began."""

    clip: Clip
    fraction: float
    at_ms: float
    from_frame: int


class Speech:
    """The clips of this process, by words and voice, and the index of their frames. Safe to use from threads."""

    def __init__(self) -> None:
        self._clips: OrderedDict[tuple[str, str, bool], Clip] = OrderedDict()
        self._index: dict[bytes, list[tuple[Clip, int]]] = {}
        self._lock = threading.RLock()
        self._pinned: set[tuple[str, str, bool]] = set()

    def clip(self, text: str, voice: str, *, beep: bool = False, keep: bool = False) -> Clip:
        """The clip of `text`, made now if it is new (a few milliseconds). `beep` adds the tone of a voicemail."""
        key = (text, voice, beep)
        with self._lock:
            if keep:
                self._pinned.add(key)
            known = self._clips.get(key)
            if known is not None:
                self._clips.move_to_end(key)
                return known
        made = _clip(text, voice, beep)
        with self._lock:
            if key in self._clips:
                return self._clips[key]
            self._clips[key] = made
            for place, frame in enumerate(made.frames):
                if audio.loudness(frame) > _LOUD:
                    self._index.setdefault(frame, []).append((made, place))
            self._forget_oldest()
        return made

    async def speak(self, text: str, voice: str, *, beep: bool = False) -> Clip:
        """`clip`, in a thread, so that calls keep their pace."""
        with self._lock:
            known = self._clips.get((text, voice, beep))
        if known is not None:
            return known
        return await asyncio.to_thread(self.clip, text, voice, beep=beep)

    def recognise(self, ulaw: bytes) -> tuple[Heard, ...]:
        """Every clip of which at least three spoken frames are in `ulaw`, in the order in which they began.

        A sound that does not start on a frame of the clip is aligned first, so re-framing by the product does no harm.
        """
        with self._lock:
            found = self._match(ulaw, 0)
            if not found:
                shift = self._alignment(ulaw)
                found = self._match(ulaw[shift:], shift) if shift else []
        return tuple(sorted(found, key=lambda heard: heard.at_ms))

    def _match(self, ulaw: bytes, shift: int) -> list[Heard]:
        sound = [ulaw[at : at + audio.FRAME_BYTES] for at in range(0, len(ulaw), audio.FRAME_BYTES)]
        open_places = {place for place, frame in enumerate(sound) if frame in self._index}
        found: list[Heard] = []
        while open_places:
            votes = Counter(
                (id(clip), index - place) for place in open_places for clip, index in self._index[sound[place]]
            )
            (best, offset), hits = votes.most_common(1)[0]
            if hits < _FEWEST_FRAMES:
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
            found.append(Heard(owner, min(1.0, hits / owner.loud), at_ms, first + offset))
            open_places -= set(range(first, max(places) + 1))
        return found

    def _alignment(self, ulaw: bytes) -> int:
        """How many bytes to skip so that frames of `ulaw` fall on frames of a clip; 0 if nothing is known in it."""
        for at in range(0, len(ulaw) - audio.FRAME_BYTES, 4 * audio.FRAME_BYTES):
            window = ulaw[at : at + audio.FRAME_BYTES]
            if audio.loudness(window) <= _LOUD:
                continue
            for clip in self._clips.values():
                place = clip.ulaw.find(window)
                if place >= 0:
                    return (at - place) % audio.FRAME_BYTES
        return 0

    def _forget_oldest(self) -> None:
        for key in list(self._clips):
            if len(self._clips) <= _KEPT_CLIPS:
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
    """The one voice box of this process: students and model must share it to understand each other."""
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
    """The same person's voice, reading Devanagari."""
    return "hi" + voice[voice.find("+") :] if "+" in voice else "hi"


def _shorten_pauses(cut: list[bytes]) -> list[bytes]:
    """Take silence off both ends and keep pauses short, so that no voice detector ends a turn inside a sentence."""
    kept: list[bytes] = []
    pause: list[bytes] = []
    for frame in cut:
        if audio.loudness(frame) > _LOUD:
            kept += pause[:_MAX_PAUSE_FRAMES] if kept else []
            pause = []
            kept.append(frame)
        else:
            pause.append(frame)
    return kept


def _beep() -> bytes:
    time = np.arange(audio.RATE * 6 // 10) / audio.RATE
    return audio.ulaw_encode((np.sin(2 * np.pi * 1004 * time) * 9000).astype(np.int16))


class _Espeak:
    """The espeak-ng library. It holds one state for the whole process, hence the lock around each sentence."""

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
        """The sound of `text` and its sample rate."""
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
